"""What a device writes, and what has to come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

STEPS = 120
TURN = np.arange(STEPS)
WAVE = 20 * np.sin(TURN / 12) + TURN * 7 % 11 / 10
"""(STEPS,) about 0, of an amplitude of 20"""
RISE = np.cumsum(1 + TURN % 5)
"""(STEPS,) what a meter reads"""
WARM = 20 + WAVE / 10
HUMID = 50 + WAVE
BEGIN = pd.Timestamp("2023-03-01 00:01")


@dataclass(frozen=True)
class Export:
    """A file, the settings it is read with, and what the dataset holds."""

    content: str
    channels: tuple[str, ...]
    first: str | float = "2023-03-01T00:01:00"
    """on the calendar, in the zone of the file; a number where times are elapsed"""
    last: str | float = "2023-03-01T09:56:00"
    steps: int = STEPS
    settings: Mapping[str, Any] = field(default_factory=dict)
    records: int = 1
    states: tuple[str, ...] = ()
    """some of the context"""
    units: Mapping[str, str] = field(default_factory=dict)
    """some of those that are told"""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """those that are not values"""
    missing: int = 0
    """empty cells of the monitored channels"""


def stamps(form: str, every: str = "5min") -> list[str]:
    """STEPS times from BEGIN on, as `strftime` writes them."""
    return pd.date_range(BEGIN, periods=STEPS, freq=every).strftime(form).tolist()


ISO = stamps("%Y-%m-%dT%H:%M:%S")
SPACED = stamps("%Y-%m-%d %H:%M:%S")
POINTS = stamps("%d.%m.%Y %H:%M:%S")
EPOCH = [int(BEGIN.timestamp()) + 300 * step for step in range(STEPS)]


def lines(head: str, row: Callable[[int], str]) -> str:
    """The lines above, and a line for each step."""
    return "\n".join([head, *map(row, range(STEPS)), ""])


def long(head: str, row: Callable[[int, str, float], str], variables: Mapping[str, Any]) -> str:
    """The line above, and a line for each variable at each step."""
    rows = [row(step, name, float(values[step])) for step in range(STEPS) for name, values in variables.items()]
    return "\n".join([head, *rows, ""])


def comma(number: float, places: int = 2) -> str:
    return f"{number:.{places}f}".replace(".", ",")
