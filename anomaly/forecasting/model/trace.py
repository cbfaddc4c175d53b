"""What goes on inside a network, step by step: its states, its gates, and the loss of every step."""

import numpy as np
import torch
from torch import Tensor, nn

from anomaly.domain import FitSettings, Trace
from anomaly.forecasting.model.cells import KEEPS, Recurrent
from anomaly.forecasting.model.forecaster import Forecaster
from anomaly.forecasting.model.gradients import draw_network, follow_gradient
from anomaly.forecasting.model.network import compute_threads
from anomaly.forecasting.model.streams import HUBER_BETA


def trace_steps(
    forecaster: Forecaster, settings: FitSettings, inputs: np.ndarray, targets: np.ndarray, start: int, stop: int
) -> Trace:
    """Steps [start, stop) of one record's inputs (T, D) and targets (T, C), run from at most `burn_in` steps before."""
    network, horizon = forecaster.network, settings.horizons[0]
    first = max(0, start - forecaster.burn_in)
    network.eval()
    with torch.inference_mode(), compute_threads():
        seen = torch.from_numpy(inputs[None, first:stop]).to(forecaster.device)
        hidden, _ = network.hidden(seen, network.start(1))
        made = network.head(hidden).unflatten(-1, network.output_shape)[0, start - first :, 0].cpu()
        keeps = _keeps(network.hidden, settings.cell, seen, hidden)
        ahead = np.full((stop - start, targets.shape[1]), np.nan, np.float32)
        known = targets[start + horizon : stop + horizon]
        ahead[: len(known)] = known
        wanted = torch.from_numpy(ahead)
        sizes = nn.functional.smooth_l1_loss(made, wanted.nan_to_num(0.0), reduction="none", beta=HUBER_BETA)
        observed = ~wanted.isnan()
        losses = (sizes * observed).sum(1) / observed.sum(1)
    return Trace(
        hidden[0, start - first :].cpu().numpy(),
        made.numpy(),
        losses.numpy(),
        None if keeps is None else keeps[start - first :],
    )


def _keeps(cell: nn.Module, name: str, seen: Tensor, hidden: Tensor) -> np.ndarray | None:
    """(T, hidden_units) the forget gate (LSTM) or update gate (GRU) of a single layer, from what it read."""
    if name not in KEEPS or not isinstance(cell, Recurrent) or cell.layers.num_layers > 1:
        return None
    weights = dict(cell.layers.named_parameters())
    before = torch.cat([torch.zeros_like(hidden[:, :1]), hidden[:, :-1]], 1)
    gate = slice(KEEPS[name] * cell.hidden_size, (KEEPS[name] + 1) * cell.hidden_size)
    total = sum(
        source @ weights[f"weight_{part}_l0"][gate].T + weights[f"bias_{part}_l0"][gate]
        for source, part in ((seen, "ih"), (before, "hh"))
    )
    return torch.sigmoid(torch.as_tensor(total))[0].cpu().numpy()


def reach_at_start(settings: FitSettings, inputs: np.ndarray, targets: np.ndarray, lags: int) -> np.ndarray:
    """(lags + 1,) how far the gradient reaches in the untrained network that `settings` lead to."""
    network = draw_network(settings, inputs.shape[1], targets.shape[1])
    return follow_gradient(network, inputs, targets, settings.horizons[0], lags, lags)
