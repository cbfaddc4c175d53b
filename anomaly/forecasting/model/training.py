"""Truncated backpropagation through time over parallel streams of contiguous time.

The records are joined end to end on a ring and the ring is cut into B streams that are walked side by side,
`bptt_steps` at a time. The state is carried from segment to segment but its gradient is cut there (Williams & Peng
1990); it is reset where a record starts. Every step gives a prediction and a loss, so each point is computed once per
epoch.
"""

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from anomaly.domain import Epoch, FitSettings, TrainingError
from anomaly.forecasting.model.checkpoint import Checkpoint
from anomaly.forecasting.model.effort import choose_epochs, choose_streams, choose_stretch
from anomaly.forecasting.model.forecaster import Forecaster
from anomaly.forecasting.model.network import Network, compute_threads
from anomaly.forecasting.model.streams import (
    HUBER_BETA,
    Ring,
    TrainRecord,
    make_ring,
    mean_loss,
    run_with_resets,
    segments,
)

VALIDATION_BURN_IN = 128
CHECKPOINT_SECONDS = 1.0
"""least time between checkpoints, which are written after an epoch: with the epoch under way, what an end can lose"""

OnEpoch = Callable[[Epoch], object]
ShouldStop = Callable[[], bool]


def import_optimisers() -> None:
    """Import now what torch's optimisers import at their first use, which takes a second."""
    import torch._dynamo  # noqa: F401


@torch.random.fork_rng()
@compute_threads()
def train(
    sequences: Sequence[TrainRecord],
    settings: FitSettings,
    device: torch.device,
    on_epoch: OnEpoch | None = None,
    should_stop: ShouldStop | None = None,
    checkpoint: Path | None = None,
) -> tuple[Forecaster, list[Epoch], str]:
    """Train a forecaster; the best weights by validation loss are kept.

    `checkpoint` is a file from which interrupted training resumes; it then ends as if never interrupted.
    Returns the forecaster, its epochs and one sentence on why training ended. Raises SettingsError where nothing can be
    learnt, TrainingError where the loss is not a number.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    # What is dropped out between layers is drawn from torch's global generator, which is put back afterwards.
    torch.manual_seed(settings.seed)
    network = Network(settings, sequences[0].inputs.shape[1], sequences[0].targets.shape[1], generator).to(device)
    ring = make_ring(sequences, settings.horizons, device)
    walk = _Walk(network, ring, settings, generator)
    burn_in = max(VALIDATION_BURN_IN, settings.window_steps - 1 if settings.cell == "feedforward" else 0)
    forecaster = Forecaster(network, settings.horizons, burn_in)
    held_out = _HeldOut(sequences, burn_in)
    kept = _Kept(checkpoint, walk, sequences)
    epochs, best_weights = kept.load()
    best = min((_watched(epoch) for epoch in epochs), default=math.inf)
    if on_epoch is not None:
        for epoch in epochs:
            on_epoch(epoch)
    began = time.perf_counter() - (epochs[-1].seconds if epochs else 0.0)
    reason = f"All {walk.epochs} epochs ran." if walk.epochs != 1 else "The one epoch ran."
    # One that goes on from its checkpoint may have ended there.
    ended = _find_end(epochs, settings)
    for number in range(len(epochs) + 1, walk.epochs + 1) if ended is None else ():
        train_loss, gradient_norm = walk.epoch(should_stop)
        if train_loss is None:
            reason = f"Stopped on request in epoch {number}; the best weights so far are kept."
            break
        if not math.isfinite(train_loss):
            raise TrainingError(
                f"Training failed in epoch {number}: the loss is not a number any more. "
                f"Lower the learning rate ({settings.learning_rate:g})."
            )
        validation_loss = held_out.loss(forecaster)
        seconds = time.perf_counter() - began
        left = seconds / number * (walk.epochs - number)
        epoch = Epoch(number, walk.epochs, train_loss, validation_loss, seconds, left, False, gradient_norm)
        if _watched(epoch) < best:
            best, best_weights, epoch = _watched(epoch), _copy_weights(network), replace(epoch, is_best=True)
        epochs.append(epoch)
        kept.save(epochs, best_weights)
        if on_epoch is not None:
            on_epoch(epoch)
        ended = _find_end(epochs, settings)
        if ended is not None:
            break
    _demand_best(epochs, settings)
    network.load_state_dict(best_weights)
    return forecaster, epochs, ended or reason


def _demand_best(epochs: list[Epoch], settings: FitSettings) -> None:
    if epochs and not any(epoch.is_best for epoch in epochs):
        raise TrainingError(
            "Training failed: after no epoch were the forecasts numbers. Lower the learning rate "
            f"({settings.learning_rate:g}), or take another cell than {settings.cell}."
        )


def _find_end(epochs: list[Epoch], settings: FitSettings) -> str | None:
    """Why training ends after these epochs; None where it goes on."""
    since_best = len(epochs) - max((epoch.number for epoch in epochs if epoch.is_best), default=0)
    if not epochs or since_best < settings.patience:
        return None
    waited = f"{since_best} epoch{'s' * (since_best != 1)}"
    return f"Stopped early after epoch {len(epochs)}: no better validation loss for {waited}."


def _watched(epoch: Epoch) -> float:
    """The loss that says which weights are best."""
    return epoch.train_loss if math.isnan(epoch.validation_loss) else epoch.validation_loss


class _Kept:
    """The checkpoint, if one was asked for."""

    def __init__(self, path: Path | None, walk: "_Walk", sequences: Sequence[TrainRecord]) -> None:
        digest = hashlib.sha256(walk.settings.model_dump_json().encode())
        for sequence in sequences:
            digest.update(sequence.inputs.tobytes())
            digest.update(sequence.targets.tobytes())
        parts = (walk.network, walk.optimizer, walk.schedule, walk.generator)
        self._file = None if path is None else Checkpoint(path, digest.hexdigest(), *parts)
        self._network = walk.network
        self._saved = time.monotonic()

    def load(self) -> tuple[list[Epoch], dict[str, Tensor]]:
        found = self._file.load() if self._file is not None else None
        return found or ([], _copy_weights(self._network))

    def save(self, epochs: list[Epoch], best: dict[str, Tensor]) -> None:
        """Write the checkpoint, at most every CHECKPOINT_SECONDS."""
        if self._file is not None and time.monotonic() - self._saved >= CHECKPOINT_SECONDS:
            self._file.save(epochs, best)
            self._saved = time.monotonic()


class _Walk:
    """The optimiser and its schedule, walking the ring once per epoch."""

    def __init__(self, network: Network, ring: Ring, settings: FitSettings, generator: torch.Generator) -> None:
        self.network, self.ring, self.settings, self.generator = network, ring, settings, generator
        steps = len(ring.starts)
        self.streams = choose_streams(steps, settings.bptt_steps)
        self.epochs = choose_epochs(steps, settings)
        updates = self.epochs * math.ceil(steps // self.streams / settings.bptt_steps)
        segment, sizes = min(settings.bptt_steps, steps), (ring.inputs.shape[-1], ring.targets.shape[-1])
        self.stretch = choose_stretch(settings, self.streams, segment, ring.inputs.device, *sizes)
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, max_lr=settings.learning_rate, total_steps=max(updates, 2)
        )

    def epoch(self, should_stop: ShouldStop | None) -> tuple[float | None, float]:
        """Mean training loss over the epoch's segments, None when asked to stop on the way; and the mean norm of the
        gradient before it is clipped."""
        self.network.train()
        offset = int(torch.randint(len(self.ring.starts), (1,), generator=self.generator))
        state = self.network.start(self.streams)
        total, weight, norms = torch.zeros(3, device=self.ring.inputs.device)
        updates = 0
        for inputs, targets, observed, starts in segments(self.ring, self.streams, self.settings.bptt_steps, offset):
            if should_stop is not None and should_stop():
                return None, math.nan
            noise = torch.randn(inputs.shape, generator=self.generator).to(inputs.device)
            noisy = inputs + self.settings.input_noise * noise
            predicted, state = run_with_resets(self.network, noisy, state, starts, self.stretch)
            loss = mean_loss(predicted, targets, observed)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norms += nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.gradient_norm)
            self.optimizer.step()
            self.schedule.step()
            state = tuple(part.detach() for part in state)
            total += loss.detach() * observed.sum()
            weight += observed.sum()
            updates += 1
        return float(total / weight.clamp(min=1)), float(norms / max(updates, 1))


class _HeldOut:
    """The held-out end of every record, forecast after a burn-in through the steps before it."""

    def __init__(self, sequences: Sequence[TrainRecord], burn_in: int = VALIDATION_BURN_IN) -> None:
        self.inputs: list[np.ndarray] = []
        self.targets: list[np.ndarray] = []
        for sequence in sequences:
            first = max(0, sequence.validation_start - burn_in)
            targets = sequence.targets[first:].copy()
            targets[: sequence.validation_start - first] = np.nan
            if np.isfinite(targets).any():
                self.inputs.append(sequence.inputs[first:])
                self.targets.append(targets)

    def loss(self, forecaster: Forecaster) -> float:
        """Mean Huber loss per observed held-out value; NaN where nothing is held out, infinite where a forecast is no
        number."""
        total, count = 0.0, 0
        for predicted, targets in zip(forecaster.predict(self.inputs), self.targets, strict=True):
            # The first steps have no forecast: nothing lies far enough before them.
            made = [one[horizon:] for one, horizon in zip(predicted, forecaster.horizons, strict=True)]
            if not all(np.isfinite(one).all() for one in made):
                return math.inf
            distance = np.abs(predicted - targets)
            distance = distance[np.isfinite(distance)]
            near = distance < HUBER_BETA
            total += float(np.where(near, distance**2 / (2 * HUBER_BETA), distance - HUBER_BETA / 2).sum())
            count += len(distance)
        return total / count if count else math.nan


def _copy_weights(network: Network) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in network.state_dict().items()}
