"""Rows without a time: left out where they are few, refused where they are not."""

import numpy as np
import pandas as pd
import pytest

import anomaly
from anomaly import DataError, Dataset, ReadSettings

STAMPS = pd.date_range("2025-02-27", periods=300, freq="h")
DATES, EPOCHS = list(STAMPS.strftime("%d/%m/%Y %H:%M")), [stamp.value // 10**9 for stamp in STAMPS]


def read(times: list, **odd: object) -> Dataset:
    cells = [odd.get(f"row_{row}", time) for row, time in enumerate(times)]
    rows = [f"{cell},{row % 7}" for row, cell in enumerate(cells)]
    return anomaly.read("\n".join(["time,flow", *rows]).encode(), ReadSettings(channels=("flow",)))


@pytest.mark.parametrize(
    ("times", "cell", "shown"),
    [
        (DATES, "tomorrow", "'tomorrow'"),
        (DATES, "", "an empty cell"),
        (DATES, "31/02/2025 10:00", "'31/02/2025 10:00'"),
        (DATES, "01/01/1970 00:00", "'01/01/1970 00:00'"),
        (list(STAMPS.strftime("%Y-%m-%d %H:%M")), "1900-01-01 00:00", "'1900-01-01 00:00'"),
        (EPOCHS, 0, "'0'"),
        (EPOCHS, "", "an empty cell"),
    ],
)
def test_a_row_without_a_time_is_left_out_and_its_line_said(times: list, cell: object, shown: str) -> None:
    dataset, whole = read(times, row_100=cell), read(times)
    (series,) = dataset.series
    np.testing.assert_array_equal(series.times, np.delete(whole.series[0].times, 100))
    np.testing.assert_array_equal(series.values, np.delete(whole.series[0].values, 100, 0))
    notes = [str(repair) for repair in dataset.repairs]
    assert f"1 row without a time in column 'time', such as {shown}: left out (line 102)" in notes


def test_of_one_in_a_hundred_and_the_lines_behind_them_each_is_named_rightly() -> None:
    dataset = read(DATES, row_3="x", row_200="01/01/1970 00:00", row_250="0")
    assert (dataset.steps, dataset.repairs[-1].lines) == (297, (5, 202, 252))
    bad = read(DATES, row_3="x", row_4="12/12/2025 10:00")  # what follows is said of the right lines, too
    assert "out of time order" in str(bad.repairs[-1]) and bad.repairs[-1].lines == (7,)


def test_more_of_them_are_refused_and_so_is_one_of_a_handful() -> None:
    with pytest.raises(DataError, match="line 5: expected a time in column 'time'"):
        read(DATES, row_3="x", row_4="y", row_5="z", row_6="q")
    with pytest.raises(DataError, match="line 3: expected a time in column 'time'"):
        read(DATES[:9], row_1="x")


def test_years_of_old_and_elapsed_times_from_zero_are_times() -> None:
    old = pd.date_range("1969-12-01", periods=300, freq="D").strftime("%Y-%m-%d")
    assert read(list(old)).steps == read([*range(300)]).steps == read([*range(0, 3_000_000, 10_000)]).steps == 300


def test_epochs_rounded_until_they_repeat_are_the_time() -> None:
    rows = [f"{epoch:.5e},{row % 7}" for row, epoch in enumerate(EPOCHS)]
    assert anomaly.read("\n".join(["time,flow", *rows]).encode()).columns.time == "time"


def test_a_measurement_without_a_time_among_hundreds_is_left_out() -> None:
    rows = [f"{time if row != 100 else ''},{name},{row % 7}" for row, time in enumerate(DATES) for name in ("a", "b")]
    dataset = anomaly.read("\n".join(["time,variable,value", *rows]).encode())
    assert (dataset.steps, dataset.monitored) == (299, ("a", "b"))
    assert "2 rows without a time in column 'time', such as an empty cell: left out (lines 202, 203)" in [
        str(repair) for repair in dataset.repairs
    ]
