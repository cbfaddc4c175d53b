"""fit and detect end to end: what they must find, and what must change nothing."""

import dataclasses

import numpy as np
import pytest

from anomaly import pipeline
from anomaly.detecting.detection import Detection
from anomaly.domain.exceptions import DataError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.settings.fitting import FitSettings
from anomaly.forecasting.fitting import Fitted, fit
from anomaly.pipeline import detect
from tests.support.strategies import QUICK, make_dataset, quick_settings, sine_values

NAN = float("nan")


def weights_of(fitted: Fitted) -> dict[str, np.ndarray]:
    return {name: weight.numpy() for name, weight in fitted.forecaster.network.state_dict().items()}


def assert_same_fit(one: Fitted, other: Fitted) -> None:
    weights, others = weights_of(one), weights_of(other)
    for name, weight in weights.items():
        np.testing.assert_array_equal(weight, others[name], err_msg=name)
    for part, other_part in zip(one.reference, other.reference, strict=True):
        np.testing.assert_array_equal(part, other_part)
    assert one.period == other.period


def with_values(dataset: Dataset, values: np.ndarray, **changes: object) -> Dataset:
    series = dataclasses.replace(dataset.series[0], values=values, **changes)
    return dataclasses.replace(dataset, series=(series,))


def scores_after_fit(dataset: Dataset, settings: FitSettings = QUICK) -> np.ndarray:
    return detect(fit(dataset, settings), dataset).scores[0].values


def test_a_planted_peak_is_the_first_event_and_is_described_truly(sine_dataset: Dataset, sine_fitted: Fitted) -> None:
    found = detect(sine_fitted, sine_dataset, DetectSettings(smoothing=1))
    first = found.events[0]
    assert 800 <= first.peak < 806
    assert (first.channel, first.direction) == ("b", "above")
    assert first.observed == sine_dataset.series[0].values[first.peak, 1]
    assert first.expected == found.forecasts[0].predicted[first.peak, 1]
    assert [event.peak_score for event in found.events] == sorted((e.peak_score for e in found.events), reverse=True)


def test_per_step_arrays_have_the_length_of_the_record(sine_dataset: Dataset, sine_fitted: Fitted) -> None:
    found = detect(sine_fitted, sine_dataset)
    assert found.forecasts[0].predicted_by_horizon.shape == (1, 900, 2)
    assert found.scores[0].values.shape == found.flags(0).shape == (900,)
    assert found.scores[0].contributions.shape == (900, 2)
    assert np.isnan(found.scores[0].values).nonzero()[0].tolist() == [0], "nothing foretold the first step"


def test_auto_smoothing_takes_whole_periods_and_the_settings_say_so(sine_dataset: Dataset, sine_fitted: Fitted) -> None:
    found = detect(sine_fitted, sine_dataset)
    assert sine_fitted.period == 25
    assert found.settings.smoothing == found.settings.merge_gap == sine_fitted.width == 50


@pytest.mark.parametrize("cut", [500, 790, 803])
def test_the_future_does_not_change_the_past(sine_dataset: Dataset, sine_fitted: Fitted, cut: int) -> None:
    values = sine_dataset.series[0].values.copy()
    values[cut:] = np.where(np.arange(900 - cut)[:, None] % 3, 1e4, NAN)
    changed = with_values(sine_dataset, values)

    before, after = (pipeline.forecast(sine_fitted, one)[0].predicted for one in (sine_dataset, changed))
    np.testing.assert_array_equal(after[: cut + 1], before[: cut + 1])
    for settings, untouched in (
        (DetectSettings(smoothing=20, smoothing_window="trailing"), cut),
        (DetectSettings(smoothing=20), cut - sine_fitted.stretches.shapes[-1].width * 11 // 10),
    ):
        before, after = (detect(sine_fitted, one, settings).scores[0].values for one in (sine_dataset, changed))
        np.testing.assert_array_equal(after[:untouched], before[:untouched])
        assert not np.array_equal(after[cut:], before[cut:])


def test_values_after_the_train_span_change_nothing_of_the_fit(sine_dataset: Dataset) -> None:
    values = sine_dataset.series[0].values.copy()
    values[630:] = NAN
    values[700] = 1e6
    assert_same_fit(fit(sine_dataset, QUICK), fit(with_values(sine_dataset, values), QUICK))


def test_labels_change_nothing_of_the_fit_nor_of_what_is_found(sine_dataset: Dataset) -> None:
    values, labels = sine_dataset.series[0].values, np.arange(900) % 2 == 0
    plain, labelled = fit(sine_dataset, QUICK), fit(with_values(sine_dataset, values, labels=labels), QUICK)
    assert_same_fit(plain, labelled)
    found, other = (detect(plain, one) for one in (sine_dataset, with_values(sine_dataset, values, labels=~labels)))
    np.testing.assert_array_equal(found.scores[0].values, other.scores[0].values)
    assert found.events == other.events


def test_the_same_file_settings_and_seed_give_the_same_answer(sine_dataset: Dataset) -> None:
    first, again = fit(sine_dataset, QUICK), fit(sine_dataset, QUICK)
    assert_same_fit(first, again)
    assert detect(first, sine_dataset).events == detect(again, sine_dataset).events


@pytest.mark.parametrize(("factor", "shift"), [(1000.0, 0.0), (1.8, 32.0), (1e-6, 0.0), (1.0, -300.0)])
def test_a_change_of_units_does_not_change_the_scores(sine_dataset: Dataset, factor: float, shift: float) -> None:
    values = sine_dataset.series[0].values.copy()
    values[:, 1] = factor * values[:, 1] + shift
    np.testing.assert_allclose(
        scores_after_fit(with_values(sine_dataset, values)), scores_after_fit(sine_dataset), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("order", [[2, 1, 0], [1, 2, 0]])
def test_the_order_of_the_channels_does_not_change_the_scores(order: list[int]) -> None:
    values = np.concatenate([sine_values(500), sine_values(500, period=10, seed=1)[:, :1]], 1)
    values[100:120, 1] = NAN
    values[200:230, 0] = NAN
    plain, turned = make_dataset(values), make_dataset(values[:, order], names="".join("abc"[c] for c in order))
    found, other = (detect(fit(dataset, QUICK), dataset) for dataset in (plain, turned))
    np.testing.assert_allclose(other.scores[0].values, found.scores[0].values, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(other.forecasts[0].predicted, found.forecasts[0].predicted[:, order], rtol=1e-3)
    np.testing.assert_allclose(other.half_band, found.half_band[order], rtol=1e-3)


def test_warm_up_steps_are_predicted_but_neither_scored_nor_flagged(sine_dataset: Dataset, sine_fitted: Fitted) -> None:
    values = sine_dataset.series[0].values.copy()
    values[:5] += 100.0
    found = detect(dataclasses.replace(sine_fitted, warm_up=5), with_values(sine_dataset, values))
    assert np.isnan(found.scores[0].values).nonzero()[0].tolist() == [0, 1, 2, 3, 4]
    assert not found.flags(0)[:5].any()
    assert np.isfinite(found.forecasts[0].predicted[1:]).all()


def test_a_constant_channel_is_expected_to_stay_as_it_is_and_its_departure_is_found() -> None:
    values = np.concatenate([sine_values(600), np.full((600, 1), 7.0)], 1)
    values[550:553, 2] = 7.5
    dataset = make_dataset(values)
    found = detect(fit(dataset, QUICK), dataset, DetectSettings(smoothing=1))
    np.testing.assert_array_equal(found.forecasts[0].predicted[1:, 2], 7.0)
    assert np.isfinite(found.scores[0].values[1:]).all()
    assert (found.events[0].channel, found.events[0].observed, found.events[0].expected) == ("c", 7.5, 7.0)
    assert found.events[0].span.start == 550


@pytest.mark.parametrize("window", ["centred", "trailing"])
def test_steps_without_any_value_have_no_score_and_are_never_flagged(sine_fitted: Fitted, window: str) -> None:
    values = sine_values(300)
    values[100:120] = NAN
    values[200:210, 0] = NAN
    values[121:124] += 100.0
    found = detect(sine_fitted, make_dataset(values), DetectSettings(smoothing=10, smoothing_window=window))
    unknown = np.isnan(found.scores[0].values)
    assert unknown.nonzero()[0].tolist() == [0, *range(100, 120)]
    assert not found.flags(0)[unknown].any() and found.flags(0)[121:124].all()
    assert np.isfinite(found.forecasts[0].predicted[1:]).all()


def test_holes_in_the_train_span_are_learnt_around() -> None:
    values = sine_values(600)
    values[np.random.default_rng(0).random(values.shape) < 0.3] = NAN
    values[560:565] = [40.0, -3.0]
    dataset = make_dataset(values)
    found = detect(fit(dataset, quick_settings(epochs=10)), dataset, DetectSettings(smoothing=1))
    assert 560 <= found.events[0].peak < 565 and found.events[0].channel == "a"


def test_the_reference_scores_are_those_of_the_train_span(sine_dataset: Dataset) -> None:
    values = np.concatenate([sine_dataset.series[0].values, np.full((900, 1), 7.0)], 1)
    dataset = make_dataset(values)
    fitted = fit(dataset, QUICK)
    found = detect(fitted, dataset, DetectSettings(smoothing=10, smoothing_window="trailing"))
    expected = found.scores[0].values[1:630]
    np.testing.assert_allclose(found.threshold.reference, expected, rtol=1e-4, atol=1e-4)


def detect_together_and_alone(records: list[np.ndarray]) -> tuple[Detection, list[Detection]]:
    dataset = make_dataset(*records)
    fitted = fit(dataset, QUICK)
    alone = [detect(fitted, dataclasses.replace(dataset, series=(series,))) for series in dataset.series]
    return detect(fitted, dataset), alone


def test_records_of_any_lengths_train_and_score_together_as_alone() -> None:
    lengths = [1, 300, 2, 3, 97, 650]
    together, alone = detect_together_and_alone([sine_values(n, seed=n) for n in lengths])
    assert [len(scores.values) for scores in together.scores] == lengths
    assert np.isnan(together.scores[0].values).all()
    for scores, single in zip(together.scores, alone, strict=True):
        np.testing.assert_allclose(scores.values, single.scores[0].values, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("horizons", [(1, 5), (5, 1)])
def test_predicted_is_by_the_shortest_horizon_whatever_the_order_given(horizons: tuple[int, ...]) -> None:
    dataset = make_dataset(sine_values(300))
    found = pipeline.forecast(fit(dataset, quick_settings(horizons=horizons)), dataset)[0]
    assert np.isnan(found.predicted_by_horizon).sum() == (1 + 5) * 2
    assert np.isnan(found.predicted).sum() == 2


def test_moving_the_threshold_up_never_adds_a_flag(sine_dataset: Dataset, sine_fitted: Fitted) -> None:
    low, high = (
        detect(sine_fitted, sine_dataset, DetectSettings(threshold_rule="value", threshold=value)).flags(0)
        for value in (0.5, 2.0)
    )
    assert (low | ~high).all() and low.sum() > high.sum() > 0


def test_the_band_holds_99_percent_of_the_train_span(sine_dataset: Dataset, sine_fitted: Fitted) -> None:
    found = detect(sine_fitted, sine_dataset)
    inside = np.abs(found.forecasts[0].residuals[0, 1:630]) <= found.half_band
    assert inside.mean(0) == pytest.approx([0.99, 0.99], abs=0.005)


def test_other_channels_than_those_trained_on_are_an_error_that_names_both(sine_fitted: Fitted) -> None:
    with pytest.raises(DataError, match="monitored channels a, b, in this order; made gives b, a"):
        detect(sine_fitted, make_dataset(sine_values(50), names="ba"))


def test_each_epoch_is_told_as_it_ends_and_a_fit_can_be_stopped(sine_dataset: Dataset) -> None:
    told = []
    fitted = fit(sine_dataset, QUICK, on_epoch=told.append, should_stop=lambda: len(told) == 2)
    assert tuple(told) == fitted.epochs
    assert [epoch.number for epoch in told] == [1, 2]
    assert "on request in epoch 3" in fitted.ended


def test_a_channel_that_is_empty_in_the_train_span_is_never_scored() -> None:
    values = sine_values(400)
    late = np.where(np.arange(400) < 250, np.nan, 5.0)[:, None]
    dataset = make_dataset(np.concatenate([values, late], 1))
    found = detect(fit(dataset, quick_settings(train_fraction=0.5)), dataset)
    assert np.isnan(found.scores[0].contributions[:, 2]).all()
    assert np.isfinite(found.scores[0].values[50:]).all()


def test_what_is_flagged_is_what_the_written_figures_say(sine_dataset: Dataset, sine_fitted: Fitted) -> None:
    for quantile in (0.9, 0.99, 0.995, 1.0):
        points = detect(sine_fitted, sine_dataset, DetectSettings(threshold=quantile)).points()
        assert (points["flagged"] == (points["score"] > points["threshold"])).all()
