"""How far back the gradient reaches: the norm of dL_t / ds_{t-k}, computed exactly by backpropagation through time.

It holds a product of k Jacobians, which shrinks or grows exponentially with k (Bengio et al. 1994, Pascanu et al.
2013). Where it has vanished, nothing further back can be learnt, nor does it affect the prediction.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from anomaly.domain import FitSettings, Reach
from anomaly.forecasting.model.cells import Recurrent
from anomaly.forecasting.model.effort import activation_bytes
from anomaly.forecasting.model.forecaster import Forecaster
from anomaly.forecasting.model.network import Network, compute_threads
from anomaly.forecasting.model.streams import HUBER_BETA

POSITIONS = 32
"""steps t whose losses are followed back and averaged"""
FEWEST_POSITIONS, MOST_WORK = 4, 3e10
"""positions followed even in a large network; operations above which fewer than POSITIONS are"""
MOST_BYTES = 256e6
"""kept for backpropagation at a time"""
REACH_LAGS = 256
"""steps that the gradient is followed back; four times as many where it has not faded by then"""


def measure_reach(forecaster: Forecaster, settings: FitSettings, inputs: np.ndarray, targets: np.ndarray) -> Reach:
    """Gradient reach over one record's inputs (T, D) and targets (T, C), before and after training."""
    before = draw_network(settings, inputs.shape[1], targets.shape[1]).to(forecaster.device)

    def follow(lags: int) -> Reach:
        lags = min(lags, len(inputs) // 2)
        networks = (before, forecaster.network)
        return Reach(
            *(follow_gradient(one, inputs, targets, settings.horizons[0], lags, forecaster.burn_in) for one in networks)
        )

    reach = follow(REACH_LAGS)
    return follow(4 * REACH_LAGS) if reach.is_cut else reach


def draw_network(settings: FitSettings, input_size: int, channels: int) -> Network:
    """The untrained network from which training with `settings` starts."""
    return Network(settings, input_size, channels, torch.Generator().manual_seed(settings.seed))


def follow_gradient(
    network: Network, inputs: np.ndarray, targets: np.ndarray, horizon: int, lags: int, burn_in: int
) -> np.ndarray:
    """(lags + 1,) mean norm over t of dL_t / ds_{t-k}, for k = 0 ... lags, of a run over inputs (T, D).

    L_t is the mean Huber loss over the observed targets (T, C) at t + `horizon`, the shortest; s the whole state, of
    all layers. For a window, s is its inputs, and 0 beyond them. Each run warms up for at most
    `burn_in` steps. All 0 where nothing is observed.
    """
    weights = sum(weight.numel() for weight in network.parameters())
    ends = _choose_ends(targets, horizon, lags, burn_in, count_positions(weights, lags))
    if not len(ends):
        return np.zeros(lags + 1)
    warm = min(burn_in, int(ends.min()) - lags)
    steps = ends[:, None] + np.arange(-lags - warm, 1)
    device = network.head.weight.device
    with compute_threads(), _without_denormals():
        seen = torch.from_numpy(inputs[steps]).to(device, network.head.weight.dtype)
        wanted = torch.from_numpy(targets[ends + horizon]).to(seen)
        follow = _follow_state if isinstance(network.hidden, Recurrent) else _follow_inputs
        # A model in training mode drops hidden values, and cuDNN only differentiates a model in that mode.
        network.eval()
        with torch.backends.cudnn.flags(enabled=False):
            # Rows do not touch: as many at a time as may be kept for the way back.
            rows = _rows_at_a_time(network, lags)
            norms = [
                torch.stack([_norms(one) for one in follow(network, some, some_wanted, warm)])
                for some, some_wanted in zip(seen.split(rows), wanted.split(rows), strict=True)
            ]
    return torch.cat(norms, 1).mean(1).double().cpu().numpy()


@contextmanager
def _without_denormals() -> Iterator[None]:
    """A gradient that has vanished below what a float32 holds in full is 0: for what is left of it a processor takes
    ten times as long."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def count_positions(weights: int, lags: int) -> int:
    """Number of positions to follow back from: fewer in a network of many weights, where each takes long."""
    work = 6.0 * weights * max(lags, 1)
    return int(min(POSITIONS, max(FEWEST_POSITIONS, MOST_WORK / work)))


def _rows_at_a_time(network: Network, lags: int) -> int:
    return max(1, int(MOST_BYTES / (activation_bytes(network.settings, 1, max(lags, 1)) or 1)))


def _choose_ends(targets: np.ndarray, horizon: int, lags: int, burn_in: int, most: int) -> np.ndarray:
    """Steps t, evenly spread, with `lags` steps before them and an observed target; up to half of the rest is left
    for warming up."""
    able = np.flatnonzero(np.isfinite(targets[horizon:]).any(1))
    able = able[able >= lags + min(burn_in, max(len(targets) - lags, 0) // 2)]
    return able[np.unique(np.linspace(0, len(able) - 1, most, dtype=int))] if len(able) else able


def _follow_state(network: Network, seen: Tensor, wanted: Tensor, warm: int) -> list[list[Tensor]]:
    """By k, the gradient with respect to each part (layers, N, hidden) of the state k steps before the last."""
    with torch.no_grad():
        state = network.start(len(seen))
        if warm:
            _, state = network(seen[:, :warm], state)
    state = tuple(part.clone().requires_grad_() for part in state)
    hidden, states = network.hidden, []
    assert isinstance(hidden, Recurrent)
    for step in range(warm, seen.shape[1]):
        state = hidden.step(seen[:, step], state)
        states.append(state)
    # What the head reads is the last state of the top layer.
    loss = _sum_of_losses(network, state[0][-1], wanted)
    parts = [part for one in reversed(states) for part in one]
    found = torch.autograd.grad(loss, parts, allow_unused=True)
    slopes = [torch.zeros_like(p) if g is None else g for p, g in zip(parts, found, strict=True)]
    width = len(state)
    return [[one.transpose(0, 1) for one in slopes[k * width : (k + 1) * width]] for k in range(len(states))]


def _follow_inputs(network: Network, seen: Tensor, wanted: Tensor, warm: int) -> list[list[Tensor]]:
    """By k, the gradient with respect to the input (N, D) k steps before the last."""
    part = seen[:, warm:].clone().requires_grad_()
    with torch.no_grad():
        state = network.start(len(seen))
        if warm:
            _, state = network(seen[:, :warm], state)
    hidden, _ = network.hidden(part, state)
    (slope,) = torch.autograd.grad(_sum_of_losses(network, hidden[:, -1], wanted), part)
    return [[slope[:, step]] for step in reversed(range(part.shape[1]))]


def _sum_of_losses(network: Network, hidden: Tensor, wanted: Tensor) -> Tensor:
    """Each row's mean Huber loss over its observed targets, summed: rows do not touch, so neither do their slopes."""
    predicted = network.head(hidden).unflatten(-1, network.output_shape)[:, 0]
    observed = ~wanted.isnan()
    losses = nn.functional.smooth_l1_loss(predicted, wanted.nan_to_num(0.0), reduction="none", beta=HUBER_BETA)
    return ((losses * observed).sum(1) / observed.sum(1)).sum()


def _norms(parts: list[Tensor]) -> Tensor:
    """(N,) Euclidean norm over all that is not the first axis, of all parts together."""
    return torch.stack([part.flatten(1).square().sum(1) for part in parts]).sum(0).sqrt()
