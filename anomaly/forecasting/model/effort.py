"""How many streams and epochs training has, and how much memory it will take; `estimating.py` says how long."""

import math
import os

import torch

from anomaly.domain import FitSettings

FEW_STREAMS, MANY_STREAMS = 8, 256
LEAST_EPOCHS = 8
VALUE_BYTES = {"lstm": 68, "gru": 77, "rnn": 23, "relu": 23, "feedforward": 14}
STEP_BYTES = {"gru": 12_000, "rnn": 4_000, "relu": 4_000}
"""kept for backpropagation per stream, step and hidden unit, and per step: measured on a CPU, torch 2.13"""
INPUT_BYTES, OUTPUT_BYTES = 28, 9
"""the same, per input and per predicted value"""
MOST_MEMORY = 0.25
"""share of the machine's memory that may be kept for backpropagation"""


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


def _memory(device: torch.device) -> float:
    """Bytes of memory that the machine has, or that are free on its GPU."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    if not hasattr(os, "sysconf"):  # Windows
        return math.inf
    return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
