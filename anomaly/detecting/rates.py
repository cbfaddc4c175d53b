"""How high chance lifts a score: the level that so many false alarms are to be expected above.

The parts of a score are told in what chance makes of them, so one curve serves all data. It was measured on made series
without anomalies, of many families (noise, seasons, trends, walks, counts, machines, heart beats, many channels):
`benchmarks.silence`. Their highest score grows with the logarithm of the number of looks, as the largest of independent
draws from an exponential tail does (Gumbel 1958).
"""

import numpy as np

BASE, BASE_RATE = 2.25, 0.1
"""the score that one in ten made series of FEWEST_LOOKS exceeds"""
GROWTH = 0.35
"""increase of the score that makes a false alarm e times rarer"""
FEWEST_LOOKS = 50
"""independent stretches; a shorter record says little of what is usual, and its level is no lower"""


def find_level(false_alarms: float, steps: int, width: int) -> float:
    """The score above which so many false alarms are expected in `steps` scored steps smoothed over `width`."""
    looks = max(steps / width, FEWEST_LOOKS)
    if false_alarms <= 0:
        return float("inf")
    return max(0.0, BASE + GROWTH * (float(np.log(looks / FEWEST_LOOKS)) + rarity(false_alarms)))


def rarity(false_alarms: float) -> float:
    """How much rarer than BASE_RATE, as a logarithm."""
    return float(np.log(BASE_RATE) - np.log(false_alarms))


def find_rate(level: float, steps: int, width: int) -> float:
    """The inverse: how many false alarms are expected above a score."""
    looks = max(steps / width, FEWEST_LOOKS)
    return float(looks / FEWEST_LOOKS * BASE_RATE * np.exp((BASE - level) / GROWTH))


def say_rate(alarms: float, unit: str) -> str:
    """So many false alarms in a unit, such as `file` or `week`, in words."""
    if alarms <= 0:
        return "No false alarm is allowed"
    if unit == "1000 steps":
        return f"About one false alarm in {round(1_000 / alarms):,} steps" if alarms <= 500 else "An alarm at any step"
    units = {"file": "such files"}.get(unit, f"{unit}s")
    if alarms < 1:
        return f"About one false alarm in {_say(1 / alarms)} {units}"
    return (
        f"About {_say(alarms)} false alarm{'s' * (alarms != 1)} in {'such a file' if unit == 'file' else f'a {unit}'}"
    )


def _say(count: float) -> str:
    return f"{count:,.0f}" if count >= 100 else f"{count:.3g}"
