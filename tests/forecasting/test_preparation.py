"""What the network sees: scaled from the train span alone, complete, and in the right order."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain.exceptions import DataError, SettingsError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.fitting import FitSettings
from anomaly.domain.times import TimeAxis
from anomaly.forecasting.preparation import (
    FALLBACK_PERIOD,
    FEWEST_SHAPE_STEPS,
    LEAST_WIDTH,
    LONGEST_PERIOD,
    Scaler,
    find_dominant_period,
    find_train_stops,
    last_observed,
    prepare,
    propose_shape_widths,
    propose_width,
    validation_start,
)
from tests.naive import preparation as naive
from tests.support.strategies import make_dataset, make_series

NAN = float("nan")


def with_holes(steps: int = 200, channels: int = 3, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((steps, channels)) * np.logspace(-3, 6, channels) + 100
    return np.where(rng.random(values.shape) < 0.2, NAN, values)


def test_the_scaler_agrees_with_sums_written_out() -> None:
    values = with_holes()
    scaler = Scaler.fit(values)
    mean, deviation = naive.scaler(values)
    np.testing.assert_allclose(scaler.mean, mean)
    np.testing.assert_allclose(scaler.scale, deviation)
    np.testing.assert_allclose(scaler.transform(values), (values - mean) / deviation, rtol=1e-9, atol=1e-9)


def test_scaling_there_and_back_gives_the_values_again() -> None:
    values = with_holes()
    scaler = Scaler.fit(values[:50])
    np.testing.assert_allclose(scaler.inverse(scaler.transform(values)), values)


@pytest.mark.parametrize("constant", [0.0, 0.1, -273.15, 1e12, 1e-12])
def test_a_departure_of_a_constant_channel_counts_as_one_whatever_the_unit(constant: float) -> None:
    scaler = Scaler.fit(np.full((777, 1), constant))
    values = constant + np.array([[0.0], [1e-3], [-5.0], [NAN]]) * max(abs(constant), 1)

    np.testing.assert_array_equal(scaler.transform(values), [[0], [1], [-1], [NAN]])
    np.testing.assert_allclose(scaler.inverse(np.array([[3.0]])), [[constant]])


def test_the_last_observed_value_stands_in_for_a_missing_one_and_zero_before_the_first() -> None:
    values = np.array([[NAN, 1.0], [2.0, NAN], [NAN, NAN], [5.0, 4.0]])
    np.testing.assert_array_equal(last_observed(values), [[0, 1], [2, 1], [2, 1], [5, 4]])


def test_nothing_after_the_train_span_enters_the_scaling() -> None:
    values = with_holes()
    changed = values.copy()
    changed[120:] = 1e9
    first, second = (prepare(make_dataset(one), [120]) for one in (values, changed))
    np.testing.assert_array_equal(first.channels.mean, second.channels.mean)
    np.testing.assert_array_equal(first.channels.scale, second.channels.scale)
    assert first.flagged == second.flagged == (0, 1, 2)


def test_inputs_are_values_then_context_one_step_ahead_then_missing_flags() -> None:
    values = np.array([[1.0, 5.0], [NAN, 6.0], [3.0, 7.0], [5.0, 8.0]])
    context = np.array([[10.0], [20.0], [30.0], [60.0]])
    series = dataclasses.replace(make_series(values), context=context)
    dataset = make_dataset(values)
    columns = dataclasses.replace(dataset.columns, context=("switch",))
    prepared = prepare(dataclasses.replace(dataset, series=(series,), columns=columns), [4])

    inputs = prepared.inputs(series, dataset.time_axis)

    assert inputs.dtype == np.float32 and inputs.shape == (4, prepared.input_size)
    scaled = (np.array([1, 1, 3, 5]) - 3) / np.std([1, 3, 5])
    np.testing.assert_allclose(inputs[:, 0], scaled, rtol=1e-6)
    ahead = (np.array([20, 30, 60, 60]) - 30) / np.std([10, 20, 30, 60])
    np.testing.assert_allclose(inputs[:, 2], ahead, rtol=1e-6)
    np.testing.assert_array_equal(inputs[:, 3:], [[0], [1], [0], [0]])
    np.testing.assert_allclose(prepared.targets(series)[:, 0], np.where(np.isnan(values[:, 0]), NAN, scaled), rtol=1e-6)


@given(length=st.integers(0, 2000))
def test_about_a_seventh_of_each_train_span_is_held_out(length: int) -> None:
    start = validation_start(length)
    assert 0 <= start <= length
    assert length - start == int(0.15 * length)


def test_a_train_span_without_a_value_is_an_error_that_names_the_channels() -> None:
    values = np.full((50, 2), NAN)
    values[40:] = 1.0
    with pytest.raises(DataError, match="every cell of a, b is empty"):
        prepare(make_dataset(values), [40])


def records_of(*lengths: int) -> Dataset:
    return make_dataset(*(np.arange(2.0 * length).reshape(length, 2) for length in lengths))


@pytest.mark.parametrize(
    ("choice", "stops"),
    [
        ({}, [100, 3, 40]),
        ({"train_fraction": 0.5}, [50, 1, 20]),
        ({"train_rows": 30}, [30, 3, 30]),
        ({"train_until": "60"}, [60, 3, 40]),
        ({"train_until": "60.5"}, [61, 3, 40]),
    ],
)
def test_the_train_span_is_chosen_by_share_by_rows_or_by_time(choice: dict, stops: list[int]) -> None:
    assert find_train_stops(records_of(100, 3, 40), FitSettings(**choice)) == stops


@pytest.mark.parametrize("until", ["2025-01-02T00:00:00", "2025-01-02T01:00:00+01:00", "2025-01-02"])
def test_a_calendar_train_span_ends_before_the_time_given_in_any_offset(until: str) -> None:
    times = pd.date_range("2025-01-01", periods=60, freq="h").to_numpy().astype("datetime64[us]")
    plain = records_of(60)
    series = dataclasses.replace(plain.series[0], times=times)
    dataset = dataclasses.replace(plain, series=(series,), time_axis=TimeAxis("when", "timestamp"))
    assert find_train_stops(dataset, FitSettings(train_until=until)) == [24]


def hours_from(start: str, steps: int, offset: str = "") -> Dataset:
    """A record of `steps` hours; `start` in UTC."""
    times = pd.date_range(start, periods=steps, freq="h").to_numpy().astype("datetime64[us]")
    plain = records_of(steps)
    series = dataclasses.replace(plain.series[0], times=times)
    return dataclasses.replace(plain, series=(series,), time_axis=TimeAxis("when", "timestamp", offset=offset))


@pytest.mark.parametrize(
    ("until", "offset", "stop"),
    [
        ("21:30", "", 22),
        ("22:30:00", "+01:00", 22),
        ("2020-03-04T21:30", "", 22),
        ("2020-03-04T22:30", "+01:00", 22),
        ("2020-03-04T22:30+02:00", "+01:00", 21),
    ],
)
def test_a_time_is_local_to_the_file_and_a_time_of_day_of_the_day_it_has(until: str, offset: str, stop: int) -> None:
    """It was taken as today's, and all of an older file was learnt as healthy."""
    dataset = hours_from("2020-03-04T00:00" if not offset else "2020-03-03T23:00", 24, offset)
    expected = stop if not offset else stop + 1
    assert find_train_stops(dataset, FitSettings(train_until=until)) == [expected]


@pytest.mark.parametrize(("order", "stop"), [("day", 72), (None, 48), ("month", 48)])
def test_a_date_is_read_in_the_order_of_the_file(order: str | None, stop: int) -> None:
    """04/03 is the fourth of March where days come first, and else the third of April."""
    dataset = hours_from("2020-03-01T00:00" if order == "day" else "2020-04-01T00:00", 100)
    dataset = dataclasses.replace(dataset, time_axis=TimeAxis("when", "timestamp", order=order))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_train_stops(dataset, FitSettings(train_until="04/03/2020")) == [stop]
        iso = "2020-03-04" if order == "day" else "2020-04-03"
        assert find_train_stops(dataset, FitSettings(train_until=iso)) == [stop]


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("10:45", "expected a date beside the time, for the file has several days, from 2020-03-04T00:00:00 to "),
        (
            "2030-01-01",
            "within the file, which goes from 2020-03-04T00:00:00 to 2020-03-06T11:00:00, found '2030-01-01'",
        ),
        ("2019-12-31T10:45", "within the file"),
        ("10:45 PM", "such as 2025-03-01T12:00:00, found '10:45 PM'"),
        ("10:45+01:00", "such as 2025-03-01T12:00:00"),
        ("2020-13-45", "such as 2025-03-01T12:00:00, found '2020-13-45'"),
    ],
)
def test_a_time_without_its_date_or_outside_the_file_is_refused(until: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        find_train_stops(hours_from("2020-03-04T00:00", 60), FitSettings(train_until=until))


@pytest.mark.parametrize(
    ("lengths", "choice", "words"),
    [
        ((100, 3), {"train_rows": 101}, "expected at most 100, the steps of the longest record, found 101"),
        ((1200,), {"train_fraction": 0.01}, "expected at least 21 steps .* found 12"),
        ((30,), {"horizons": (1, 12)}, "expected at least 32 steps to learn from with horizons 1, 12, found 30"),
        ((5, 5, 5, 5, 5, 5, 5), {"horizons": (5,)}, "no record has more than 5 train steps.*horizons below 5"),
        ((100,), {"train_until": "noon"}, "column 'time', such as 1200, found 'noon'"),
        ((100, 40), {"train_until": "200"}, "within the file, which goes from 0.0 to 99.0, found '200'"),
        ((100,), {"train_until": "0"}, "within the file"),
        ((100,), {"train_until": "nan"}, "within the file"),
    ],
)
def test_a_wrong_train_span_says_what_was_expected_and_found(lengths: tuple, choice: dict, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        find_train_stops(records_of(*lengths), FitSettings(**choice))


@pytest.mark.parametrize("seed", range(6))
def test_the_dominant_period_agrees_with_the_autocorrelation_written_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps, period = int(rng.integers(15, 250)), rng.uniform(4, 40)
    wave = np.sin(2 * np.pi * np.arange(steps) / period)[:, None]
    values = np.concatenate([wave, wave**2, np.zeros((steps, 1))], 1) * [1.0, 30.0, 1.0]
    values[:, :2] += rng.uniform(0, 3) * rng.standard_normal((steps, 2))
    expected = naive.dominant_period(values, LONGEST_PERIOD, FALLBACK_PERIOD)
    assert find_dominant_period([values[:7], values]) == expected


@pytest.mark.parametrize("period", [4, 24, 144, 280])
def test_the_period_of_a_clean_sine_is_found(period: int) -> None:
    wave = np.sin(2 * np.pi * np.arange(3000) / period)[:, None]
    assert find_dominant_period([wave]) == period


@given(steps=st.integers(1, 400), constant=st.booleans())
def test_where_nothing_repeats_the_period_is_still_one_that_fits_in_the_record(steps: int, constant: bool) -> None:
    values = np.full((steps, 1), 3.0) if constant else np.arange(float(steps))[:, None]
    assert 1 <= find_dominant_period([values]) <= max(1, min(steps, LONGEST_PERIOD))


def test_a_small_movement_on_a_large_offset_is_not_taken_for_constant() -> None:
    scaler = Scaler.fit(1e12 + np.arange(700.0)[:, None] % 7)
    np.testing.assert_allclose(scaler.scale, 2.0, rtol=1e-3)
    assert np.isnan(Scaler.fit(np.full((700, 1), 0.1)).scale).all()


@pytest.mark.parametrize(("period", "width"), [(1, 40), (7, 42), (39, 78), (40, 40), (41, 41), (300, 300)])
def test_the_smoothing_width_is_whole_periods_and_at_least_forty_steps(period: int, width: int) -> None:
    assert propose_width(period) == width


@given(period=st.integers(1, LONGEST_PERIOD))
def test_no_fewer_periods_would_make_the_least_width(period: int) -> None:
    width = propose_width(period)
    assert width % period == 0 and width >= LEAST_WIDTH
    assert width == period or width - period < LEAST_WIDTH


@given(period=st.integers(1, LONGEST_PERIOD), steps=st.integers(0, 5000))
def test_four_stretches_of_any_width_fit_in_the_train_span_one_after_another(period: int, steps: int) -> None:
    widths = propose_shape_widths(period, steps)
    assert list(widths) == sorted(set(widths))
    assert all(FEWEST_SHAPE_STEPS <= width <= steps / 4 for width in widths)
    assert (len(widths) == 0) == (steps < 4 * FEWEST_SHAPE_STEPS)


@pytest.mark.parametrize(
    ("period", "steps", "widths"),
    [(50, 10_000, (50, 100)), (50, 320, (50, 80)), (50, 200, (50,)), (50, 100, (25,)), (5, 15, ()), (5, 16, (4,))],
)
def test_stretches_are_one_and_two_widths_long_where_the_train_span_holds_several(
    period: int, steps: int, widths: tuple[int, ...]
) -> None:
    assert propose_shape_widths(period, steps) == widths
