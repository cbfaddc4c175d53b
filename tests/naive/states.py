"""Slow, plain oracles of how probable a state is."""

import math
from statistics import NormalDist, pstdev


def stays(values: list[float]) -> list[tuple[float, int]]:
    """Each state with the steps it lasted, NaN passed over."""
    found: list[tuple[float, int]] = []
    for value in (one for one in values if not math.isnan(one)):
        if found and found[-1][0] == value:
            found[-1] = (value, found[-1][1] + 1)
        else:
            found.append((value, 1))
    return found


def tail(learnt: list[float], state: float, lasted: int) -> float:
    """The probability that a stay lasts that long."""
    lengths = sorted(length for value, length in stays(learnt) if value == state)
    if len(lengths) < 4:
        return 1.0
    spread = max(pstdev(lengths[:-1]), 0.1 * lengths[-2], 1.0)
    return math.exp(-max(lasted - lengths[-2], 0) / spread)


def rarity(learnt: list[float], state: float, before: float | None) -> float:
    """The probability of a state, entered from the one before where that is known."""
    steps = [one for one in learnt if not math.isnan(one)]
    if state not in steps:
        return 0.5 / len(steps)
    ways = [(one[0], other[0]) for one, other in zip(stays(learnt), stays(learnt)[1:], strict=False)]
    others = max(sum(to == state for _, to in ways) - 1, 0)
    share = max((others + 0.5) / (others + 1) * steps.count(state) / len(steps), 0.5 / len(steps))
    rare = share ** (1 / (1 + others / 3))
    if before is None:
        return rare
    out = sum(one == before for one, _ in ways)
    return min(rare, (ways.count((before, state)) + 0.5) / (out + 0.5))


def deviations(probability: float) -> float:
    """How many standard deviations a normal quantity is off with that probability."""
    return abs(NormalDist().inv_cdf(probability / 2))
