"""Slow, plain oracles of the threshold rules: every level tried, every alarm counted one by one."""

import math

import numpy as np

from tests.naive.spans import find_runs, merge_runs


def count_alarms(records: list[list[float]], level: float, gap: int) -> int:
    return sum(len(merge_runs(find_runs([x > level for x in record]), gap, 1)) for record in records)


def budget(records: list[list[float]], gap: int, allowed: int) -> float:
    """The lowest of the scores (and 0) from which on up no level has more alarms than allowed."""
    levels = sorted({0.0, *(x for record in records for x in record if not math.isnan(x))}, reverse=True)
    lowest = levels[0]
    for level in levels:
        if count_alarms(records, level, gap) > allowed:
            break
        lowest = level
    return lowest


def dynamic(records: list[list[float]], gap: int, least_drop: float) -> float:
    """Hundman et al. 2018, equations 1 to 4 and the pruning after them."""
    records = [[0.0 if math.isnan(x) else x for x in record] for record in records]
    every = [x for record in records for x in record]
    mean, deviation = float(np.mean(every)), float(np.std(every))
    best, level = -math.inf, max(every)
    for z in [2 + half / 2 for half in range(17)]:
        candidate = mean + z * deviation
        above = [x for x in every if x > candidate]
        below = [x for x in every if x <= candidate]
        if not above:
            break
        gain = (mean - float(np.mean(below))) / mean + (deviation - float(np.std(below))) / deviation
        merit = gain / (len(above) + count_alarms(records, candidate, gap) ** 2)
        if merit > best:
            best, level = merit, candidate
    tops, rest = [], [0.0]
    for record in records:
        runs = merge_runs(find_runs([x > level for x in record]), gap, 1)
        tops += [max(record[start:stop]) for start, stop in runs]
        rest += [x for t, x in enumerate(record) if all(t < start - gap or t >= stop + gap for start, stop in runs)]
    falling = [*sorted(tops, reverse=True), max(rest)]
    kept = [i for i in range(len(tops)) if (falling[i] - falling[i + 1]) / falling[i] > least_drop]
    return max(level, falling[kept[-1] + 1]) if kept else falling[0]


def agreement(records: list[list[float]], labels: list[list[bool]], level: float, gap: int, least: int = 1) -> float:
    """Event-wise F1 + point-wise F1."""
    found = missed = false = 0
    hit = gone = wrong = 0
    for record, known in zip(records, labels, strict=True):
        events = merge_runs(find_runs([x > level for x in record]), gap, least)
        runs = find_runs(known)
        touched = [any(a < d and c < b for c, d in events) for a, b in runs]
        found, missed = found + sum(touched), missed + len(runs) - sum(touched)
        false += sum(not any(a < d and c < b for a, b in runs) for c, d in events)
        for t, known_here in enumerate(known):
            flagged = any(a <= t < b for a, b in events)
            hit, gone = hit + (known_here and flagged), gone + (known_here and not flagged)
            wrong += flagged and not known_here
    return 2 * found / (2 * found + missed + false) + 2 * hit / (2 * hit + gone + wrong)
