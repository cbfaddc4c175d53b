"""Records joined on a ring and cut into parallel streams of contiguous time, walked segment by segment."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from anomaly.domain import SettingsError
from anomaly.forecasting.model.cells import State
from anomaly.forecasting.model.network import Network

HUBER_BETA = 0.5
MOST_KERNEL_STEPS = 32_768
"""cuDNN refuses sequences of 65,536 steps and more"""


@dataclass(frozen=True, eq=False)
class TrainRecord:
    """The train span of one record, cut into a learning and a held-out (validation) part."""

    inputs: np.ndarray
    """(T, D) float32, complete"""
    targets: np.ndarray
    """(T, C) float32, NaN = not observed"""
    validation_start: int
    """steps from here on are held out"""


@dataclass(frozen=True, eq=False)
class Ring:
    """The records joined end to end. `targets[t, h]` is what horizon h should predict at step t."""

    inputs: Tensor
    """(N, D)"""
    targets: Tensor
    """(N, H, C), 0 where not observed"""
    observed: Tensor
    """(N, H, C) bool"""
    starts: Tensor
    """(N,) bool, True where a record starts"""


def make_ring(sequences: Sequence[TrainRecord], horizons: Sequence[int], device: torch.device) -> Ring:
    inputs, targets, starts = [], [], []
    for sequence in sequences:
        stop = sequence.validation_start
        if stop == 0:
            continue
        inputs.append(sequence.inputs[:stop])
        targets.append(shift_targets(sequence.targets[:stop], horizons))
        starts.append(np.arange(stop) == 0)
    ahead = torch.from_numpy(np.concatenate(targets)).to(device)
    if ahead.isnan().all():
        raise SettingsError(
            f"Nothing can be learnt: no value lies {horizons[0]:,} step{'s' * (horizons[0] != 1)} after another in the "
            "train span less its held-out end. Choose a longer train span or shorter horizons."
        )
    return Ring(
        torch.from_numpy(np.concatenate(inputs)).to(device),
        ahead.nan_to_num(0.0),
        ~ahead.isnan(),
        torch.from_numpy(np.concatenate(starts)),
    )


def shift_targets(values: np.ndarray, horizons: Sequence[int]) -> np.ndarray:
    """(T, C) -> (T, H, C): at step t the values at t + horizon, NaN past the end."""
    shifted = np.full((len(values), len(horizons), values.shape[1]), np.nan, dtype=np.float32)
    for position, horizon in enumerate(horizons):
        shifted[: max(len(values) - horizon, 0), position] = values[horizon:]
    return shifted


def segments(ring: Ring, streams: int, bptt_steps: int, offset: int) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Walk the ring from `offset` as B streams: (inputs, targets, observed, starts), each (B, L, ...), L <= bptt_steps.

    The last steps that do not fill all streams (fewer than B) are left out; each epoch has another offset.
    """
    length = len(ring.starts) // streams
    steps = (torch.arange(streams * length) + offset) % len(ring.starts)
    rows = steps.view(streams, length)
    for first in range(0, length, bptt_steps):
        part = rows[:, first : first + bptt_steps]
        on_device = part.to(ring.inputs.device)
        yield ring.inputs[on_device], ring.targets[on_device], ring.observed[on_device], ring.starts[part]


def run_with_resets(
    network: Network, inputs: Tensor, state: State, starts: Tensor, stretch: int | None = None
) -> tuple[Tensor, State]:
    """Like `network(inputs, state)`, with stream b's state reset before each step where `starts` (B, L) is True.

    The segment is cut at the steps where any stream resets: exact, and as fast as the network's own kernel between.
    With `stretch`, of every so many steps only the state is kept, and what lies between is computed again on the way
    back (activation checkpointing, Chen et al. 2016): the same gradient in less memory.
    """
    resets = starts.any(0).nonzero().flatten().tolist()
    cuts = sorted({*resets, *range(0, inputs.shape[1], stretch or MOST_KERNEL_STEPS), inputs.shape[1]})
    outputs = []
    for first, stop in itertools.pairwise(cuts):
        if starts[:, first].any():
            keep = (~starts[:, first]).to(inputs).view(1, -1, 1)
            state = tuple(part * keep for part in state)
        part = inputs[:, first:stop]
        output, state = checkpoint(network, part, state, use_reentrant=False) if stretch else network(part, state)
        outputs.append(output)
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs, 1), state


def mean_loss(predicted: Tensor, targets: Tensor, observed: Tensor) -> Tensor:
    """Mean Huber loss over the observed targets; 0 where there are none."""
    losses = nn.functional.smooth_l1_loss(predicted, targets, reduction="none", beta=HUBER_BETA)
    return (losses * observed).sum() / observed.sum().clamp(min=1)
