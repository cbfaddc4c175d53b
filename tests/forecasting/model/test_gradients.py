"""How far the gradient reaches, against the product of Jacobians."""

import numpy as np
import pytest
import torch

from anomaly.domain.forecasts import FADED, Reach
from anomaly.domain.settings.fitting import FitSettings
from anomaly.forecasting.model import gradients
from anomaly.forecasting.model.gradients import draw_network, follow_gradient
from anomaly.forecasting.model.streams import HUBER_BETA
from tests.naive import networks as naive
from tests.support.networks import RECURRENT, make_network, weights_of


def make_values(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Three inputs, two targets with holes."""
    inputs = np.random.default_rng(5).standard_normal((steps, 3))
    targets = inputs[:, :2].copy()
    targets[::7, 0] = np.nan
    return inputs, targets


@pytest.mark.parametrize("burn_in", [0, 6])
@pytest.mark.parametrize("cell", RECURRENT)
def test_the_norms_are_those_of_the_product_of_jacobians(
    cell: str, burn_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradients, "POSITIONS", 3)
    network, (inputs, targets), lags = make_network(cell), make_values(30), 8
    found = follow_gradient(network, inputs, targets, 1, lags, burn_in)

    ends = [lags + burn_in, 18 + burn_in // 2, 28]
    assert list(gradients._choose_ends(targets, 1, lags, burn_in, 3)) == ends
    each = []
    for end in ends:
        start = end - lags - burn_in
        part = inputs[start : end + 1]
        each.append(naive.reach(cell, weights_of(network), part, targets[end + 1], lags + burn_in, lags, HUBER_BETA))
    np.testing.assert_allclose(found, np.mean(each, 0), rtol=1e-4, atol=1e-9)


def test_a_window_reaches_back_as_far_as_it_is_long_and_no_further() -> None:
    network, (inputs, targets) = make_network("feedforward"), make_values(60)
    found = follow_gradient(network, inputs, targets, 1, 12, 8)
    assert (found[:5] > 0).all() and not found[5:].any()


def test_gradients_of_the_sum_over_all_layers_count() -> None:
    one, two = (follow_gradient(make_network("lstm", layers), *make_values(60), 1, 12, 8) for layers in (1, 2))
    assert (two > 0).all() and not np.allclose(one, two)


def test_gradients_vanish_in_a_forgetful_cell_and_not_in_one_that_keeps() -> None:
    values = make_values(400)
    forgetful, keeping = (
        follow_gradient(make_network("lstm", forget_bias=bias), *values, 1, 100, 50) for bias in (0.0, 8.0)
    )
    assert forgetful[100] < 1e-9 * forgetful[1]
    assert keeping[100] > 0.1 * keeping[1]


def test_nothing_to_foresee_is_no_gradient() -> None:
    inputs, targets = make_values(60)
    assert not follow_gradient(make_network("gru"), inputs, np.full_like(targets, np.nan), 1, 12, 8).any()


def test_the_untrained_network_is_the_one_that_training_starts_from() -> None:
    settings = FitSettings(hidden_units=4, seed=3, forget_bias="chrono")
    first, again = (draw_network(settings, 3, 2).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


@pytest.mark.parametrize(
    ("norms", "memory", "is_cut"),
    [
        ([1.0, 0.5, 0.02, 0.009, 0.001], 2, False),
        ([1.0, 2.0, 0.019, 0.0], 1, False),
        ([1.0, 0.9, 0.8], 2, True),
        ([0.0, 0.0], 0, False),
        ([1.0], 0, False),
    ],
)
def test_the_effective_memory_is_the_last_step_where_the_gradient_has_not_faded(
    norms: list[float], memory: int, is_cut: bool
) -> None:
    assert FADED == 0.01
    reach = Reach(np.zeros(len(norms)), np.array(norms))
    assert (reach.memory, reach.is_cut) == (memory, is_cut)


def test_what_is_too_small_to_hold_in_full_is_0_while_a_gradient_is_followed_and_only_then() -> None:
    network = draw_network(FitSettings(hidden_units=8), 3, 2)
    tiny = torch.tensor([1e-40])
    seen = []
    network.head.register_forward_hook(lambda *_: seen.append(float(tiny * 1.0)))
    inputs, targets = make_values(400)
    far = follow_gradient(network, inputs, targets, 1, 190, 0)
    assert set(seen) == {0.0} and float(tiny * 1.0) > 0
    assert far[0] > 0 and far[-1] == 0
