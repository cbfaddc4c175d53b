"""What looks odd once it is read: another reading where that is less odd, else a sentence."""

import numpy as np
import pandas as pd
import pytest

import anomaly
from anomaly.domain.times import format_times

STAMPS = pd.date_range("2023-03-01", periods=60, freq="1min")
A = np.arange(60) % 7 + 0.5


def read(frame: pd.DataFrame) -> anomaly.Dataset:
    return anomaly.read(frame.to_csv(index=False).encode())


def test_rows_that_share_one_time_are_read_by_another() -> None:
    day = ["2023-03-01 10:00"] * 58 + ["2023-03-02 10:00"] * 2
    dataset = read(pd.DataFrame({"time": day, "seen": STAMPS, "a": A}))
    assert dataset.columns.time == "seen"
    assert "Nearly all rows have one time in 'time': 'seen' is the time instead" in map(str, dataset.repairs)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (
            pd.DataFrame({"time": ["2023-03-01"] * 58 + ["2023-03-02"] * 2, "a": A + np.arange(60)}),
            "nearly all rows have one time",
        ),
        (pd.DataFrame({"time": STAMPS, "a": [9e9, *A[1:]]}), "more than a million times all others"),
        (pd.DataFrame({"time": STAMPS, "mV": A, "kPa": A[::-1]}), "called by units"),
        (pd.DataFrame({"n": STAMPS, "2023-03-01": A, "2023-03-02": A[::-1]}), "called by dates"),
    ],
)
def test_what_stays_odd_is_said(frame: pd.DataFrame, said: str) -> None:
    assert any(said in str(repair) and "Looks odd" in str(repair) for repair in read(frame).repairs)


def test_an_ordinary_table_is_not_odd() -> None:
    frame = pd.DataFrame({"time": STAMPS, "flow": A, "T": A[::-1], "1": A + 1})
    assert not any("odd" in str(repair) for repair in read(frame).repairs)


@pytest.mark.parametrize("moments", [STAMPS.strftime("%Y-%m-%d %H:%M").tolist(), [str(n * 5) for n in range(60)]])
def test_rows_that_are_channels_are_turned(moments: list[str]) -> None:
    frame = pd.DataFrame([["flow", *A], ["level", *A[::-1]]], columns=["name", *moments])
    dataset = read(frame)
    assert dataset.monitored == ("flow", "level")
    assert len(dataset.series[0]) == 60
    first = format_times(dataset.series[0].times, dataset.time_axis)[1]
    assert str(first) in ("2023-03-01T00:01:00", "5")
    np.testing.assert_array_equal(dataset.series[0].values[:, 0], A)


def test_a_spectrum_is_not_turned() -> None:
    values = np.random.default_rng(0).random((5, 80))
    frame = pd.DataFrame(values, columns=[str(400 + n) for n in range(80)])
    frame.insert(0, "time", STAMPS[:5])
    dataset = read(frame)
    assert (len(dataset.series[0]), len(dataset.monitored)) == (5, 80)
