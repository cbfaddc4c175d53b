"""The weights of a trained network to and from a safetensors file."""

from pathlib import Path

from safetensors.torch import load_file, save_file

from anomaly.domain import FitSettings
from anomaly.forecasting.model.forecaster import Forecaster
from anomaly.forecasting.model.gradients import draw_network
from anomaly.forecasting.model.network import pick_device


def save_weights(forecaster: Forecaster, path: Path) -> None:
    """Raises OSError or SafetensorError where it cannot be written."""
    save_file({name: weight.cpu() for name, weight in forecaster.network.state_dict().items()}, path)


def load_forecaster(path: Path, settings: FitSettings, inputs: int, channels: int, burn_in: int) -> Forecaster:
    """The network that `settings` describe, with `inputs` and `channels` columns, and the weights of `path`. Raises
    OSError, SafetensorError or RuntimeError where they do not fit."""
    network = draw_network(settings, inputs, channels)
    network.load_state_dict(load_file(path))
    return Forecaster(network.to(pick_device(settings.device)), settings.horizons, burn_in)
