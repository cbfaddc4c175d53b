"""The weights of a trained network as arrays by name, and back."""

from collections.abc import Mapping

import numpy as np
import torch

from anomaly.domain import FitSettings
from anomaly.forecasting.model.forecaster import Forecaster
from anomaly.forecasting.model.gradients import draw_network
from anomaly.forecasting.model.network import pick_device


def pack_weights(forecaster: Forecaster) -> dict[str, np.ndarray]:
    """Each as it is in the network."""
    return {name: weight.cpu().contiguous().numpy() for name, weight in forecaster.network.state_dict().items()}


def unpack_forecaster(
    packed: Mapping[str, np.ndarray], settings: FitSettings, inputs: int, channels: int, burn_in: int
) -> Forecaster:
    """The network that `settings` describe, with `inputs` and `channels` columns, and these weights. Raises ValueError
    or RuntimeError where they do not fit, or are not finite."""
    # Copied: what a file was read into cannot be written to.
    weights = {name: torch.tensor(weight) for name, weight in packed.items()}
    if not all(bool(weight.isfinite().all()) for weight in weights.values()):
        raise ValueError("a weight is not finite: the network predicts nothing")
    network = draw_network(settings, inputs, channels)
    network.load_state_dict(weights)
    return Forecaster(network.to(pick_device(settings.device)), settings.horizons, burn_in)
