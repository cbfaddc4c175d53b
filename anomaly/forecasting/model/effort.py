"""How many streams and epochs training has, and how much memory and time it will take."""

import math
import os
import time

import torch

from anomaly.domain import Effort, FitSettings
from anomaly.forecasting.model.network import Network, compute_threads

FEW_STREAMS, MANY_STREAMS = 8, 256
LEAST_EPOCHS = 8
VALUE_BYTES = {"lstm": 68, "gru": 77, "rnn": 23, "relu": 23, "feedforward": 14}
STEP_BYTES = {"gru": 12_000, "rnn": 4_000, "relu": 4_000}
"""kept for backpropagation per stream, step and hidden unit, and per step: measured on a CPU, torch 2.13"""
INPUT_BYTES, OUTPUT_BYTES = 28, 9
"""the same, per input and per predicted value"""
MOST_MEMORY = 0.25
"""share of the machine's memory that may be kept for backpropagation"""
TRIED_STEPS, TRIALS = 128, 3
OVERHEAD = 1.3
"""the optimiser, the noise and the validation, on top of the passes forward and back"""


def choose_streams(steps: int, bptt_steps: int) -> int:
    """How many streams to walk side by side: enough to fill a processor, few enough for many updates an epoch."""
    few = min(FEW_STREAMS, steps // (2 * bptt_steps))
    return max(1, few, min(MANY_STREAMS, steps // (64 * bptt_steps)))


def choose_epochs(steps: int, settings: FitSettings) -> int:
    """At most `settings.epochs`, fewer where the train span is so long that each pass teaches a great deal."""
    return min(settings.epochs, max(LEAST_EPOCHS, settings.most_steps // steps))


def activation_bytes(settings: FitSettings, streams: int, steps: int, inputs: int = 1, channels: int = 1) -> float:
    """Bytes, roughly, that backpropagation through `steps` steps of `streams` streams keeps."""
    values = streams * settings.hidden_units * VALUE_BYTES[settings.cell]
    ends = streams * (INPUT_BYTES * inputs + OUTPUT_BYTES * channels * len(settings.horizons))
    return steps * (settings.layers * (values + STEP_BYTES.get(settings.cell, 0)) + ends)


def choose_stretch(
    settings: FitSettings, streams: int, steps: int, device: torch.device, inputs: int = 1, channels: int = 1
) -> int | None:
    """Steps between kept states where not all activations fit in memory: sqrt(steps), which keeps least (Chen et al.
    2016). None where they fit."""
    if activation_bytes(settings, streams, steps, inputs, channels) <= MOST_MEMORY * _memory(device):
        return None
    return math.ceil(math.sqrt(steps))


def estimate_effort(
    settings: FitSettings, steps: int, records: int, inputs: int, channels: int, device: torch.device
) -> Effort:
    """What training on `steps` steps of `records` records, or parts without a gap, will take if every epoch runs, from
    a few updates of a network of this size."""
    streams, epochs = choose_streams(steps, settings.bptt_steps), choose_epochs(steps, settings)
    segment = min(settings.bptt_steps, steps // streams)
    stretch = choose_stretch(settings, streams, segment, device, inputs, channels)
    memory = activation_bytes(settings, streams, segment, inputs, channels)
    if stretch:
        memory *= 2 * stretch / segment
    updates = math.ceil(steps // streams / segment)
    # Where a record starts all streams' segments are cut in two.
    pieces = min(1 + round(records / updates), TRIED_STEPS)
    seconds = _time_update(settings, streams, min(segment, TRIED_STEPS), pieces, inputs, channels, device)
    # On the way back through a checkpointed stretch it is computed once more: a third on top of forward and backward.
    whole = OVERHEAD * seconds * max(1.0, segment / TRIED_STEPS) * (4 / 3 if stretch else 1)
    return Effort(epochs, streams, updates, memory, epochs * updates * whole, stretch is not None)


@compute_threads()
def _time_update(
    settings: FitSettings, streams: int, steps: int, pieces: int, inputs: int, channels: int, device: torch.device
) -> float:
    """Seconds of the fastest of a few forward and backward passes, in pieces that hand on their state."""
    network = Network(settings, inputs, channels, torch.Generator()).to(device)
    parts = torch.zeros(streams, steps, inputs, device=device).chunk(pieces, 1)
    # A processor's own time: what else the machine does meanwhile does not count.
    clock = time.perf_counter if device.type != "cpu" else time.thread_time
    took = []
    for _ in range(TRIALS):
        began = clock()
        state, losses = network.start(streams), []
        for part in parts:
            predicted, state = network(part, state)
            losses.append(predicted.square().mean())
        torch.stack(losses).mean().backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        took.append(clock() - began)
    return min(took)


def _memory(device: torch.device) -> float:
    """Bytes of memory that the machine has, or that are free on its GPU."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    if not hasattr(os, "sysconf"):  # Windows
        return math.inf
    return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
