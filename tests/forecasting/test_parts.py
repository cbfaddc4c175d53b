"""What of a channel is learnt, by its kind, and what a forecast of that says of the channel."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from anomaly.domain.records import Dataset
from anomaly.domain.settings.fitting import FitSettings
from anomaly.domain.settings.reading import KINDS, Kind
from anomaly.forecasting.drift import describe_inputs, measure_drift
from anomaly.forecasting.fitting import fit
from anomaly.forecasting.preparation import Preparation, prepare
from anomaly.forecasting.storage import load, save
from anomaly.pipeline import detect
from anomaly.showing.export import points_csv
from tests.support.strategies import make_dataset, quick_settings, with_kinds

STEPS = 400
RNG = np.random.default_rng(0)
TIME = np.arange(STEPS)
CHANNELS: dict[Kind, np.ndarray] = {
    "value": 20 + np.sin(TIME / 9) + 0.05 * RNG.standard_normal(STEPS),
    "angle": (350 + 30 * np.sin(TIME / 12) + RNG.standard_normal(STEPS)) % 360,
    "counter": np.cumsum(np.abs(1 + np.sin(TIME / 9) + 0.05 * RNG.standard_normal(STEPS))),
    "state": (TIME // 20 % 3).astype(float),
    "count": RNG.poisson(20, STEPS).astype(float),
}


def dataset_of(*kinds: Kind, **changed: np.ndarray) -> Dataset:
    values = np.stack([(CHANNELS | changed)[kind] for kind in kinds], 1)
    return with_kinds(make_dataset(values), *kinds)


def perfect(prepared: Preparation, dataset: Dataset) -> np.ndarray:
    """The outputs (1, T, M) of a network that foresees all."""
    return prepared.targets(dataset.series[0])[None].astype(float)


def residuals(dataset: Dataset, outputs: np.ndarray | None = None) -> np.ndarray:
    """(T, C) in standard deviations; of a forecaster that always foresees what one step before was, unless told."""
    prepared, series = prepare(dataset, [STEPS]), dataset.series[0]
    if outputs is None:
        outputs = np.roll(perfect(prepared, dataset), 1, 1)
    return prepared.residuals(prepared.make_forecast(series, outputs))[0]


@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), KINDS, KINDS[::-1]], ids=str)
def test_what_is_foreseen_perfectly_leaves_no_residual(kinds: tuple[Kind, ...]) -> None:
    dataset = dataset_of(*kinds)
    prepared, series = prepare(dataset, [STEPS]), dataset.series[0]
    forecast = prepared.make_forecast(series, perfect(prepared, dataset))
    # A counter's first reading has nothing to rise from.
    np.testing.assert_allclose(forecast.predicted[1:], series.values[1:], rtol=1e-5)
    np.testing.assert_allclose(forecast.residuals[0, 1:], 0, atol=1e-3)
    # That a state was to come does not say that it is no rare one, or stays no longer than usual.
    least = [0.7 if kind == "state" else 1e-5 for kind in kinds]
    assert (np.nan_to_num(np.abs(prepared.residuals(forecast)[0])) <= least).all()
    assert prepared.share_by_channel(np.full((1, prepared.target_size), 1.0)).shape == (1, len(kinds))


def test_all_values_are_learnt_as_they_were_before_there_were_kinds() -> None:
    values = np.stack([CHANNELS["value"], CHANNELS["count"]], 1)
    plain, told = make_dataset(values), with_kinds(make_dataset(values), "value", "value")
    one, other = (prepare(dataset, [STEPS]) for dataset in (plain, told))
    np.testing.assert_array_equal(one.targets(plain.series[0]), other.targets(told.series[0]))
    scaled = (values - values.mean(0)) / values.std(0)
    np.testing.assert_allclose(one.targets(plain.series[0]), scaled, rtol=1e-5)


@pytest.mark.parametrize("by", [10.0, 90.0, 200.0])
def test_where_north_is_changes_nothing_of_an_angle(by: float) -> None:
    turned = dataset_of("angle", angle=(CHANNELS["angle"] + by) % 360)
    np.testing.assert_allclose(residuals(turned), residuals(dataset_of("angle")), atol=1e-5)
    scales = [prepare(one, [STEPS]).scaler.scale for one in (turned, dataset_of("angle"))]
    np.testing.assert_allclose(*scales, rtol=1e-5)
    assert scales[0][0] == scales[0][1]


def test_an_angle_to_either_side_of_0_is_that_of_a_whole_turn() -> None:
    signed = dataset_of("angle", angle=(CHANNELS["angle"] + 180) % 360 - 180)
    np.testing.assert_allclose(residuals(signed), residuals(dataset_of("angle")), atol=1e-5)
    prepared = prepare(signed, [STEPS])
    predicted = prepared.make_forecast(signed.series[0], perfect(prepared, signed)).predicted
    assert predicted.min() < 0
    assert np.abs(predicted).max() <= 180


def test_what_a_counter_read_when_it_was_first_read_changes_nothing() -> None:
    later = dataset_of("counter", counter=CHANNELS["counter"] + 1e6)
    np.testing.assert_allclose(residuals(later), residuals(dataset_of("counter")), atol=1e-4)


def test_a_reset_is_not_scored_and_what_follows_is() -> None:
    values = CHANNELS["counter"].copy()
    values[200:] -= values[200]
    reset = residuals(dataset_of("counter", counter=values))
    assert np.isnan(reset[200, 0])
    np.testing.assert_allclose(reset[210:], residuals(dataset_of("counter"))[210:], atol=0.1)


def test_a_gap_of_a_counter_tells_its_mean_rise_at_its_end() -> None:
    values = CHANNELS["counter"].copy()
    values[100:105] = np.nan
    dataset = dataset_of("counter", counter=values)
    prepared, series = prepare(dataset, [STEPS]), dataset.series[0]
    rises = prepared.parts.observed(series)[:, 0]
    assert np.isnan(rises[100:105]).all()
    assert rises[105] == pytest.approx((values[105] - values[99]) / 6)
    forecast = prepared.make_forecast(series, perfect(prepared, dataset))
    assert forecast.predicted[105, 0] == pytest.approx(values[105], rel=1e-5)


def test_a_step_that_comes_late_tells_no_rise() -> None:
    dataset = dataset_of("counter")
    times = TIME + 50.0 * (TIME >= 200)
    late = dataclasses.replace(dataset, series=(dataclasses.replace(dataset.series[0], times=times),))
    assert np.flatnonzero(np.isnan(residuals(late)[:, 0])).tolist() == [0, 1, 200, 201]


def test_counts_vary_alike_whether_few_or_many_are_counted() -> None:
    rng = np.random.default_rng(1)
    mean = np.where(TIME < STEPS / 2, 5.0, 500.0)
    dataset = dataset_of("count", count=rng.poisson(mean).astype(float))
    prepared = prepare(dataset, [STEPS])
    outputs = prepared.scaler.transform(np.sqrt(mean + 3 / 8)[:, None])[None]
    found = residuals(dataset, outputs)[:, 0]
    few, many = found[: STEPS // 2].std(), found[STEPS // 2 :].std()
    assert 0.8 < few / many < 1.25


def test_a_prediction_beyond_the_end_of_a_counter_adds_to_its_last_reading() -> None:
    dataset = dataset_of("counter")
    prepared, series = prepare(dataset, [STEPS]), dataset.series[0]
    last = prepared.predicted(np.zeros((1, 1, 1)), series, STEPS)[0, 0, 0]
    assert last == pytest.approx(series.values[-1, 0] + prepared.scaler.mean[0])


@pytest.mark.parametrize("kind", KINDS)
def test_the_future_changes_no_residual_of_the_past(kind: Kind) -> None:
    values = CHANNELS[kind].copy()
    values[300:] = values[250] if kind == "state" else 3 * values[300:] + 7
    changed = dataset_of(kind, **{kind: values})
    learnt = prepare(dataset_of(kind), [200])
    outputs = np.roll(perfect(learnt, dataset_of(kind)), 1, 1)
    found = [
        learnt.residuals(learnt.make_forecast(one.series[0], outputs))[0, :300] for one in (dataset_of(kind), changed)
    ]
    np.testing.assert_array_equal(*found)


def test_a_channel_of_states_of_which_none_is_known_is_never_scored() -> None:
    dataset = dataset_of("value", "state", state=np.where(TIME < 300, np.nan, CHANNELS["state"]))
    fitted = fit(dataset, quick_settings(epochs=1))
    assert np.isnan(detect(fitted, dataset).scores[0].contributions[:, 1]).all()


def test_every_kind_comes_back_from_a_folder_and_detects_the_same(tmp_path: Path) -> None:
    dataset = dataset_of(*KINDS)
    fitted = fit(dataset, quick_settings(epochs=2, horizons=(1, 2)))
    save(fitted, tmp_path)
    again = load(tmp_path)
    assert again.preparation.parts.states == fitted.preparation.parts.states
    assert again.preparation.parts.circles == fitted.preparation.parts.circles
    assert points_csv(detect(again, dataset)) == points_csv(detect(fitted, dataset))


def test_readings_that_are_new_every_time_are_no_drift() -> None:
    dataset = dataset_of("counter")
    later = dataset_of("counter", counter=CHANNELS["counter"] + 1e5)
    (drift,) = measure_drift(describe_inputs(dataset, [STEPS]), later)
    assert drift.word == "none"


def planted(kind: Kind) -> tuple[Dataset, range]:
    """A channel in which something is wrong that is plain to its kind alone."""
    steps, rng = 1_500, np.random.default_rng(3)
    time, wrong = np.arange(steps), range(1_000, 1_030)
    if kind == "angle":
        values = 355 + 25 * np.sin(time / 90) + 4 * rng.standard_normal(steps)
        values[list(wrong)] += 110
        values %= 360
    elif kind == "counter":
        use = np.abs(0.4 + 0.3 * np.sin(time / 12 * np.pi) + 0.05 * rng.standard_normal(steps))
        use[list(wrong)] += 1
        values = np.cumsum(use)
    else:
        values = (np.cumsum(rng.random(steps) < 0.04) % 2).astype(float)
        wrong = range(900, 1_300)
        values[list(wrong)] = 1.0
    return with_kinds(make_dataset(values[:, None]), kind), wrong


@pytest.mark.parametrize("kind", ["angle", "counter", "state"])
def test_the_first_event_is_what_is_wrong_by_its_kind(kind: Kind) -> None:
    dataset, wrong = planted(kind)
    fitted = fit(dataset, FitSettings(hidden_units=16, epochs=12, device="cpu"))
    detection = detect(fitted, dataset)
    first = detection.events[0]
    assert first.span.start < wrong.stop
    assert first.span.stop > wrong.start
    sentence = detection.explain(first).sentence
    assert {"angle": "a ", "counter": "the rise of a ", "state": "a was 1 for 4"}[kind] in sentence


@pytest.mark.parametrize("turn", [90.0, 123.4, 180.0])
def test_how_a_vane_is_mounted_changes_no_score(turn: float) -> None:
    """A network that sees sine and cosine of where north happens to be learns another thing for every turn."""
    vane = CHANNELS["angle"].copy()
    vane[250:260] = 120
    one, other = (dataset_of("angle", "value", angle=(vane + by) % 360) for by in (0.0, turn))
    found, turned = (detect(fit(dataset, quick_settings(epochs=2)), dataset) for dataset in (one, other))
    np.testing.assert_allclose(found.scores[0].values, turned.scores[0].values, atol=1e-3)
    np.testing.assert_allclose(found.half_band, turned.half_band, rtol=1e-3)


def test_the_kinds_that_were_learnt_hold_for_a_file_read_without_them(tmp_path: Path) -> None:
    dataset = dataset_of("angle", "counter")
    fitted = fit(dataset, quick_settings(epochs=1))
    other = dataclasses.replace(with_kinds(dataset, "value", "count"), digest="another")
    found = detect(fitted, other)
    assert found.dataset.columns.kinds == ("angle", "counter")
    assert points_csv(found) == points_csv(detect(fitted, dataset))
    assert all(one.word == "none" for one in fitted.drift(other))
