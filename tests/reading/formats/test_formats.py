"""Formats beside CSV: the same table from each, and one sentence for what is broken."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.domain.exceptions import DataError
from anomaly.pipeline import read
from anomaly.reading.formats.files import read_table, read_tables

FRAME = pd.DataFrame(
    {
        "time": pd.date_range("2025-03-01", periods=30, freq="10min"),
        "flow": np.round(np.sin(np.arange(30)), 6),
        "running": np.arange(30) % 2 == 0,
        "count": np.arange(30),
    }
)
FRAME.loc[4, "flow"] = np.nan
CSV = FRAME.assign(running=FRAME["running"].astype(int)).to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S").encode()


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    def write(buffer: io.BytesIO) -> None:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name.replace("__", "/").replace("_csv", ".csv"), content)

    return written(write)


LEVELS = FRAME[["flow", "count"]].set_axis(FRAME["time"])
LEVELS.columns = pd.MultiIndex.from_tuples([("a", "flow"), ("b", "count")])
ROWS = json.loads(FRAME.to_json(orient="records", date_format="iso"))
FORMATS = {
    "pump.csv.gz": gzip.compress(CSV),
    "pump.zip": zipped(pump_csv=CSV),
    "pump.parquet": written(lambda buffer: FRAME.to_parquet(buffer)),
    "indexed.parquet": written(lambda buffer: FRAME.set_index("time").to_parquet(buffer)),
    "pump.feather": written(lambda buffer: FRAME.to_feather(buffer)),
    "pump.json": json.dumps(ROWS).encode(),
    "columns.json": json.dumps({name: [row[name] for row in ROWS] for name in FRAME}).encode(),
    "split.json": FRAME.to_json(orient="split", date_format="iso", index=False).encode(),
    "counted.json": FRAME.to_json(orient="index", date_format="iso").encode(),
    "plain.json": FRAME.to_json(date_format="iso").encode(),
    "table.json": FRAME.to_json(orient="table", index=False).encode(),
    "key.json": json.dumps({"station": "pump 4", "count": 30, "rows": ROWS}).encode(),
    "lists.json": json.dumps({"id": 4, "all": {name: [row[name] for row in ROWS] for name in FRAME}}).encode(),
    "rows.json": json.dumps([list(FRAME), *([row[name] for name in FRAME] for row in ROWS)]).encode(),
    "pump.jsonl": "\n".join(map(json.dumps, ROWS)).encode(),
    "twice.csv.gz": gzip.compress(CSV[:200]) + gzip.compress(CSV[200:]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_dataset_of_the_csv(name: str) -> None:
    expected, found = read(CSV, name="pump.csv"), read(FORMATS[name], name=name)
    assert (found.columns, found.time_axis.kind, found.name) == (
        expected.columns,
        "timestamp",
        name.partition(".")[0],
    )
    np.testing.assert_array_equal(found.series[0].times, expected.series[0].times)
    np.testing.assert_array_equal(found.series[0].values, expected.series[0].values)
    np.testing.assert_array_equal(found.series[0].context, expected.series[0].context)


def test_the_files_of_a_zip_are_records_and_what_a_system_adds_is_none(tmp_path: Path) -> None:
    content = zipped(b_csv=CSV, a__a_csv=CSV, **{"__MACOSX__._a_csv": b"\0junk", "._b_csv": b"\0"})
    (tmp_path / "pumps.zip").write_bytes(content)
    dataset = read(tmp_path / "pumps.zip")
    assert [series.name for series in dataset.series] == ["a", "b"]


README = b"Pump data, measured in March.\n\nColumns:\n  time, local\n  flow, in l/min; 2 decimals\n"


def test_files_of_one_name_in_several_folders_of_a_zip_are_called_by_their_folders(tmp_path: Path) -> None:
    path, rows = tmp_path / "plant.zip", b"time,x\n" + b"".join(b"%d,%d.5\n" % (n, n % 7) for n in range(40))
    with zipfile.ZipFile(path, "w") as archive:
        for member in ("export/hall 1/fan/data.csv", "export/hall 2/fan/data.csv", "export/hall 2/pump.csv"):
            archive.writestr(member, rows)
    assert [one.name for one in read(path).series] == ["hall 1 fan data", "hall 2 fan data", "hall 2 pump"]


@pytest.mark.parametrize("other", [README, b"%PDF-1.7\n\0\1\2" * 9, b"Free to use\n", b"a,b\nc,d\ne,f\n"])
def test_what_holds_no_table_beside_tables_in_a_zip_is_passed_over_and_said(other: bytes) -> None:
    dataset = read(zipped(a_csv=CSV, b_csv=CSV, **{"README.txt": other}), name="pumps.zip")
    assert [series.name for series in dataset.series] == ["a", "b"]
    assert "pumps: 'README.txt' holds no table: passed over" in map(str, dataset.repairs)


@pytest.mark.parametrize("broken", [CSV.replace(b"T02:", b'"T'), CSV + b"1,2\n" * 9, FORMATS["pump.parquet"][:-20]])
def test_data_that_cannot_be_read_in_a_zip_is_never_passed_over(broken: bytes) -> None:
    with pytest.raises(DataError, match=r"^b\b"):
        read(zipped(a_csv=CSV, b_csv=broken), name="pumps.zip")


def test_a_zip_without_any_table_is_one_sentence() -> None:
    with pytest.raises(DataError, match="README"):
        read(zipped(**{"README.txt": README}), name="pumps.zip")


def test_arrays_are_channels() -> None:
    values = np.random.default_rng(0).random((50, 3))
    dataset = read(written(lambda buffer: np.save(buffer, values)), name="x.npy")
    assert dataset.monitored == ("channel_1", "channel_2", "channel_3")
    np.testing.assert_array_equal(dataset.series[0].values, values)
    content = written(lambda buffer: np.savez_compressed(buffer, flow=values[:, 0], level=values[:, 1]))
    assert read(content, name="x.npz").monitored == ("flow", "level")


def test_arrays_whose_columns_share_a_name_are_all_kept() -> None:
    pair, single = np.arange(20.0).reshape(10, 2), np.arange(10.0) + 100
    table = read_table(written(lambda buffer: np.savez(buffer, a=pair, a_2=single)), "x.npz")
    assert list(table.frame) == ["a_1", "a_2", "a_2 2"]
    assert table.frame["a_2"].tolist() == pair[:, 1].tolist() and table.frame["a_2 2"].tolist() == single.tolist()
    assert "'a_2' as 'a_2 2'" in str(table.repairs[0])


@pytest.mark.parametrize("orient", ["index", "columns", "split"])
@pytest.mark.parametrize("form", ["iso", "epoch"])
def test_an_index_of_times_in_json_is_a_column(orient: str, form: str) -> None:
    content = FRAME.set_index("time").to_json(orient=orient, date_format=form, date_unit="ms").encode()
    expected, found = read(CSV, name="pump.csv"), read(content, name="pump.json")
    assert (found.columns.time, found.monitored) == ("index", expected.monitored)
    np.testing.assert_array_equal(found.series[0].values, expected.series[0].values)
    times = expected.series[0].times.astype("datetime64[ms]").astype(int)
    np.testing.assert_array_equal(
        found.series[0].times.astype("datetime64[ms]" if form == "iso" else int).astype(int), times
    )


BROKEN = {
    "cut.csv.gz": (gzip.compress(CSV)[:-30], "cut off"),
    "flipped.gz": (b"\x1f\x8b" + b"\xff" * 40, "no sound gzip archive"),
    "cut.zip": (zipped(a_csv=CSV)[:-40], "no sound zip archive"),
    "empty.zip": (zipped(a__=b""), "empty"),
    "cut.parquet": (FORMATS["pump.parquet"][:-20], "no sound Parquet file"),
    "fake.parquet": (b"PAR1" + CSV, "no sound Parquet file"),
    "cut.feather": (FORMATS["pump.feather"][:100], "no sound Feather file"),
    "nested.parquet": (written(pd.DataFrame({"a": [[1], [2, 3]]}).to_parquet), "holds lists or records"),
    "cut.npy": (written(lambda buffer: np.save(buffer, np.arange(9)))[:-8], "no sound NumPy file"),
    "objects.npy": (written(lambda buffer: np.save(buffer, np.array([{}], object))), "no sound NumPy file"),
    "cube.npy": (written(lambda buffer: np.save(buffer, np.zeros((2, 2, 2)))), "expected arrays of numbers"),
    "uneven.npz": (written(lambda b: np.savez(b, a=np.arange(3), b=np.arange(4))), "of one length"),
    "cut.json": (FORMATS["pump.json"][:-10], "line 1: expected JSON"),
    "bad.jsonl": (b'{"a": 1}\n{"a": 2}\n{"a": ', "line 3: expected JSON"),
    "numbers.json": (b"[1, 2, 3]", "expected a list of records"),
    "uneven.json": (b'{"a": [1, 2], "b": [1]}', "of one length"),
    "nested.json": (json.dumps([{"a": list(range(20))}] * 2).encode(), "holds lists or records"),
    "deep.json": (b"[" * 100_000, "nested too deeply"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_said_in_one_sentence(name: str) -> None:
    content, said = BROKEN[name]
    with pytest.raises(DataError) as caught:
        read_tables(content, name)
    assert said in str(caught.value) and name.partition(".")[0] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_encrypted_zip_is_refused() -> None:
    content = bytearray(zipped(a_csv=CSV))
    for header in (b"PK\x03\x04", b"PK\x01\x02"):
        content[content.index(header) + (6 if header.endswith(b"\x04") else 8)] |= 1
    with pytest.raises(DataError, match="is encrypted"):
        read_tables(bytes(content), "locked.zip")


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(a_csv=content)])
def test_a_small_archive_of_a_huge_file_is_refused_before_it_is_unpacked(
    pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anomaly.reading.formats.budget.MOST_BYTES", 10_000_000)
    with pytest.raises(DataError, match="unpacks to more than"):
        read_tables(pack(b"0\n" * 10_000_000), "bomb.gz")


def test_a_file_that_holds_several_tables_is_refused_where_one_is_expected() -> None:
    with pytest.raises(DataError, match="expected one"):
        read_table(zipped(a_csv=CSV, b_csv=CSV), "two.zip")


def test_rows_without_names_are_channels() -> None:
    assert list(read_table(b"[[1, 2], [3, 4], [5, 7]]", "x.json").frame) == ["channel_1", "channel_2"]


def test_what_stands_beside_the_table_of_an_object_is_named() -> None:
    (note,) = read_table(FORMATS["key.json"], "x.json").repairs
    assert str(note) == "x: the table under 'rows' is read; passed over: 'station', 'count'"


@pytest.mark.parametrize("kind", ["parquet", "json"])
def test_a_column_of_lists_is_left_out_and_said(kind: str) -> None:
    frame = FRAME.assign(parts=[[1, 2]] * 30, where=[{"a": 1}] * 30)
    content = written(frame.to_parquet) if kind == "parquet" else frame.to_json(orient="records").encode()
    dataset = read(content, name=f"pump.{kind}")
    assert dataset.monitored == ("flow", "count")
    left = "pump: 'parts', 'where' hold lists or records, not one number in each cell: left out"
    # What JSON nests becomes columns, where it is regular.
    assert left in map(str, dataset.repairs) or {"parts 1", "parts 2", "a"} <= set(dataset.columns.context)


def test_columns_of_one_name_get_a_number_in_every_format() -> None:
    twice = pa.table([pa.array([1.0, 2.0]), pa.array([3.0, 5.0])], names=["flow", "flow"])
    for content in (
        written(lambda buffer: feather.write_feather(twice, buffer)),
        b'{"columns": ["flow", "flow"], "data": [[1, 3], [2, 5]]}',
    ):
        assert read_table(content, "x").frame.to_dict("list") == {"flow": [1, 2], "flow 2": [3, 5]}


def test_a_csv_that_begins_with_a_bracket_is_a_csv() -> None:
    assert list(read_table(b"[mV],flow\n1,2\n3,4\n", "x.csv").frame) == ["[mV]", "flow"]


@settings(max_examples=300, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(FORMATS)))
def test_damaged_bytes_end_in_a_table_or_one_sentence(data: st.DataObject, name: str) -> None:
    content = bytearray(FORMATS[name])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        read_tables(bytes(content[: cut or None]), name)
    except DataError as error:
        assert "\n" not in str(error)


def test_two_levels_of_column_names_become_one() -> None:
    dataset = read(written(lambda buffer: LEVELS.to_parquet(buffer)), name="pump.parquet")
    assert dataset.monitored == ("a flow", "b count") and dataset.columns.time == "time"
