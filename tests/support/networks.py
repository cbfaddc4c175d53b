"""Small networks, and records to train them on."""

import numpy as np
import torch

from anomaly.domain.settings.fitting import FitSettings
from anomaly.forecasting.model.network import Network
from anomaly.forecasting.model.streams import TrainRecord
from tests.naive import networks as naive

RECURRENT = ["lstm", "gru", "rnn", "relu"]
CPU = torch.device("cpu")


def make_network(cell: str, layers: int = 1, seed: int = 0, **changes: object) -> Network:
    """Inputs of 3, 4 hidden units, 2 horizons of 2 channels, a window of 5 steps."""
    settings = FitSettings(
        **{"cell": cell, "hidden_units": 4, "layers": layers, "horizons": (1, 3), "window_steps": 5, **changes}
    )
    return Network(settings, 3, 2, torch.Generator().manual_seed(seed)).double()


def weights_of(network: Network) -> naive.Weights:
    return {name: weight.detach().double().numpy().copy() for name, weight in network.state_dict().items()}


def make_record(steps: int, validation_start: int | None = None, seed: int = 0) -> TrainRecord:
    """Three inputs, two targets."""
    values = np.random.default_rng(seed).standard_normal((steps, 3)).astype(np.float32)
    return TrainRecord(values, values[:, :2].copy(), steps if validation_start is None else validation_start)


def quick(**changes: object) -> FitSettings:
    return FitSettings(**{"hidden_units": 4, "epochs": 4, "bptt_steps": 8, "device": "cpu", **changes})
