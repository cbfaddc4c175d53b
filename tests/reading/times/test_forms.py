"""Times written in other ways than ISO 8601: each form with what it means, and what is said of what was assumed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.domain.exceptions import DataError
from anomaly.domain.times import TimeAxis, format_times
from anomaly.reading.times.parsing import ReadTimes, looks_like_time, parse_times, read_times


def read(cells: list, name: str = "time", **options: str) -> ReadTimes:
    return read_times(pd.Series(cells), name, "pump", lambda row: row + 2, **options)  # type: ignore[arg-type]


def written(cells: list, name: str = "time") -> list:
    result = read(cells, name)
    return list(format_times(result.times, result.axis))


def notes(cells: list, name: str = "time") -> str:
    return "; ".join(map(str, read(cells, name).notes))


@pytest.mark.parametrize(
    ("cell", "meaning"),
    [
        ("31/12/2024 10:00", "2024-12-31T10:00:00"),
        ("31.12.2024 9:05:00", "2024-12-31T09:05:00"),
        ("31. 12. 2024", "2024-12-31"),
        ("31-12-2024", "2024-12-31"),
        ("12/31/2024 10:00 PM", "2024-12-31T22:00:00"),
        ("12/31/2024 12:30:05.250 a.m.", "2024-12-31T00:30:05.250"),
        ("12/31/2024 3 pm", "2024-12-31T15:00:00"),
        ("31/12/2024, 10:00:00,123", "2024-12-31T10:00:00.123"),
        ("31/12/24", "2024-12-31"),
        ("31/12/69", "1969-12-31"),
        ("31/12/2024 24:00", "2025-01-01T00:00:00"),
        ("31/12/2024 10:00 +0100", "2024-12-31T10:00:00+01:00"),
        ("2025/03/01 10:00", "2025-03-01T10:00:00"),
        ("2025.3.1 9:05", "2025-03-01T09:05:00"),
        ("2025-03-01 10:00:00,123", "2025-03-01T10:00:00.123"),
        ("2025-03-01 10:00:00 UTC", "2025-03-01T10:00:00Z"),
        ("20250301", "2025-03-01"),
        ("20250301T1000", "2025-03-01T10:00:00"),
        ("20250301_100005", "2025-03-01T10:00:05"),
        ("1 Mar 2025 10:00", "2025-03-01T10:00:00"),
        ("01-Mar-2025", "2025-03-01"),
        ("01-MAR-25 10:00", "2025-03-01T10:00:00"),
        ("1st March 2025", "2025-03-01"),
        ("Mar 1, 2025 10:00", "2025-03-01T10:00:00"),
        ("Sat, 01 Mar 2025 10:00:00 GMT", "2025-03-01T10:00:00Z"),
        ("2025-Sept-01", "2025-09-01"),
        ("01/Mar/2025:10:00:00 -0930", "2025-03-01T10:00:00-09:30"),
        ("Mon Mar  3 08:00:00 2025", "2025-03-03T08:00:00"),
        ("Mon Mar 13 08:00:00 CET 2025", "2025-03-13T08:00:00+01:00"),
        ("Mar 3, 2025 @ 08:00:00.250", "2025-03-03T08:00:00.250"),
        ("3. März 2025", "2025-03-03"),
        ("Mo., 3. März 2025 um 08:00 Uhr", "2025-03-03T08:00:00"),
        ("03-Mai-2025 08:00", "2025-05-03T08:00:00"),
        ("3 Okt 2025", "2025-10-03"),
        ("24. DEZ. 25", "2025-12-24"),
        ("31.12.2024 08:00 Uhr", "2024-12-31T08:00:00"),
        ("2025-03-01 10:00:00 CEST", "2025-03-01T10:00:00+02:00"),
        ("2025-03-01 10:00 MEZ", "2025-03-01T10:00:00+01:00"),
        ("31.12.2024 10:00:00 EST", "2024-12-31T10:00:00-05:00"),
        ("31/12/9999 23:59:59.999999", "9999-12-31T23:59:59.999999"),
        ("31/12/0000", "0000-12-31"),
    ],
)
def test_each_form_of_a_date_means_one_moment_and_is_taken_for_a_time(cell: str, meaning: str) -> None:
    assert written([cell, cell]) == [meaning, meaning]
    assert looks_like_time(pd.Series([cell, cell]))
    assert not read([cell]).notes


@pytest.mark.parametrize(
    "cell",
    [
        "2025.03.13.08.05.00", "2025_03_13_08_05_00", "20250313-08-05-00", "2025-03-13:08:05:00", "2025:03:13 08:05:00",
        "2025/03/13-08:05:00", "13.03.2025 08-05-00", "2025-03-13T08_05_00", "2025-072T08:05:00", "2025:072:08:05:00",
        "2025/072 08:05", "2025-072-08:05:00", "2025072 0805", "20250720805", "13/03/2025 08h05", "08h05 13/03/2025",
        "08.05.00 13/03/2025", "08:05 - 13.03.2025", "8:05 AM on 13 Mar 2025", "13/03/2025 08:05:00:000",
    ],
)  # fmt: skip
def test_whatever_parts_its_figures_a_date_is_one(cell: str) -> None:
    assert written([cell, cell]) == ["2025-03-13T08:05:00"] * 2
    assert looks_like_time(pd.Series([cell, cell]))


@pytest.mark.parametrize("cell", ["192.168.0.12", "10.10.10.10", "1.2.3.4", "100-200", "12-34-56", "2022-123-4567"])
def test_addresses_and_versions_are_no_dates(cell: str) -> None:
    assert not looks_like_time(pd.Series([cell, cell]))


FORMATS = (
    "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%m-%d-%Y %H:%M:%S", "%d/%m/%y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p", "%d %b %Y %H:%M:%S", "%B %d, %Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S",
    "%d.%m.%Y %H:%M:%S,%f", "%d/%b/%Y:%H:%M:%S",
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.datetimes(pd.Timestamp("1970-01-01"), pd.Timestamp("2060-01-01")),
    st.sampled_from(["s", "7min", "h", "D", "37h"]),
    st.integers(1, 60),
    st.sampled_from(FORMATS),
)
def test_what_is_formatted_is_read_back(start: pd.Timestamp, step: str, count: int, form: str) -> None:
    moments = pd.date_range(start.replace(microsecond=0), periods=count, freq=step)
    moments = moments.append(pd.DatetimeIndex([moments[-1].replace(day=13)])).unique().sort_values()
    times, axis = parse_times(pd.Series(moments.strftime(form), dtype="str"), "time", "pump", lambda row: row)
    np.testing.assert_array_equal(times, moments.to_numpy().astype("datetime64[us]"))
    assert axis.kind == "timestamp"


@pytest.mark.filterwarnings("error")
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.text(max_size=12)
        | st.text("0123456789/.-: TZ+,apmAPM", max_size=22)
        | st.from_regex(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}( \d{1,2}:\d\d(:\d\d)?( [AP]M)?)?", fullmatch=True)
        | st.from_regex(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,12})?)?([+-]\d\d:?\d\d)?)?", fullmatch=True)
        | st.from_regex(r"(-?\d{1,6} days )?\d{1,6}:\d\d(:\d\d)?", fullmatch=True)
        | st.none(),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_the_text_only_a_data_error_comes_of_it(cells: list[str | None]) -> None:
    column = pd.Series(cells, dtype="str")
    assert looks_like_time(column) in (True, False)
    for order in (None, "day", "month"):
        try:
            result = read_times(column, "time", "pump", lambda row: row, order)  # type: ignore[arg-type]
        except DataError:
            continue
        assert len(result.times) == len(cells) == len(format_times(result.times, result.axis))


@pytest.mark.filterwarnings("error")
@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats() | st.integers(-(2**53), 2**53) | st.integers(19000000, 21001231), min_size=1, max_size=5),
    st.sampled_from(["time", "date", "flow"]),
)
def test_whatever_the_numbers_only_a_data_error_comes_of_them(cells: list[float], name: str) -> None:
    try:
        result = read(cells, name)
    except DataError:
        return
    assert len(format_times(result.times, result.axis)) == len(cells)


@pytest.mark.parametrize(
    ("cells", "meaning"),
    [(["03/04/2025", "13/04/2025"], "2025-04-03"), (["03/04/2025", "03/13/2025"], "2025-03-04")],
)
def test_a_day_beyond_twelve_anywhere_tells_the_order_of_all(cells: list[str], meaning: str) -> None:
    result = read(cells)
    assert (written(cells)[0], result.ambiguous, result.notes) == (meaning, False, ())


def test_a_day_that_its_month_has_not_is_named_with_its_line() -> None:
    with pytest.raises(DataError, match=r"line 3: expected a time .* like '03/04/2025'.* found '30/02/2024'"):
        read(["03/04/2025", "30/02/2024", "29/02/2024"])


def test_rows_that_ask_for_both_orders_are_no_times_and_both_lines_are_named() -> None:
    with pytest.raises(DataError, match=r"line 3: '31/12/2024' in column 'time' has the day first, but .* on line 4"):
        read(["01/01/2024", "31/12/2024", "12/31/2024"])


def test_dates_that_tell_no_order_are_read_day_first_and_the_note_says_so() -> None:
    result = read(["03/04/2025 10:00", "03/04/2025 11:00"], "date")
    assert result.ambiguous
    assert result.times[0] == np.datetime64("2025-04-03T10:00")
    assert str(result.notes[0]) == (
        "Dates of 'date' read day first (03/04/2025 is 3 April): choose month first if that is wrong"
    )


def test_the_order_under_which_the_rows_are_in_order_is_chosen_and_said() -> None:
    cells = ["11/01/2025", "12/01/2025", "01/02/2025", "02/02/2025"]
    result = read(cells)
    assert not result.ambiguous
    assert result.times[0] == np.datetime64("2025-01-11")
    assert "read day first (11/01/2025 is 11 January), which puts its rows in order" in str(result.notes[0])
    assert read(["01/02/2025", "02/01/2025"]).times[0] == np.datetime64("2025-01-02")


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("backwards", [False, True])
def test_days_in_a_row_are_told_from_months_in_a_row_by_their_even_steps(form: str, backwards: bool) -> None:
    days = pd.date_range("2025-03-01", periods=12)[:: -1 if backwards else 1]
    result = read(list(days.strftime(form)))
    np.testing.assert_array_equal(result.times, days.to_numpy().astype("datetime64[us]"))
    assert result.ambiguous  # the first of March to twelfth, or the third of twelve months


def test_years_of_monthly_dates_are_not_read_as_days_of_january() -> None:
    months = pd.date_range("2022-01-01", periods=30, freq="MS")
    for form in ("%d/%m/%Y", "%m/%d/%Y"):
        result = read(list(months.strftime(form)))
        np.testing.assert_array_equal(result.times, months.to_numpy().astype("datetime64[us]"))


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("step", ["MS", "QS"])
def test_the_months_of_one_year_are_not_days_of_january(form: str, step: str) -> None:
    months = pd.date_range("2020-01-01", "2020-12-01", freq=step)
    result = read(list(months.strftime(form)))
    np.testing.assert_array_equal(result.times, months.to_numpy().astype("datetime64[us]"))
    assert result.ambiguous and "choose" in str(result.notes[0])


def test_winter_and_summer_time_told_by_their_names_are_one_course() -> None:
    cells = ["2025-10-26 02:30:00 CEST", "2025-10-26 02:00:00 CET", "2025-10-26 02:30:00 CET"]
    assert (np.diff(read(cells).times) == np.timedelta64(30, "m")).all()


def test_dates_that_both_orders_read_alike_are_not_ambiguous() -> None:
    assert not read(["03/03/2025", "04/04/2025"]).ambiguous


def test_the_order_asked_for_is_taken_and_a_date_that_defies_it_is_named() -> None:
    result = read(["03/04/2025"], date_order="month")
    assert (result.times[0], result.ambiguous, result.notes) == (np.datetime64("2025-03-04"), False, ())
    with pytest.raises(DataError, match=r"line 3: expected a time .* found '13/04/2025'.*choose the other order"):
        read(["03/04/2025", "13/04/2025"], date_order="month")
    with pytest.raises(DataError, match="line 2: expected a time in column 'time', the day being first"):
        read(["12/31/2024"], date_order="day")


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["01/02/2025", "2025-02-02", "03/02/2025"], 3),
        (["01/02/2025", "02/02/2025", "03.02.2025"], 4),
        (["1 Mar 2025", "Mar 2, 2025", "3 Mar 2025"], 3),
        (["10:00", "11:00", "2025-03-01"], 4),
        (["1:00 PM", "2:00 PM", "3:00"], 4),
        (["13:00", "2:00 PM", "15:00"], 3),
        (["31/12/2024", "32/12/2024"], 3),
        (["31/12/2024", "31/12/2024 25:00"], 3),
        (["31/12/2024", "31/12/2024 10:60"], 3),
        (["31/12/2024", None], 3),
    ],
)
def test_the_first_cell_in_another_form_than_most_is_named_with_its_line(cells: list, line: int) -> None:
    with pytest.raises(DataError, match=f"pump, line {line}: expected a time in column 'time', like '.*', the form of"):
        read(cells)


@pytest.mark.parametrize(
    "cell",
    ["0000-00-00", "00/00/0000", "31/12/9999 24:00", "2025-02-30", "now", "today", "-5", "Mar 1 10:00:05",
     "1 Mar 2025 10:00 +99:99", "2025-03-01 10:00 IST", "3. Marz 2025"],
)  # fmt: skip
def test_no_moment_of_the_years_0_to_9999_is_no_time(cell: str) -> None:
    with pytest.raises(DataError, match="pump, line 2: expected a time"):
        read([cell])
    assert not looks_like_time(pd.Series([cell]))


@pytest.mark.parametrize(
    ("cells", "seconds", "note"),
    [
        (["10:00", "11:30"], [36000, 41400], "midnight passed 0 times"),
        (["23:59:30.5", "00:00:30", "23:00:00", "01:00:00"], [86370.5, 86430, 169200, 176400], "2 times (lines 3, 5)"),
        (["08:00 Uhr", "09:30 Uhr"], [28800, 34200], "midnight passed 0 times"),
        (["10:15 PM", "12:15 AM"], [80100, 87300], "midnight passed 1 time (line 3)"),
        (["10:00", "09:00", "11:00"], [36000, 32400, 39600], "midnight passed 0 times"),
        (["23:00:00", "24:00:00", "01:00:00"], [82800, 86400, 90000], "midnight passed 1 time (line 4)"),
        (["23:03:04", "26:03:04"], [82984, 93784], "Durations of 'time' read as seconds"),
        (["1 days 02:03:04", "1 day, 2:03:05"], [93784, 93785], "Durations"),
        (["-1 days +23:59:59", "0 days 00:00:00.250000"], [-1, 0.25], "Durations"),
    ],
)  # fmt: skip
def test_clock_times_and_durations_become_seconds(cells: list[str], seconds: list[float], note: str) -> None:
    result = read(cells)
    assert result.axis == TimeAxis("time", "number")
    assert result.times.tolist() == seconds
    assert note in notes(cells)
    assert looks_like_time(pd.Series(cells))


@pytest.mark.parametrize(
    "cell",
    ["pump", "12", "2025", "3.5", "1-2", "1.2.3", "1.12.10", "10-20", "1000-2000", "A-12", "16:9", "1 marble 2025",
     "192.168.1.1", "123456", "-5", "1e5", "", "may", "12:99", "00:1A:2B:3C:4D:5E", "٣/٤/2025"],
)  # fmt: skip
def test_words_numbers_versions_and_ranges_do_not_look_like_a_time(cell: str) -> None:
    assert not looks_like_time(pd.Series([cell, cell, "10:00"]))


def test_only_the_first_cells_are_looked_at() -> None:
    assert looks_like_time(pd.Series(["31/12/2024"] * 50 + ["pump"] * 1000))
    assert not looks_like_time(pd.Series(["pump"] * 50 + ["31/12/2024"] * 1000))
    assert looks_like_time(pd.Series([None] * 60 + ["10:00"]))
