"""Whatever the bytes, a reader gives a dataset or one sentence: at least two thousand damaged files of every format."""

import gzip
import io
import json
import warnings
import zipfile

import edfio
import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import anomaly
from anomaly.domain.exceptions import AnomalyError

FRAME = pd.DataFrame(
    {
        "time": pd.date_range("2025-03-01", periods=24, freq="10min").strftime("%d/%m/%Y %H:%M"),
        "flow [l/min]": np.round(np.sin(np.arange(24)), 4),
        "mode": np.where(np.arange(24) % 3, "auto", "manual"),
        "level": np.arange(24) % 5,
    }
)


def bytes_of(write: object) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(buffer)
    return buffer.getvalue()


def zipped(content: bytes) -> bytes:
    def write(buffer: io.BytesIO) -> None:
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a/pump.csv", content)

    return bytes_of(write)


CSV = FRAME.to_csv(index=False).encode()
LONG = FRAME.drop(columns="mode").melt("time", var_name="variable", value_name="value").to_csv(index=False).encode()
SEEDS = {
    "csv": CSV,
    "long csv": LONG,
    "decimal comma": FRAME.to_csv(index=False, sep=";", decimal=",").encode("utf-16"),
    "with remarks": b"# logger 4\nStation;;\n" + FRAME.to_csv(index=False, sep=";").encode("latin-1"),
    "json": FRAME.to_json(orient="records").encode(),
    "jsonl": "\n".join(map(json.dumps, FRAME.to_dict("records"))).encode(),
    "gzip": gzip.compress(CSV),
    "zip": zipped(CSV),
    "npy": bytes_of(lambda buffer: np.save(buffer, FRAME[["flow [l/min]", "level"]].to_numpy())),
    "npz": bytes_of(lambda buffer: np.savez(buffer, a=np.arange(9.0), b=np.ones(9))),
    "parquet": bytes_of(lambda buffer: FRAME.to_parquet(buffer)),
    "feather": bytes_of(lambda buffer: FRAME.to_feather(buffer)),
    "xlsx": bytes_of(lambda buffer: FRAME.to_excel(buffer, index=False)),
    "ods": bytes_of(lambda buffer: FRAME.to_excel(buffer, index=False, engine="odf")),
    "edf": bytes_of(lambda buffer: edfio.Edf([edfio.EdfSignal(np.sin(np.arange(200.0)), 20, label="A")]).write(buffer)),
}
NASTY = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"'", b"\n\n", b"\r", b",", b";", b"\t", b"=1+1", b"<b>", b"1e400",
    b"-inf", b"NaN", b"0000-00-00", b"9999-12-31", b"99999999999999999999", b"\xe2\x80\xae", b"\xf0\x9f\x92\xa5", b"PK",
    b"{",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sound file of some format, then cut, changed, doubled, or with something nasty put in."""
    content = bytearray(SEEDS[draw(st.sampled_from(sorted(SEEDS)))])
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        match draw(st.integers(0, 4)):
            case 0:
                content[place : place + 1] = bytes([draw(st.integers(0, 255))])
            case 1:
                content[place:place] = draw(st.sampled_from(NASTY))
            case 2:
                del content[place:]
            case 3:
                del content[place : place + draw(st.integers(1, 40))]
            case 4:
                content[place:place] = content[place : place + draw(st.integers(1, 200))]
    return bytes(content)


@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged())
def test_a_damaged_file_is_a_dataset_or_one_sentence(content: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            dataset = anomaly.read(content, name="pump.csv")
        except AnomalyError as error:
            assert "\n" not in str(error).strip() and "Traceback" not in str(error)
            return
    assert dataset.steps >= 2 and all(len(one.values) == len(one.times) for one in dataset.series)
