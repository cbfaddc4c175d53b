"""Values that their device calls bad are missing; where it is not plain which those are, all stay."""

import numpy as np
import pytest

import anomaly
from anomaly import Dataset, ReadSettings

STEPS = 60
BAD = (7, 8, 30)


def read(name: str, good: str, bad: str, head: str = "tag,timestamp,value", **settings: object) -> Dataset:
    rows = [
        f"{tag},2023-03-01T00:{step:02}:00,{size + step % 7},{bad if step in BAD and tag == 'p' else good}"
        for step in range(STEPS)
        for tag, size in (("p", 100), ("t", 20))
    ]
    return anomaly.read("\n".join([f"{head},{name}", *rows]).encode(), ReadSettings(**settings), name="opc.csv")


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Quality", "Good", "Bad"),
        ("quality", "GOOD", "BAD"),
        ("Quality", "Good (192)", "Bad (0)"),
        ("quality", "192", "0"),
        ("q", "192", "24"),
        ("OPCQuality", "216", "8"),
        ("Validity", "1", "0"),
        ("is_valid", "true", "false"),
        ("valid", "Y", "N"),
        ("StatusCode", "0", "2147483648"),
        ("StatusCode", "0", "2150891520"),
        ("StatusCode", "Good", "BadCommunicationError"),
        ("Status", "OK", "invalid"),
        ("Status", "gut", "schlecht"),
        ("Gültigkeit", "gültig", "ungültig"),
        ("qc", "V", "N"),
        ("quality", "G", "B"),
        ("status", "ok", "comm fail"),
    ],
)
def test_values_of_bad_quality_count_as_missing_and_are_said(name: str, good: str, bad: str) -> None:
    dataset = read(name, good, bad)
    assert dataset.monitored == ("p", "t") and dataset.columns.context == ()
    assert np.flatnonzero(np.isnan(dataset.series[0].values[:, 0])).tolist() == list(BAD)
    assert np.isfinite(dataset.series[0].values[:, 1]).all()
    said = [repair for repair in dataset.repairs if "bad quality" in repair.text]
    assert str(said[0]) == f"3 values of bad quality count as missing ({name} = {bad}) (lines 16, 18, 62)"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Quality", "Good", "Uncertain"),
        ("Quality", "A", "C"),
        ("status", "0", "1"),
        ("status", "1", "0"),
        ("quality", "0", "1"),
        ("flag", "1", "3"),
        ("status", "N", "E"),
        ("Validity", "0", "1"),
        ("mode", "Good", "Bad"),
        ("quality", "98", "12"),
    ],
)
def test_where_it_is_not_plain_which_values_are_bad_all_stay(name: str, good: str, bad: str) -> None:
    dataset = read(name, good, bad)
    assert np.isfinite(dataset.series[0].values).all() and "bad quality" not in str(dataset.repairs)


def test_one_bad_value_is_one() -> None:
    rows = [f"2023-03-01T00:{step:02}:00,{step % 7},{'Bad' if step == 9 else 'Good'}" for step in range(STEPS)]
    dataset = anomaly.read("\n".join(["time,value,quality", *rows]).encode())
    assert np.flatnonzero(np.isnan(dataset.series[0].values[:, 0])).tolist() == [9]
    assert str(dataset.repairs[0]) == "1 value of bad quality counts as missing (quality = Bad) (line 11)"
    assert dataset.columns.context == ()


def test_the_quality_of_several_channels_and_what_is_known_of_one_are_no_codes() -> None:
    rows = [
        f"2023-03-01T00:{step:02}:00,{step % 7},{step % 5},{'Bad' if step == 9 else 'Good'}" for step in range(STEPS)
    ]
    wide = "\n".join(["time,flow,level,quality", *rows]).encode()
    assert np.isfinite(anomaly.read(wide).series[0].values).all()
    one = "\n".join(
        ["time,value,quality", *(",".join(row.split(",")[::2] + row.split(",")[3:]) for row in rows)]
    ).encode()
    assert anomaly.read(one, ReadSettings(context=("quality",))).columns.context == ("quality=Good",)
