"""Predictions: aligned to the step they speak of, and the same whole, in pieces, alone or together."""

import numpy as np
import pytest
import torch

from anomaly.domain.settings.fitting import FitSettings
from anomaly.forecasting.model import forecaster as module
from anomaly.forecasting.model.forecaster import PIECE_STEPS, Forecaster
from anomaly.forecasting.model.network import Network
from tests.naive import networks as naive
from tests.support.networks import weights_of


def make_forecaster(cell: str = "lstm", horizons: tuple[int, ...] = (1,), memory: float = 0.0) -> Forecaster:
    """Untrained, 3 inputs and 2 channels; `memory` is added to the LSTM's forget gate."""
    settings = FitSettings(cell=cell, hidden_units=8, horizons=horizons, forget_bias=memory)
    network = Network(settings, 3, 2, torch.Generator().manual_seed(0))
    return Forecaster(network, horizons)


def make_inputs(steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((steps, 3)).astype(np.float32)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_prediction_stands_at_the_step_it_speaks_of_and_was_made_horizon_steps_before(cell: str) -> None:
    forecaster, inputs = make_forecaster(cell, (1, 4)), make_inputs(30)

    found = forecaster.predict([inputs])[0]

    made, _ = naive.run(cell, weights_of(forecaster.network), inputs, naive.empty_state(cell, 1, 8))
    made = made.reshape(30, 2, 2)
    assert found.shape == (2, 30, 2)
    for position, horizon in enumerate((1, 4)):
        assert np.isnan(found[position, :horizon]).all()
        for step in range(horizon, 30):
            np.testing.assert_allclose(found[position, step], made[step - horizon, position], atol=1e-5)


def test_pieces_equal_the_unbroken_run_once_the_memory_is_measured() -> None:
    inputs = make_inputs(3 * PIECE_STEPS + 100)
    for memory in (0.0, 4.0):
        forecaster = make_forecaster(memory=memory)
        forecaster.burn_in = forecaster.measure_burn_in(inputs)
        whole, pieces = forecaster.predict_whole(inputs), forecaster.predict([inputs])[0]
        np.testing.assert_allclose(pieces, whole, atol=module.FORGOTTEN)


def test_the_measured_burn_in_is_long_for_a_long_memory_and_short_for_a_short_one() -> None:
    inputs = make_inputs(3000)
    short, long = (make_forecaster(memory=memory).measure_burn_in(inputs) for memory in (-6.0, 4.0))
    assert short == 16
    assert 128 <= long <= module.MOST_BURN_IN

    forecaster = make_forecaster(memory=4.0)
    forecaster.burn_in = 16
    whole, pieces = forecaster.predict_whole(inputs), forecaster.predict([inputs])[0]
    assert np.nanmax(np.abs(whole - pieces)) > module.FORGOTTEN, "so much burn-in is needed"


@pytest.mark.parametrize("horizons", [(1,), (7, 2)])
def test_predictions_are_filled_right_across_every_seam(horizons: tuple[int, ...]) -> None:
    forecaster, inputs = make_forecaster(horizons=horizons), make_inputs(2 * PIECE_STEPS + 3)
    whole, pieces = forecaster.predict_whole(inputs), forecaster.predict([inputs])[0]
    np.testing.assert_array_equal(np.isnan(pieces), np.isnan(whole))
    np.testing.assert_allclose(pieces, whole, atol=module.FORGOTTEN)


def test_records_predicted_together_equal_records_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_VALUES", 3 * (PIECE_STEPS + module.DEFAULT_BURN_IN) * 8)
    forecaster = make_forecaster(horizons=(1, 3))
    records = [make_inputs(steps, seed) for seed, steps in enumerate([1, 700, 2, 0, 3, 1500, 40, 512, 513])]

    together = forecaster.predict(records)

    for inputs, found in zip(records, together, strict=True):
        assert found.shape == (2, len(inputs), 2)
        np.testing.assert_allclose(found, forecaster.predict([inputs])[0], atol=1e-5)


def test_later_inputs_never_change_earlier_predictions() -> None:
    forecaster, inputs = make_forecaster(horizons=(1, 3)), make_inputs(1300)
    before = forecaster.predict([inputs])[0]
    for cut in (1, 511, 512, 513, 1000):
        changed = inputs.copy()
        changed[cut:] = 50.0
        after = forecaster.predict([changed])[0]
        np.testing.assert_array_equal(after[:, : cut + 1], before[:, : cut + 1])
        assert not np.array_equal(after[0, cut + 1], before[0, cut + 1])


def test_records_cut_short_are_predicted_as_far_as_they_go() -> None:
    forecaster, inputs = make_forecaster(), make_inputs(1300)
    whole = forecaster.predict([inputs])[0]
    np.testing.assert_allclose(forecaster.predict([inputs[:900]])[0], whole[:, :900], atol=1e-5)


def test_the_warm_up_lasts_until_a_run_without_a_past_is_about_as_good_as_usual() -> None:
    inputs, noise = make_inputs(1000), 0.02 * make_inputs(1000, seed=1)[:, :2]
    warm_ups = []
    for memory in (-6.0, 1.0, 3.0):
        forecaster = make_forecaster(memory=memory)
        targets = np.nan_to_num(forecaster.predict_whole(inputs)[0]) + noise
        warm_ups.append(forecaster.measure_warm_up(inputs, targets))
    assert warm_ups[0] == 1, "nothing to remember: good from the first prediction on"
    assert warm_ups[0] < warm_ups[1] < warm_ups[2] <= module.MOST_WARM_UP


def test_the_warm_up_agrees_with_runs_made_one_by_one() -> None:
    forecaster, inputs = make_forecaster(memory=1.0), make_inputs(95)
    targets = np.nan_to_num(forecaster.predict_whole(inputs)[0]) + 0.02 * make_inputs(95, seed=1)[:, :2]
    targets[40:43, 1] = np.nan
    usual = np.nanmean(np.abs(targets - forecaster.predict_whole(inputs)[0])[32:])
    fresh = [np.abs(targets[s : s + 32] - forecaster.predict_whole(inputs[s : s + 32])[0]) for s in range(64)]
    good = [step for step in range(1, 32) if np.nanmean([run[step] for run in fresh]) <= module.CLEARLY_WORSE * usual]
    assert forecaster.measure_warm_up(inputs, targets) == good[0] > 1
