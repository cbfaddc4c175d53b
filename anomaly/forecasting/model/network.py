"""A recurrent network that predicts, at every step, the values some steps ahead."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from anomaly.domain import FitSettings, SettingsError
from anomaly.forecasting.model.cells import Recurrent, State, Window

COMPUTE_THREADS = 1
"""The number of threads changes how sums are split and so the last bits of a result: it is the same in the browser, the
command line and Python, on every machine. With one, fits side by side do not wait for each other: two threads each, on
two busy cores, made them five times slower (dev/LOG.md)."""


class Network(nn.Module):
    """Inputs (B, L, D) and a state -> predictions (B, L, H, C) and the state after the last step."""

    def __init__(self, settings: FitSettings, input_size: int, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.settings = settings
        self.hidden = (Window if settings.cell == "feedforward" else Recurrent)(settings, input_size)
        self.output_shape = (len(settings.horizons), channels)
        self.head = nn.Linear(settings.hidden_units, math.prod(self.output_shape))
        # Drawn from our own generator, not torch's global one, so that fits running side by side do not disturb
        # each other's draws and the same seed gives the same network.
        bound = 1 / math.sqrt(settings.hidden_units)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.empty(parameter.shape).uniform_(-bound, bound, generator=generator))
        self.hidden.initialise(settings, generator)

    def start(self, batch: int) -> State:
        """The state that remembers nothing, for `batch` sequences."""
        return self.hidden.start(batch)

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, after = self.hidden(inputs, state)
        return self.head(hidden).unflatten(-1, self.output_shape), after


@contextmanager
def compute_threads() -> Iterator[None]:
    """Compute with COMPUTE_THREADS inside, whatever was set outside."""
    before = torch.get_num_threads()
    torch.set_num_threads(COMPUTE_THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def pick_device(wanted: str) -> torch.device:
    """ "auto" takes CUDA, then Apple's MPS, then the CPU. Raises SettingsError for one that is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, is_there in there.items() if is_there))
    if not there[wanted]:
        names = " or ".join(name for name, is_there in there.items() if is_there)
        raise SettingsError(f"device: expected {names} or auto on this machine, found {wanted!r}.")
    return torch.device(wanted)
