"""What a fit will take, said before it starts: a few steps of a network of that size are timed, and all are counted."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from anomaly.domain import Effort, FitSettings
from anomaly.forecasting.model.cells import KEEPS, Recurrent
from anomaly.forecasting.model.effort import activation_bytes, choose_epochs, choose_streams, choose_stretch
from anomaly.forecasting.model.forecaster import (
    BURN_IN_RUNS,
    DEFAULT_BURN_IN,
    MOST_BURN_IN,
    MOST_WARM_UP,
    WARM_UP_RUNS,
    cut_pieces,
)
from anomaly.forecasting.model.gradients import REACH_LAGS, count_positions
from anomaly.forecasting.model.network import Network, compute_threads
from anomaly.forecasting.model.streams import mean_loss

TRIED_STEPS, TRIALS, LONG = 128, 3, 0.1
"""steps and runs that are timed at most; a run of so many seconds is long enough to be timed once"""
TRIED_WORK, TRIED_BYTES = 4e9, 1e9
"""operations, and bytes of weights read, of one timed run: a page waits for it"""
TRIED_ROWS = (1, 8, 64)
TRIED_WEIGHTS, TRIED_SQUARE = 4_000_000, 512


@dataclass(frozen=True)
class Extent:
    """Steps of each part that a fit goes through; a part is a record, or a stretch of one without a gap."""

    learnt: tuple[int, ...]
    held_out: tuple[int, ...]
    """at the ends of the train spans, forecast after every epoch"""
    forecast: tuple[int, ...]
    """of the whole file"""
    sample: int
    """that memory and warm-up are measured on"""


def estimate_effort(settings: FitSettings, extent: Extent, inputs: int, channels: int, device: torch.device) -> Effort:
    """What fitting and then forecasting the whole file will take if every epoch runs, from a few steps of a network of
    this size."""
    steps = sum(extent.learnt)
    streams, epochs = choose_streams(steps, settings.bptt_steps), choose_epochs(steps, settings)
    segment = min(settings.bptt_steps, steps // streams)
    stretch = choose_stretch(settings, streams, segment, device, inputs, channels)
    memory = activation_bytes(settings, streams, segment, inputs, channels)
    if stretch:
        memory *= 2 * stretch / segment
    updates = math.ceil(steps // streams / segment)
    # Where a record starts all streams' segments are cut in two.
    pieces = 1 + round(sum(length > 0 for length in extent.learnt) / updates)
    trial = _Trial(settings, inputs, channels, device)
    # On the way back through a checkpointed stretch it is computed once more: a third on top of forward and backward.
    walked = trial.walk(streams, segment, pieces) * (4 / 3 if stretch else 1)
    # The last segment of an epoch may be short.
    update = walked * steps / (streams * segment * updates) + trial.optimise()
    burn_in = max(DEFAULT_BURN_IN, settings.window_steps - 1 if settings.cell == "feedforward" else 0)
    held_out = trial.predict((one + burn_in for one in extent.held_out if one), burn_in)
    rest = 2 * trial.building + trial.measure(extent.sample) + trial.reach(extent.sample)
    spans = [one + other for one, other in zip(extent.learnt, extent.held_out, strict=True)]
    rest += trial.predict(spans, burn_in) + trial.predict(extent.forecast, burn_in)
    return Effort(epochs, streams, updates, memory, stretch is not None, update, held_out, rest)


class _Trial:
    """A network of the size asked for, timed where it would run."""

    @compute_threads()
    def __init__(self, settings: FitSettings, inputs: int, channels: int, device: torch.device) -> None:
        self.settings, self.inputs, self.channels, self.device = settings, inputs, channels, device
        began = self._clock()
        # Weights drawn otherwise compute as fast, and some take long to draw.
        drawn = settings.model_copy(update={"recurrent_init": "uniform"})
        self.network = Network(drawn, inputs, channels, torch.Generator()).to(device)
        self.building = self._clock() - began + self._draw()
        self.weights = sum(weight.numel() for weight in self.network.parameters())
        self._forward: dict[int, float] = {}

    def _clock(self) -> float:
        """A processor's own time: what else the machine does meanwhile does not count."""
        return time.perf_counter() if self.device.type != "cpu" else time.thread_time()

    def _time(self, run: Callable[[], object]) -> float:
        """Seconds of the fastest of a few runs."""
        took: list[float] = []
        while len(took) < TRIALS and (not took or took[-1] < LONG):
            began = self._clock()
            run()
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            took.append(self._clock() - began)
        return min(took)

    def _steps(self, rows: int, ways: int) -> int:
        """Steps that are timed: few of a large network. `ways` is 1 for forward alone, 3 with the way back."""
        by_work = TRIED_WORK / (2 * ways * self.weights * rows)
        return int(min(TRIED_STEPS, max(2, min(by_work, TRIED_BYTES / (4 * ways * self.weights)))))

    def _draw(self) -> float:
        """Seconds that orthogonal weights take on top, which grow with the cube of their size."""
        if self.settings.drawn_init != "orthogonal" or self.settings.cell == "feedforward":
            return 0.0
        size, gates = self.settings.hidden_units, {"lstm": 4, "gru": 3}.get(self.settings.cell, 1)
        square = torch.randn(min(size, TRIED_SQUARE), min(size, TRIED_SQUARE))
        return self._time(lambda: torch.linalg.qr(square)) * (size / len(square)) ** 3 * gates * self.settings.layers

    @compute_threads()
    def walk(self, streams: int, segment: int, pieces: int) -> float:
        """Seconds of a segment there and back, in pieces that hand on their state."""
        steps = min(segment, self._steps(streams, 3))
        noise = torch.randn(streams, steps, self.inputs, device=self.device)
        parts = noise.chunk(max(1, round(min(pieces, segment) * steps / segment)), 1)

        def run() -> None:
            state, made = self.network.start(streams), []
            for part in parts:
                predicted, state = self.network(torch.randn_like(part) + part, state)
                made.append(predicted)
            every = torch.cat(made, 1)
            self.network.zero_grad(set_to_none=True)
            mean_loss(every, torch.zeros_like(every), torch.ones_like(every, dtype=torch.bool)).backward()

        return self._time(run) * segment / steps

    @compute_threads()
    def optimise(self) -> float:
        """Seconds of a step of the optimiser, all weights having a slope after `walk`."""
        weights = list(self.network.parameters())
        if self.weights > TRIED_WEIGHTS:
            weights = [torch.nn.Parameter(torch.zeros(TRIED_WEIGHTS, device=self.device))]
            weights[0].grad = torch.ones_like(weights[0])
        optimizer = torch.optim.AdamW(weights, lr=0.0)
        optimizer.step()  # the first one makes room for its means

        def run() -> None:
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()

        return self._time(run) * max(1.0, self.weights / TRIED_WEIGHTS)

    def forward(self, rows: int) -> float:
        """Seconds of a step of so many rows, forward alone; between and beyond the numbers of rows that are timed, in
        proportion."""
        if not self._forward:
            self._forward = {count: self._time_forward(count) for count in TRIED_ROWS}
        most = TRIED_ROWS[-1]
        return float(np.interp(rows, TRIED_ROWS, list(self._forward.values()))) * max(1.0, rows / most)

    @compute_threads()
    def _time_forward(self, rows: int) -> float:
        seen = torch.zeros(rows, self._steps(rows, 1), self.inputs, device=self.device)
        with torch.inference_mode():
            return self._time(lambda: self.network(seen, self.network.start(rows))) / seen.shape[1]

    def predict(self, lengths: Iterable[int], burn_in: int) -> float:
        """Seconds of forecasting records of these lengths in pieces, as the forecaster does."""
        batches = cut_pieces(list(lengths), burn_in, self.settings.hidden_units)
        longest = ((len(batch), max(stop - start for _, start, _, stop in batch)) for batch in batches)
        return sum(steps * self.forward(rows) for rows, steps in longest)

    def measure(self, sample: int) -> float:
        """Seconds of measuring the burn-in, once from the first step to the last and from several later ones, and the
        warm-up."""
        short = min(MOST_WARM_UP, sample // 2)
        warm_up = self.predict([sample], DEFAULT_BURN_IN) + self.predict([short] * WARM_UP_RUNS, DEFAULT_BURN_IN)
        if self.settings.cell == "feedforward":
            return warm_up
        again = min(MOST_BURN_IN, sample // 2) * self.forward(BURN_IN_RUNS)
        return sample * self.forward(1) + again + warm_up

    @compute_threads()
    def reach(self, sample: int) -> float:
        """Seconds of following the gradient back, through the network before and after training; and further, where it
        has not faded by then, as mostly without gates."""
        lags = min(REACH_LAGS, sample // 2)
        rows = count_positions(self.weights, lags)
        warm = min(DEFAULT_BURN_IN, sample - lags) * self.forward(rows)
        hidden = self.network.hidden
        if not isinstance(hidden, Recurrent):
            return 2 * (warm + 3 * lags * self.forward(rows))
        steps = self._steps(rows, 2)
        seen = torch.zeros(rows, self.inputs, device=self.device)

        def run() -> None:
            states = [tuple(part.requires_grad_() for part in self.network.start(rows))]
            for _ in range(steps):
                states.append(hidden.step(seen, states[-1]))
            torch.autograd.grad(states[-1][0].sum(), [part for one in states[:-1] for part in one], allow_unused=True)

        step = self._time(run) / steps
        if self.settings.cell in KEEPS:
            return 2 * (warm + lags * step)
        longer = min(4 * REACH_LAGS, sample // 2)
        return 2 * (2 * warm + (lags + longer) * step)
