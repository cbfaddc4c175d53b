"""How far back a forecaster looks, and how far back it should, in words."""

import numpy as np

from anomaly.domain import Dataset, FitSettings, find_runs, say_duration, seconds_of
from anomaly.forecasting.fitting import Fitted
from anomaly.forecasting.parts import Parts
from anomaly.forecasting.preparation import autocorrelate, find_train_stops, last_observed
from anomaly.forecasting.scaling import Scaler

MOST_STEPS, LONGEST_RHYTHM = 50_000, 5_000
"""steps searched for a period, and the longest period found"""
LEAST_LIKENESS, NEARLY = 0.2, 0.9
"""autocorrelation that counts as a repeat; share of the highest peak from which on an earlier one is the period"""
ALIKE = 0.05
"""by what share two measurements of one period may differ"""
BEYOND, ROUNDED_TO = 1.1, 32
"""the gradient should reach a little further back than the period; a multiple of this many steps"""


def say_steps(steps: int, dataset: Dataset) -> str:
    """ "43 steps (3 h 35 min)"; the time by the usual step, where the file tells one."""
    seconds = steps * _usual_step(dataset)
    return f"{steps:,} step{'s' * (steps != 1)}{f' ({say_duration(seconds)})' if seconds > 0 else ''}"


def describe_memory(fitted: Fitted, dataset: Dataset) -> str:
    """One sentence: how many steps back the gradient of a step's loss still has a FADED share of its maximum."""
    memory = fitted.reach.memory
    if not fitted.reach.after.any():
        return "Nothing is known of how far this model looks back: its gradient is 0."
    if not memory:
        return "This model looks back at the last step alone."
    most = "at least" if fitted.reach.is_cut else "about"
    return f"This model looks back {most} {say_steps(memory, dataset)}."


def suggest_bptt(dataset: Dataset, settings: FitSettings) -> tuple[int, str] | None:
    """BPTT steps that reach from one period of the train span to the next, and why; None where `bptt_steps` already
    does, or nothing repeats. Raises SettingsError where the train span is too short."""
    if settings.cell == "feedforward":
        return None
    stops = find_train_stops(dataset, settings)
    longest = max(range(len(stops)), key=stops.__getitem__)
    spans = [series.until(stop) for series, stop in zip(dataset.series, stops, strict=True)]
    learnt = Parts.learn(dataset, spans).split(spans[longest])[-MOST_STEPS:]
    period = _find_rhythm(last_observed(Scaler.fit(learnt).transform(learnt)))
    if period is None or period <= settings.bptt_steps:
        return None
    steps = ROUNDED_TO * int(np.ceil(BEYOND * period / ROUNDED_TO))
    return steps, (
        f"The series repeats about every {say_steps(period, dataset)}: a gradient cut after {settings.bptt_steps:,} "
        f"steps cannot learn from one period to the next. Use {steps:,} BPTT steps where something that long before "
        "decides what comes; what merely repeats is foreseen as well without."
    )


def _find_rhythm(values: np.ndarray) -> int | None:
    """The period of (T, C) that both halves repeat as well: noise has one by chance, hardly the same three times."""
    period, *halves = (_first_rhythm(part) for part in (values, *np.array_split(values, 2)))
    if period is None or not all(half is not None and abs(half - period) <= ALIKE * period for half in halves):
        return None
    return period


def _first_rhythm(values: np.ndarray) -> int | None:
    """The lag of the first high peak of the autocorrelation after it has once been negative: before that a series only
    resembles itself because it moves slowly."""
    correlation = autocorrelate(values, min(LONGEST_RHYTHM, len(values) // 3))
    negative = np.flatnonzero(correlation < 0)
    if not len(negative):
        return None
    later = correlation[negative[0] :]
    if later.max() <= LEAST_LIKENESS:
        return None
    # The highest lag of the first stretch that comes near the highest of all: noise makes many small peaks of one.
    high = later >= NEARLY * later.max()
    starts, stops = find_runs(later > LEAST_LIKENESS)
    start, stop = next((a, b) for a, b in zip(starts, stops, strict=True) if high[a:b].any())
    return int(negative[0] + start + later[start:stop].argmax())


def _usual_step(dataset: Dataset) -> float:
    """Median time between steps in seconds; 0 where times have no known unit."""
    axis = dataset.time_axis
    gaps = [np.diff(series.times) for series in dataset.series if axis.is_calendar and len(series) > 1]
    return seconds_of(np.sort(np.concatenate(gaps))[sum(map(len, gaps)) // 2], axis) if gaps else 0.0
