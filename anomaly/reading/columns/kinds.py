"""What the numbers of a channel are, told from its name, its unit and how they go: a value wherever there is doubt.

A wrong kind does harm on an ordinary channel, so that each but `value` needs more than one sign.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from anomaly.domain import Columns, Kind, Repair, TimeSeries, is_rounding
from anomaly.reading.columns.missing_codes import NINES
from anomaly.reading.columns.states import tells
from anomaly.reading.vocabulary.kind_words import (
    is_degrees,
    may_turn,
    names_count,
    names_direction,
    names_meter,
    names_mode,
)

SHOWN = 5
FEWEST = 20
"""known values, for any kind but value"""
FEW, SHORTEST_STAY = 8, 3.0
NEIGHBOURS = 0.1
"""of their size that two values lie apart: less, and they are two readings of a coarse sensor, 20.0 and 20.5"""
BESIDE = 1.0
"""degrees beyond the circle that rounding and noise may bring"""
NO_DIRECTION = frozenset([*NINES, -1.0, 990.0])
"""codes of loggers, and of weather reports (variable winds), beyond the circle"""
LEAST_EXTENT = 40.0
"""in degrees: numbers within it may be radians, or tens of degrees, where no unit is told"""
FEWEST_DIRECTIONS = 5
HALF, NEAR = 180.0, 60.0
FEWEST_TURNS, TURNS = 2, 0.8
"""steps over the end of the circle; their share of the steps of more than half a circle"""
FEWEST_RISES, FEWEST_NAMED, FEWEST_UNNAMED = 30, 50, 500
"""of a meter; and its steps, where its name or unit tells it and where not"""
RUN_NAMED, RUN_UNNAMED, MOST_UNNAMED = 20, 500, 3
"""steps of a meter from one reset to the next, at least; and resets, where nothing but the numbers tell it"""
RESET, LEAP = 0.2, 0.25
"""share of what it had counted that is left after a reset; share of all it counts that one step may bring, at most"""
ROWS_A_FAULT, FEW_LEAPS = 1_000, 3
SAME, UNEVEN = 1e-6, 0.25
"""share of a step by which steps differ: less is the same step; with less, nothing tells a ramp from a meter"""
GLANCE, MANY_FALLS = 2_000, 0.06
SAYINGS: dict[Kind, str] = {
    "angle": "as an angle (359° is next to 1°)",
    "counter": "as a counter",
    "state": "as a state",
    "count": "as a count",
}


def propose_kinds(
    series: Sequence[TimeSeries], columns: Columns, units: Mapping[str, str], chosen: Mapping[str, Kind]
) -> tuple[Kind, ...]:
    """The kind of each monitored channel; what is `chosen`, by channel or by column of words, holds."""
    kinds: list[Kind] = []
    counted = [one.counted for one in series]
    for place, channel in enumerate(columns.monitored):
        kind = chosen_kind(channel, chosen)
        if kind is None:
            parts = [values[:, place] for values in counted]
            # Two numbers may be farther apart than a number can be.
            with np.errstate(over="ignore", invalid="ignore"):
                kind = propose_kind(channel, units.get(channel, ""), [part[np.isfinite(part)] for part in parts])
        kinds.append(kind)
    return tuple(kinds)


def chosen_kind(channel: str, chosen: Mapping[str, Kind]) -> Kind | None:
    """That of the channel "mode=auto", or of the column "mode" whose word it tells."""
    return chosen.get(channel, next((kind for column, kind in chosen.items() if tells(channel, column)), None))


def kinds_among(channels: Collection[str], chosen: Mapping[str, Kind]) -> dict[str, Kind]:
    """Those of the chosen kinds whose channels, or columns of words, are among these."""
    return {
        name: kind
        for name, kind in chosen.items()
        if any(tells(channel, name) or tells(name, channel) for channel in channels)
    }


def propose_kind(name: str, unit: str, parts: Sequence[np.ndarray]) -> Kind:
    """The kind of the known values of a channel, those of each record in a part, in order of time."""
    known = np.concatenate(parts) if len(parts) > 1 else parts[0]
    if len(known) < FEWEST or is_rounding(known):
        return "value"
    states = _few(known)
    if len(states) < 2:
        return "value"
    if len(states) == 2:
        return "state" if names_mode(name) or np.ptp(states) > NEIGHBOURS * np.abs(states).max() else "value"
    if _is_angle(name, unit, known, parts):
        return "angle"
    if _is_meter(name, unit, parts):
        return "counter"
    is_whole = bool((known[:GLANCE] % 1 == 0).all() and (known % 1 == 0).all())
    if is_whole and len(states) <= FEW:
        return "state" if names_mode(name) and _stays(parts) else "value"
    return "count" if is_whole and names_count(name) and known.min() >= 0 else "value"


def without_codes_of_angles(series: Sequence[TimeSeries], columns: Columns) -> tuple[list[TimeSeries], list[Repair]]:
    """With NaN where a direction is a code beyond the circle, such as 999 for none and 990 for one that varies."""
    notes = []
    bounds = np.cumsum([len(one) for one in series])[:-1]
    values = [one.values for one in series]
    for place, (channel, kind) in enumerate(zip(columns.monitored, columns.kinds, strict=True)):
        if kind != "angle":
            continue
        whole = np.concatenate([part[:, place] for part in values])
        rows = _tell_codes(whole)
        count = int(rows.sum())
        if count:
            values = [_emptied(*both, place) for both in zip(values, np.split(rows, bounds), strict=True)]
            codes = " or ".join(f"{code:.9g}" for code in np.unique(whole[rows]))
            cells = f"{count:,} cell{'s' * (count > 1)} of {channel!r} {'is' if count == 1 else 'are'}"
            notes.append(Repair(f"{cells} {codes}, which is no direction: taken as missing", count))
    return [replace(one, values=part) for one, part in zip(series, values, strict=True)], notes


def note_kinds(columns: Columns, chosen: Mapping[str, Kind]) -> list[Repair]:
    """Which channels were taken for more than plain values, unless that was chosen."""
    said = []
    for kind, words in SAYINGS.items():
        names = [
            repr(name)
            for name, its in zip(columns.monitored, columns.kinds, strict=True)
            if its == kind and chosen_kind(name, chosen) is None
        ]
        if names:
            more = f" and {len(names) - SHOWN:,} more" * (len(names) > SHOWN)
            said.append(f"{', '.join(names[:SHOWN])}{more} {words}")
    if not said:
        return []
    return [Repair(f"Not taken as plain values: {', '.join(said)}; name another kind where that is wrong")]


def _few(known: np.ndarray) -> np.ndarray:
    """The different values, or more than FEW of them, where these are found first."""
    first = np.unique(known[:GLANCE])
    return first if len(first) > FEW else np.unique(known)


def _tell_codes(values: np.ndarray) -> np.ndarray:
    """(T,) whether a value is a code beyond the circle; none where others lie beyond it, too."""
    is_code = np.zeros(len(values), bool)
    candidates = np.flatnonzero((values < 0) | (values > 2 * HALF + BESIDE))
    is_code[candidates] = np.isin(values[candidates], list(NO_DIRECTION))
    others = values[~is_code & np.isfinite(values)]
    is_signed = bool((others < -BESIDE).any())
    low, high = (-HALF, HALF) if is_signed else (0.0, 2 * HALF)
    if not len(others) or others.min() < low - BESIDE or others.max() > high + BESIDE:
        return np.zeros(len(values), bool)
    return is_code & ((values < low) | (values > high + BESIDE))


def _emptied(values: np.ndarray, rows: np.ndarray, place: int) -> np.ndarray:
    emptied = values.copy()
    emptied[rows, place] = np.nan
    return emptied


def _is_angle(name: str, unit: str, known: np.ndarray, parts: Sequence[np.ndarray]) -> bool:
    is_direction = names_direction(name, unit)
    if not is_direction and not may_turn(name, unit):
        return False
    is_code = _tell_codes(known)
    if is_code.any():
        codes = np.unique(known[is_code])
        known, parts = known[~is_code], [part[~np.isin(part, codes)] for part in parts]
    if len(known) < FEWEST or len(_few(known)) < FEWEST_DIRECTIONS:
        return False
    low, high = known.min(), known.max()
    turns_at = -HALF if low < -BESIDE else 0.0
    if low < turns_at - BESIDE or high > turns_at + 2 * HALF + BESIDE:
        return False
    if not is_degrees(unit) and max(-low, high) <= LEAST_EXTENT:
        return False
    return is_direction or _turns(parts)


def _turns(parts: Sequence[np.ndarray]) -> bool:
    """Whether what steps more than half a circle lands, as a rule, near the place it came from, round the end."""
    steps = np.abs(np.concatenate([np.diff(part) for part in parts]))
    far = steps[steps > HALF]
    return len(far) >= FEWEST_TURNS and bool((2 * HALF - far < NEAR).mean() >= TURNS)


def _is_meter(name: str, unit: str, parts: Sequence[np.ndarray]) -> bool:
    """Whether numbers only rise, but for resets to near their start, unevenly, and far more than in any one step."""
    first = np.diff(parts[0][:GLANCE])
    if len(first) and (first < 0).mean() > MANY_FALLS:
        return False
    is_named = names_meter(name, unit) or names_count(name)
    steps = np.concatenate([np.diff(part) for part in parts])
    rises, falls = steps[steps > 0], int((steps < 0).sum())
    if len(steps) < (FEWEST_NAMED if is_named else FEWEST_UNNAMED) or len(rises) < FEWEST_RISES:
        return False
    if falls * (RUN_NAMED if is_named else RUN_UNNAMED) > len(steps) or (not is_named and falls > MOST_UNNAMED):
        return False
    # What is called a meter may have a fault or two: a reading that is too low, and the leap back from it.
    odd, leaps = (len(steps) // ROWS_A_FAULT, FEW_LEAPS) if is_named else (0, 0)
    rises = np.sort(rises)[: len(rises) - leaps]
    if sum(_count_odd_falls(part) for part in parts) > odd or rises[-1] > LEAP * rises.sum():
        return False
    if is_named:
        # Rows and moments rise by the same in every step.
        return bool(np.ptp(rises) > SAME * np.median(rises) or (steps <= 0).any())
    # So, nearly, do ramps, rounded or not, and what is interpolated; a curve, by as much as in the step before.
    whole = len(steps) - len(steps) % RUN_NAMED
    sums = steps[:whole].reshape(-1, RUN_NAMED).sum(1)
    tenth, last = np.quantile(sums, (0.1, 0.9))
    is_uneven = last - tenth > UNEVEN * sums.mean()
    return bool(is_uneven and np.median(np.abs(np.diff(steps))) > UNEVEN * steps.mean())


def _count_odd_falls(part: np.ndarray) -> int:
    """Falls that do not end near the start, as a reset does."""
    ends = np.flatnonzero(np.diff(part) < 0)
    lowest = part.min(initial=np.inf)
    return int((part[ends + 1] - lowest > RESET * (part[ends] - lowest)).sum())


def _stays(parts: Sequence[np.ndarray]) -> bool:
    changes = sum(int((np.diff(part) != 0).sum()) for part in parts)
    return sum(map(len, parts)) >= SHORTEST_STAY * max(changes, 1)
