"""Time columns: what is understood, and that it is written back as it came."""

import numpy as np
import pandas as pd
import pytest

from anomaly.domain import TimeAxis
from anomaly.exceptions import DataError
from anomaly.pipeline import read
from anomaly.times import axis_offset, format_times, parse_times, to_calendar


def parse(cells: list) -> tuple[np.ndarray, TimeAxis]:
    return parse_times(pd.Series(cells), "time", "pump", lambda row: row + 2)


def there_and_back(cells: list) -> list:
    return list(format_times(*parse(cells)))


@pytest.mark.parametrize(
    "cells",
    [
        ["2025-03-01T12:00:00", "2025-03-01T12:00:01"],
        ["2025-03-01T12:00:00Z", "2025-03-01T12:00:01Z"],
        ["2025-03-01T12:00:00+01:00", "2025-03-01T12:00:01+01:00"],
        ["2025-03-01T00:30:00-09:30", "2025-03-01T12:00:01-09:30"],
        ["2025-03-01T12:00:00.250", "2025-03-01T12:00:00.500"],
        ["2025-03-01T12:00:00.000250Z", "2025-03-01T12:00:00.000500Z"],
        ["2025-03-01", "2025-03-02"],
        ["0001-01-01", "9999-12-31"],
    ],
)
def test_time_stamps_are_written_back_as_the_file_gave_them(cells: list[str]) -> None:
    assert there_and_back(cells) == cells


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("2025-03-01 12:00:00", "2025-03-01T12:00:00"),
        (" 2025-03-01T12:00:00 ", "2025-03-01T12:00:00"),
        (" 2025-03-01 ", "2025-03-01"),
        ("2025-03-01T12:00", "2025-03-01T12:00:00"),
        ("2025-03-01 12:00:00.5", "2025-03-01T12:00:00.500"),
        ("2025-03-01 12:00:00+0100", "2025-03-01T12:00:00+01:00"),
        ("2025-03-01 12:00:00+01", "2025-03-01T12:00:00+01:00"),
        ("20250301T120000Z", "2025-03-01T12:00:00Z"),
    ],
)
def test_other_spellings_are_written_back_as_plain_iso_8601(cell: str, written: str) -> None:
    assert there_and_back([cell, cell]) == [written, written]


def test_mixed_offsets_become_utc() -> None:
    cells = ["2025-03-01T12:00:00+01:00", "2025-03-01T12:00:00Z", "2025-03-01T12:00:00-02:00"]
    assert there_and_back(cells) == ["2025-03-01T11:00:00Z", "2025-03-01T12:00:00Z", "2025-03-01T14:00:00Z"]


def test_two_spellings_of_one_offset_are_one_offset() -> None:
    assert parse(["2025-03-01T12:00:00+0100", "2025-03-01T12:00:00+01:00"])[1].offset == "+01:00"


def test_times_are_held_in_utc_and_shown_in_the_offset_of_the_file() -> None:
    times, axis = parse(["2025-03-01T12:00:00+01:00"] * 2)
    assert times[0] == np.datetime64("2025-03-01T11:00:00", "us")
    assert to_calendar(times, axis)[0] == np.datetime64("2025-03-01T12:00:00", "us")
    assert axis_offset(axis) == np.timedelta64(1, "h")


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e-6, 1e-9])
def test_numbers_that_count_from_1970_become_a_calendar(unit: float) -> None:
    seconds = 1_740_830_400  # 2025-03-01T12:00:00Z
    times, axis = parse([round(seconds / unit), round((seconds + 60) / unit)])
    assert axis == TimeAxis("time", "number", unit)
    assert axis.is_calendar
    np.testing.assert_array_equal(
        to_calendar(times, axis), np.array(["2025-03-01T12:00", "2025-03-01T12:01"], "datetime64[us]")
    )
    assert format_times(times, axis) is times


@pytest.mark.parametrize("cells", [[0, 1, 2], [0.1, 0.25], [2025, 2026], [1.7e9, 5]])
def test_other_numbers_stay_numbers(cells: list) -> None:
    times, axis = parse(cells)
    assert axis.unit is None
    assert not axis.is_calendar
    assert list(format_times(times, axis)) == cells
    assert to_calendar(times, axis) is times


@pytest.mark.parametrize("cells", [["2025-03-01", "tomorrow"], ["2025-03-01", "2025-13-01"], [1.0, np.inf]])
def test_the_first_cell_that_is_no_time_is_named_with_its_line(cells: list) -> None:
    with pytest.raises(DataError, match=f"pump, line 3: expected a time in column 'time'.*found '{cells[1]}'"):
        parse(cells)


def test_files_with_different_offsets_and_resolutions_are_joined_in_utc_without_loss() -> None:
    one = b"time,a\n2025-03-01T12:00:00.25+01:00,1\n2025-03-01T13:00:00+01:00,2\n"
    two = b"time,a\n2025-03-01T12:00:00Z,1\n2025-03-01T13:00:00Z,2\n"
    dataset = read([one, two])
    assert (dataset.time_axis.offset, dataset.time_axis.resolution) == ("Z", "ms")
    assert format_times(dataset.series[0].times, dataset.time_axis)[0] == "2025-03-01T11:00:00.250Z"


def test_files_that_tell_the_time_in_different_ways_are_refused() -> None:
    one, two = b"time,a\n2025-03-01,1\n2025-03-02,2\n", b"time,a\n1,1\n2,2\n"
    with pytest.raises(DataError, match="data 1 and data 2 do not tell the time alike"):
        read([one, two])
