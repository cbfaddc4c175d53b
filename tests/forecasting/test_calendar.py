"""What the network sees of the clock and the calendar, and of which files."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain import Dataset, FitSettings, Kind, PutBack, TimeAxis, TimeSeries
from anomaly.forecasting.calendar import Calendar, describe_calendar, written_times
from anomaly.forecasting.preparation import prepare
from anomaly.forecasting.rhythm import choose_calendar, find_possible
from tests.naive import calendar as naive
from tests.support.strategies import make_dataset, make_series, with_kinds

STAMPS = TimeAxis("time", "timestamp")
BOTH = Calendar(("hour", "weekday"))
HOUR, WEEK = np.timedelta64(1, "h"), np.timedelta64(7, "D")


def stamps(steps: int, step: str = "1h", start: str = "2024-01-01") -> np.ndarray:
    unit = {"h": "h", "m": "m", "s": "s"}[step[-1]]
    return np.datetime64(start, "us") + np.arange(steps) * np.timedelta64(int(step[:-1]), unit)


def at(times: np.ndarray) -> TimeSeries:
    return dataclasses.replace(make_series(np.zeros((len(times), 1))), times=times)


def dataset_at(times: np.ndarray, values: np.ndarray, axis: TimeAxis = STAMPS) -> Dataset:
    made = make_dataset(values)
    return dataclasses.replace(made, series=(dataclasses.replace(made.series[0], times=times),), time_axis=axis)


def load(steps: int, step: str = "1h", weekend: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Stamps, and a load (T, 1) that rises and falls with the day, less so on Sundays."""
    times = stamps(steps, step)
    hours = times.astype("datetime64[s]").astype(np.int64) / 3600
    is_sunday = ((hours // 24 + 3) % 7 == 6)[:, None]
    rng = np.random.default_rng(seed)
    wave = np.sin(2 * np.pi * hours / 24)[:, None] * np.where(is_sunday, weekend, 1.0)
    return times, 50 + 30 * wave + rng.standard_normal((steps, 1))


@given(
    start=st.integers(-600_000_000, 4_000_000_000),
    gaps=st.lists(st.integers(1, 200_000), min_size=1, max_size=40),
)
def test_inputs_are_those_of_the_step_after_each_as_written_out(start: int, gaps: list[int]) -> None:
    times = np.cumsum([start, *gaps]).astype("datetime64[s]").astype("datetime64[us]")
    calendar = Calendar(("hour", "weekday"), ("DE", "2024-02-12"))
    found = calendar.inputs(at(times), STAMPS)
    assert found.dtype == np.float32 and found.shape == (len(times), calendar.size)
    np.testing.assert_allclose(found, naive.inputs(times, calendar.holidays), atol=1e-4)


@given(weeks=st.integers(-500, 500), cut=st.integers(2, 199))
def test_whole_weeks_later_all_is_the_same_and_later_steps_change_nothing_but_their_own(weeks: int, cut: int) -> None:
    times = stamps(200, "3h")
    found = BOTH.inputs(at(times), STAMPS)
    np.testing.assert_array_equal(BOTH.inputs(at(times + weeks * WEEK), STAMPS), found)
    np.testing.assert_array_equal(BOTH.inputs(at(times[:cut]), STAMPS)[: cut - 1], found[: cut - 1])
    # The step after the last is known by the usual time between steps alone.
    np.testing.assert_array_equal(BOTH.inputs(at(times[:cut]), STAMPS)[-1], found[cut - 1])


def test_a_record_of_one_step_has_inputs_too() -> None:
    assert BOTH.inputs(at(stamps(1)), STAMPS).shape == (1, BOTH.size)


@pytest.mark.parametrize("offset", ["+05:30", "-08:00", "Z"])
def test_the_clock_is_the_one_the_file_was_written_by(offset: str) -> None:
    local = stamps(100)
    lead = {"+05:30": 330, "-08:00": -480, "Z": 0}[offset] * np.timedelta64(1, "m")
    found = BOTH.inputs(at(local - lead), TimeAxis("time", "timestamp", offset=offset))
    np.testing.assert_array_equal(found, BOTH.inputs(at(local), STAMPS))


@pytest.mark.parametrize(("unit", "kind"), [(1.0, float), (1e-3, np.int64), (1e-9, np.int64)])
def test_seconds_since_1970_have_a_calendar(unit: float, kind: type) -> None:
    times = stamps(100)
    numbers = (times.astype(np.int64) // round(unit * 1e6) if unit >= 1e-6 else times.astype(np.int64) * 1000).astype(
        kind
    )
    axis = TimeAxis("time", "number", unit=unit)
    np.testing.assert_array_equal(BOTH.inputs(at(numbers), axis), BOTH.inputs(at(times), STAMPS))


def test_after_the_clock_was_put_back_the_hour_is_the_one_written() -> None:
    written = np.concatenate([stamps(27, start="2024-10-26"), stamps(24, start="2024-10-27T02:00")])
    change = PutBack(np.datetime64("2024-10-27T02:00", "us"), np.datetime64("2024-10-27T03:00", "us"), HOUR, HOUR)
    held = np.concatenate([written[:27], change.hold(written[27:28]), written[28:]])
    assert (np.diff(held) > 0).all()
    axis = TimeAxis("time", "timestamp", put_back=(change,))
    np.testing.assert_array_equal(written_times(held, axis), written.astype(np.int64))


def choose(dataset: Dataset, stop: int | None = None, **settings: object) -> Calendar:
    stops = [stop or len(dataset.series[0])]
    chosen = FitSettings(**settings)
    return choose_calendar(dataset, stops, chosen, prepare(dataset, stops))


def test_hour_and_weekday_are_inputs_where_both_matter() -> None:
    assert choose(dataset_at(*load(24 * 28))).parts == ("hour", "weekday")


@pytest.mark.parametrize(
    ("steps", "step", "weekend", "parts"),
    [
        (24 * 2, "1h", 0.2, ()),
        (24 * 13, "1h", 0.2, ()),
        (24 * 28, "1h", 1.0, ()),
        (96 * 14, "15m", 0.2, ("hour", "weekday")),
        (600, "1s", 0.2, ()),
        (100, "48h", 0.2, ()),
    ],
    ids=["too few days", "too few weeks", "no day is another", "two weeks", "minutes", "every other day"],
)
def test_what_a_record_has_too_little_of_is_no_input(
    steps: int, step: str, weekend: float, parts: tuple[str, ...]
) -> None:
    assert choose(dataset_at(*load(steps, step, weekend))).parts == parts


def test_of_one_value_a_day_the_weekday_can_matter_and_the_hour_cannot() -> None:
    times = stamps(70, "24h")
    values = np.where(np.arange(70) % 7 >= 5, 1.0, 5.0)[:, None] + 0.1 * np.sin(np.arange(70.0))[:, None]
    assert choose(dataset_at(times, values)).parts == ("weekday",)


@pytest.mark.parametrize("seed", range(5))
def test_where_nothing_follows_the_clock_nothing_of_it_is_an_input(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for values in (rng.standard_normal((24 * 42, 3)), rng.standard_normal((24 * 42, 1)).cumsum(0)):
        assert choose(dataset_at(stamps(len(values)), values)).parts == ()


@pytest.mark.parametrize("size", [1e-300, 1e306])
def test_the_unit_changes_nothing(size: float) -> None:
    times, values = load(24 * 28)
    assert choose(dataset_at(times, values * size)).parts == ("hour", "weekday")


@pytest.mark.parametrize("axis", [TimeAxis("time", "number"), TimeAxis("", "row")], ids=["numbers", "rows"])
def test_files_without_stamps_have_none(axis: TimeAxis) -> None:
    _, values = load(24 * 28)
    dataset = dataset_at(np.arange(24 * 28), values, axis)
    assert choose(dataset) == Calendar()
    assert prepare(dataset, [24 * 28]).inputs(dataset.series[0], axis).shape == values.shape


def test_nothing_after_the_train_span_is_looked_at() -> None:
    times, values = load(24 * 28)
    later = np.where(np.arange(len(values))[:, None] < 24 * 21, values, np.nan)
    assert choose(dataset_at(times, values), 24 * 21) == choose(dataset_at(times, later), 24 * 21)
    assert choose(dataset_at(times, values), 24 * 21).parts == ("hour", "weekday")
    assert choose(dataset_at(times, values), 24 * 5).parts == ()


def test_it_can_be_turned_off() -> None:
    assert choose(dataset_at(*load(24 * 28)), calendar="off").parts == ()


def test_many_short_records_on_many_days_make_weeks_together() -> None:
    times, values = load(24 * 28)
    whole = dataset_at(times, values)
    series = tuple(
        dataclasses.replace(
            whole.series[0], times=times[a : a + 24], values=values[a : a + 24], row_steps=np.arange(24)
        )
        for a in range(0, len(times), 24)
    )
    assert find_possible(dataclasses.replace(whole, series=series), [24] * 28, FitSettings()).parts == (
        "hour",
        "weekday",
    )


@pytest.mark.parametrize(
    ("parts", "settings", "told"),
    [
        ((), {}, ""),
        (("hour",), {}, "The hour of the day is an input."),
        (("hour", "weekday"), {}, "The hour of the day and the day of the week are inputs."),
        (
            ("hour", "weekday"),
            {"holidays": "2024-01-08"},
            "The hour of the day and the day of the week are inputs; 1 day counts as a day off.",
        ),
        (
            ("weekday",),
            {"holidays": "2024-01-08,2024-01-09"},
            "The day of the week is an input; 2 days count as days off.",
        ),
        (
            ("weekday",),
            {"holidays": "2023-01-08"},
            "The day of the week is an input; none of the holidays makes a working day of this file a day off.",
        ),
        ((), {"holidays": "DE", "calendar": "off"}, "The holidays change nothing: the calendar is off."),
    ],
)
def test_what_is_an_input_is_said(parts: tuple[str, ...], settings: dict[str, str], told: str) -> None:
    chosen = FitSettings(**settings)
    dataset = dataset_at(*load(24 * 14))
    assert describe_calendar(Calendar(parts, chosen.holidays), chosen, dataset) == told


def test_holidays_that_cannot_matter_say_why() -> None:
    chosen = FitSettings(holidays="DE")
    told = describe_calendar(Calendar(("hour",), chosen.holidays), chosen, dataset_at(*load(48)))
    assert told.startswith("The hour of the day is an input. The holidays change nothing: the day of the week")


def rhythm_of(kind: Kind, values: np.ndarray, steps: np.ndarray) -> tuple[str, ...]:
    return choose(with_kinds(dataset_at(steps, values[:, None]), kind)).parts


def test_a_counter_has_the_rhythm_of_its_rises() -> None:
    rng = np.random.default_rng(0)
    times, rises = load(24 * 28)
    assert rhythm_of("counter", rises[:, 0].cumsum(), times) == ("hour", "weekday")
    # What only rises is lower in every morning than in the evening.
    assert rhythm_of("counter", rng.random(24 * 28).cumsum(), times) == ()


def test_an_angle_has_the_rhythm_of_its_direction() -> None:
    times, hours = stamps(24 * 28), np.arange(24 * 28)
    noise = np.random.default_rng(0).normal(0, 100, len(hours))
    # Round the end of the circle: as numbers, mornings and evenings are half 0 and half 360.
    is_still = hours // 24 % 7 == 6
    breeze = (np.where(is_still, 0, np.where(hours % 24 < 12, 320, 40)) + noise / 10) % 360
    assert rhythm_of("angle", breeze, times) == ("hour", "weekday")
    assert rhythm_of("angle", noise % 360, times) == ()
