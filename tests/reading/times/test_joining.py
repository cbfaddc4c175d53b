"""A time told by several columns: dates and times of day as figures, as hours, as a clock face."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import anomaly
from anomaly import Dataset

HOURS = pd.date_range("2025-02-27", periods=100, freq="h")


def read(head: str, form: Callable[[pd.Timestamp], str], times: pd.DatetimeIndex = HOURS) -> Dataset:
    rows = [f"{form(time)};{row % 7}" for row, time in enumerate(times)]
    return anomaly.read("\n".join([f"{head};flow", *rows]).encode())


def ending(time: pd.Timestamp) -> pd.Timestamp:
    """The day of an hour that is called by its end: midnight is the 24th of the day before."""
    return time - pd.Timedelta("1h")


@pytest.mark.parametrize(
    ("head", "form"),
    [
        ("date;time", lambda t: f"{t:%Y%m%d};{t:%H%M%S}"),
        ("date;time", lambda t: f"{t:%Y%m%d};{int(f'{t:%H%M}')}"),
        ("DATE;HHMM", lambda t: f"{t:%Y%m%d};{t:%H%M}"),
        ("Datum;Zeit", lambda t: f"{t:%Y%m%d};{t:%H:%M:%S}"),
        ("date;hour", lambda t: f"{t:%Y-%m-%d};{t.hour}"),
        ("date;hour", lambda t: f"{ending(t):%Y-%m-%d};{t.hour or 24}"),
        ("Datum;Stunde", lambda t: f"{ending(t):%d.%m.%Y};{t.hour or 24}"),
        ("date;hour", lambda t: f"{ending(t):%Y%m%d};{t.hour or 24}"),
        ("Datum;Uhrzeit", lambda t: f"{t:%d.%m.%Y};{t:%H:%M} Uhr"),
        ("Datum;Uhrzeit", lambda t: f"{t:%d.%m.%Y};{t:%H.%M} Uhr"),
        ("year;month;day;hour", lambda t: f"{ending(t):%Y;%m;%d};{t.hour or 24}"),
    ],
)
def test_a_day_and_a_time_of_day_are_one_time(head: str, form: Callable[[pd.Timestamp], str]) -> None:
    dataset = read(head, form)
    assert (dataset.columns.time, dataset.monitored) == (head.replace(";", " "), ("flow",))
    np.testing.assert_array_equal(dataset.series[0].times, HOURS.to_numpy().astype("datetime64[us]"))


def test_an_hour_as_a_number_beside_the_time_of_day_is_a_column_of_its_own() -> None:
    dataset = read("date;clock;hour", lambda t: f"{t:%Y-%m-%d};{t:%H:%M};{t.hour}")
    assert (dataset.columns.time, dataset.monitored) == ("date clock", ("hour", "flow"))


def test_hours_worked_each_day_are_no_time_of_day() -> None:
    dataset = read("date;hour", lambda t: f"{t:%Y-%m-%d};{t.day % 9}", pd.date_range("2025-01-01", periods=60))
    assert (dataset.columns.time, dataset.monitored) == ("date", ("hour", "flow"))


@pytest.mark.parametrize("day", ["20250301", "2025-03-01", "{:%Y-%m-%d}", "{:%d.%m.%Y}"])
def test_a_counter_beside_dates_is_no_time_of_day(day: str) -> None:
    rows = [f"{row};{day.format(time)};{row % 7}.5" for row, time in enumerate(HOURS[:50])]
    assert anomaly.read("\n".join(["time;saved;flow", *rows]).encode()).columns.time == "time"


def test_figures_of_one_day_are_a_time_of_day() -> None:
    minutes = pd.date_range("2025-03-01 08:00", periods=50, freq="7min")
    assert read("date;time", lambda t: f"{t:%Y%m%d};{t:%H%M}", minutes).columns.time == "date time"


def test_numbers_that_are_no_clock_are_not_joined() -> None:
    assert read("date;time", lambda t: f"{t:%Y%m}{t.day + 60};{t:%H%M}").columns.time != "date time"
    columns = read("date;time", lambda t: f"{t:%Y-%m-%d};{t.hour * 3600}").columns
    assert (columns.time, columns.record) == ("date", None)  # times of day are no records, either
    assert read("date;flow 2", lambda t: f"{t:%Y-%m-%d};{t.hour}").columns.time == "date"


@pytest.mark.parametrize(
    "names",
    [
        "YY MM DD hh mm", "#YY MM DD hh mm", "yr mo dy hr mn", "year month day hour minute", "YYYY MM DD HH MM",
        "Jahr Monat Tag Stunde Minute", "yy mm dd hh min",
    ],
)  # fmt: skip
@pytest.mark.parametrize("year", ["%Y", "%y"])
def test_a_calendar_in_columns_of_a_few_letters_is_one_time(names: str, year: str) -> None:
    stamps = pd.date_range("1999-12-31 22:01", periods=60, freq="7min")
    rows = [f"{stamp.strftime(year + ' %m %d %H %M')} {step % 7}.5" for step, stamp in enumerate(stamps)]
    dataset = anomaly.read("\n".join([f"{names} WSPD", *rows]).encode(), name="buoy")
    assert dataset.monitored == ("WSPD",)
    assert (dataset.series[0].times == stamps.to_numpy()).all()


def test_the_least_and_the_spread_of_a_day_are_no_time_of_day() -> None:
    rows = [f"2024,{1 + day // 28},{1 + day % 28},{day % 7},{day % 5},{day % 9}" for day in range(100)]
    dataset = anomaly.read("\n".join(["year,month,day,min,sec,std", *rows]).encode())
    assert (dataset.columns.time, dataset.monitored) == ("year month day", ("min", "sec", "std"))


@pytest.mark.parametrize(
    ("head", "form"),
    [
        ("year;doy;hour", lambda t: f"{t:%Y;%j;%H}"),
        ("Year;Day;Hour", lambda t: f"{t:%Y};{t.day_of_year};{t.hour}"),
        ("YEAR;DOY;HHMM", lambda t: f"{t:%Y};{t.day_of_year};{int(f'{t:%H%M}')}"),
        ("year;day_of_year", lambda t: f"{t:%Y};{t.day_of_year + t.hour / 24:.6f}"),
        ("Year;Month;Day;Time", lambda t: f"{t:%Y;%m;%d};{int(f'{t:%H%M}')}"),
        ("Year;Month;Day;Time", lambda t: f"{t:%Y;%m;%d;%H:%M}"),
        ("Date;Heure", lambda t: f"{t:%d/%m/%Y;%Hh%M}"),
    ],
)
def test_a_year_and_a_day_of_it_and_figures_beside_a_calendar_are_one_time(
    head: str, form: Callable[[pd.Timestamp], str]
) -> None:
    dataset = read(head, form)
    assert (dataset.columns.time, dataset.monitored) == (head.replace(";", " "), ("flow",))
    np.testing.assert_array_equal(dataset.series[0].times, HOURS.to_numpy().astype("datetime64[us]"))


@pytest.mark.parametrize(
    ("head", "time"),
    [
        ("DATE;START TIME;END TIME", "DATE START TIME"),
        ("Datum;Von;Bis", "Datum Von"),
        ("Date;From;To", "Date From"),
        ("Date;Time;Duration", "Date Time"),
    ],
)
def test_of_a_time_from_and_one_to_the_first_is_the_time(head: str, time: str) -> None:
    dataset = read(head, lambda t: f"{t:%Y-%m-%d;%H:%M};{t + pd.Timedelta('59min'):%H:%M}")
    assert (dataset.columns.time, dataset.monitored) == (time, ("flow",))
    np.testing.assert_array_equal(dataset.series[0].times, HOURS.to_numpy().astype("datetime64[us]"))


def test_a_sunrise_and_a_sunset_are_no_begin_and_end() -> None:
    days = pd.date_range("2025-01-01", periods=60)
    dataset = read("date;sunrise;sunset", lambda t: f"{t:%Y-%m-%d};07:{t.day:02};18:{t.day:02}", days)
    assert dataset.columns.time == "date"


@pytest.mark.parametrize("name", ["YYYYMMDDHH", "yyyymmddhh", "utc"])
def test_a_column_called_by_the_form_of_its_stamps_is_the_time(name: str) -> None:
    dataset = read(name, lambda t: f"{t:%Y%m%d%H}")
    assert dataset.columns.time == name and dataset.series[0].times[0] == HOURS.to_numpy()[0]


@pytest.mark.parametrize(
    "form",
    [
        lambda t: f"{t:%Y};{t.day_of_week + 1}",
        lambda t: f"{t.day};{t.day_of_year}",
        lambda t: f"{t.year + 0.5};{t.day_of_year}",
        lambda t: f"{t:%Y};{t.day_of_year}e300",
    ],
)
def test_days_of_a_week_or_a_trial_and_odd_figures_are_no_days_of_a_year(form: Callable[[pd.Timestamp], str]) -> None:
    assert read("year;day", form, pd.date_range("2025-01-01", periods=60)).columns.time != "year day"
