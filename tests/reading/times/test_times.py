"""Time columns: what is understood, and that it is written back as it came."""

import numpy as np
import pandas as pd
import pytest

from anomaly.domain.exceptions import DataError
from anomaly.domain.times import TimeAxis, axis_offset, format_times, to_calendar
from anomaly.pipeline import read
from anomaly.reading.times.parsing import ReadTimes, parse_times, read_times


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


def read_column(cells: list, name: str = "time") -> ReadTimes:
    return read_times(pd.Series(cells), name, "pump", lambda row: row + 2)


def notes(result: ReadTimes) -> str:
    return "; ".join(map(str, result.notes))


@pytest.mark.parametrize(
    ("cells", "name", "meaning"),
    [
        ([45658.0, 45658.25], "time", ["2025-01-01T00:00:00", "2025-01-01T06:00:00"]),
        ([45658.25], "Log_TimeStamp", ["2025-01-01T06:00:00"]),
        ([45658.5000001157, 45658.6], "log timestamp", ["2025-01-01T12:00:00.010", "2025-01-01T14:24:00.000"]),
        ([45658, 45659], "Start Date", ["2025-01-01", "2025-01-02"]),
        ([45658, 45659], "time", None),
        ([45658, 45659], "update", None),
        ([45658.5, 45659.5], "flow", None),
        ([20_000.5, 30_000.5], "time", None),
        ([19_999.5, 20_000], "time", None),
        ([79_999.5, 80_000.5], "time", None),
        ([20250301, 20250302], "date", ["2025-03-01", "2025-03-02"]),
        ([20250301100000, 20250301100001], "time", ["2025-03-01T10:00:00", "2025-03-01T10:00:01"]),
        ([202503011000, 202503011005], "time", ["2025-03-01T10:00:00", "2025-03-01T10:05:00"]),
        ([20250301, 20250332], "date", None),
        ([20250301, 20250302], "flow", None),
    ],
)
def test_numbers_are_a_calendar_where_name_and_values_say_so(cells: list, name: str, meaning: list | None) -> None:
    result = read_column(cells, name)
    assert list(format_times(result.times, result.axis)) == (meaning or cells)
    assert ("read as" in notes(result)) == (meaning is not None)


@pytest.mark.parametrize("unit", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("micros", [1_740_830_400_123_000, 4_900_000_000_987_000, 1_740_830_399_999_000])
def test_whole_epochs_keep_every_microsecond(unit: float, micros: int) -> None:
    extra = 0 if unit == 1e-3 else 457
    cells = [int(value * 1000 if unit == 1e-9 else value * round(1e-6 / unit, 9)) for value in (micros + extra,) * 2]
    times, axis = parse_times(pd.Series(cells), "ns", "pump", lambda row: row)
    assert times.dtype == np.int64
    assert to_calendar(times, axis)[0] == np.datetime64(micros + extra, "us")


def test_nanoseconds_past_the_half_go_to_the_next_microsecond() -> None:
    times = np.array([1_740_830_400_123_456_499, 1_740_830_400_123_456_500])
    shown = to_calendar(times, TimeAxis("ns", "number", 1e-9)).astype(np.int64)
    assert shown.tolist() == [1_740_830_400_123_456, 1_740_830_400_123_457]


def local(start: str, count: int, step: str, zone: str = "Europe/Berlin") -> list[str]:
    return list(pd.date_range(start, periods=count, freq=step, tz=zone).strftime("%Y-%m-%d %H:%M:%S"))


@pytest.mark.parametrize(("step", "line"), [("10min", 164), ("30min", 56), ("h", 29)])
def test_the_hour_repeated_in_autumn_is_kept_in_order_and_written_as_it_came(step: str, line: int) -> None:
    cells = local("2025-10-25", 300, step)
    result = read_column(cells)
    assert (np.diff(result.times.astype(int)) > 0).all()
    assert format_times(result.times, result.axis).tolist() == [cell.replace(" ", "T") for cell in cells]
    # All but the second telling are the file's own inside, too.
    written = pd.to_datetime(pd.Series(cells)).to_numpy().astype("datetime64[us]")
    assert np.flatnonzero(result.times != written).tolist() == list(range(line - 2, line - 2 + 60 // minutes(step)))
    assert notes(result) == (
        f"Column 'time': the clock goes back an hour at line {line} (daylight saving): the time told twice is kept in "
        "the order of the file; all times are as the file writes them"
    )


def minutes(step: str) -> int:
    return int(pd.Timedelta("1h" if step == "h" else step).total_seconds()) // 60


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (local("2025-04-05", 200, "10min", "Australia/Lord_Howe"), "back 30 min at line"),
        (local("2023-10-01", 24 * 800, "h"), "back an hour at lines 677, 9,413, 18,149"),
        (local("2025-10-25 12:00", 2 * 86_400, "s")[: 86_400 + 7_200], "back an hour at line 54,002"),
        # An outage elsewhere tells nothing of the change.
        (local("2025-10-25", 300, "10min")[:200] + local("2025-10-28", 50, "10min"), "back an hour at line 164"),
        # A file may end within the hour.
        (local("2025-10-25", 300, "10min")[:165], "back an hour at line 164"),
    ],
)
def test_every_time_is_written_as_the_file_has_it(cells: list[str], said: str) -> None:
    result = read_column(cells)
    assert said in notes(result)
    assert (np.diff(result.times.astype(int)) > 0).all()
    assert format_times(result.times, result.axis).tolist() == [cell.replace(" ", "T") for cell in cells]


def corrected(step: str, by: str, row: int = 300) -> list[str]:
    """A clock by day that is set back once."""
    times = pd.Series(pd.date_range("2025-05-13 10:00", periods=500, freq=step))
    times[row:] -= pd.Timedelta(by)
    return times.dt.strftime("%Y-%m-%dT%H:%M:%S").tolist()


@pytest.mark.parametrize(
    ("step", "by", "said"),
    [
        ("1s", "47s", "back 47 s at line 302 (it was corrected)"),
        ("1min", "3min", "back 3 min at line 302"),
        ("5min", "7min", "back 7 min at line 302"),
        ("10min", "64min", "back 1 h 4 min at line 302"),
        ("5min", "90s", ""),
    ],
)
def test_a_clock_that_was_corrected_keeps_its_rows_in_order(step: str, by: str, said: str) -> None:
    cells = corrected(step, by)
    data = pd.DataFrame({"time": cells, "a": np.arange(500) % 7 + 0.5}).to_csv(index=False)
    dataset = read(data.encode())
    assert format_times(dataset.series[0].times, dataset.time_axis).tolist() == cells
    np.testing.assert_array_equal(dataset.series[0].values[:, 0], np.arange(500) % 7 + 0.5)
    assert said in "; ".join(map(str, dataset.repairs))
    assert bool(said) == bool(dataset.time_axis.put_back)


def test_rows_appended_twice_are_no_clock_that_was_corrected() -> None:
    frame = pd.DataFrame({"time": pd.date_range("2025-05-13", periods=500, freq="1min"), "a": np.arange(500) % 7 + 0.5})
    twice = pd.concat([frame.iloc[:300], frame.iloc[290:]])
    dataset = read(twice.to_csv(index=False).encode())
    assert len(dataset.series[0]) == 500
    assert not dataset.time_axis.put_back


def test_the_gap_of_spring_is_left_as_it_is() -> None:
    cells = local("2025-03-29", 100, "h")
    result = read_column(cells)
    assert format_times(result.times, result.axis).tolist() == [cell.replace(" ", "T") for cell in cells]
    assert not result.notes


@pytest.mark.parametrize(
    "cells",
    [
        [cell + "Z" for cell in local("2025-10-25", 300, "10min")],
        [cell.replace("-10-26", "-10-22").replace("-10-27", "-10-23") for cell in local("2025-10-26", 30, "h")],
        [f"2025-03-01 1{n}:{m:02}" for n in (0, 0, 1) for m in range(0, 60, 10)],
        local("2025-10-26", 16, "10min") + local("2025-10-26", 16, "10min"),
    ],
)
def test_other_rows_that_go_back_are_left_as_they_are(cells: list[str]) -> None:
    given_times = pd.to_datetime(pd.Series(cells)).dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    np.testing.assert_array_equal(read_column(cells).times, given_times)
    assert not read_column(cells).notes


def test_a_spring_before_the_autumn_keeps_its_gap() -> None:
    cells = local("2025-03-01", 24 * 300, "h")
    result = read_column(cells)
    assert format_times(result.times, result.axis).tolist() == [cell.replace(" ", "T") for cell in cells]
    assert np.sum(np.diff(result.times) == np.timedelta64(2, "h")) == 1
    assert "back an hour at line" in notes(result)
