"""How far back a forecaster looks, and how far back it would have to, in words."""

import numpy as np

from anomaly.domain import Dataset
from anomaly.durations import say_duration
from anomaly.fitting import Fitted
from anomaly.preparation import LONGEST_PERIOD, find_period, last_observed
from anomaly.settings import FitSettings
from anomaly.times import seconds_of

LONGEST_RHYTHM = 5_000
"""steps that are looked through where nothing repeats sooner"""
BEYOND, ROUNDED_TO = 1.1, 32
"""the gradient should reach a little further back than the period; a multiple of this many steps"""


def say_steps(steps: int, dataset: Dataset) -> str:
    """ "43 steps (3 h 35 min)"; the time by the usual step, where the file tells one."""
    seconds = steps * _usual_step(dataset)
    return f"{steps:,} step{'s' * (steps != 1)}{f' ({say_duration(seconds)})' if seconds > 0 else ''}"


def describe_memory(fitted: Fitted, dataset: Dataset) -> str:
    """One sentence: how many steps back the gradient of a step's loss still has a hundredth of its most."""
    memory = fitted.reach.memory
    if not memory:
        return "This model looks back at the last step alone."
    most = "at least" if fitted.reach.is_cut else "about"
    return f"This model looks back {most} {say_steps(memory, dataset)}."


def suggest_bptt(dataset: Dataset, settings: FitSettings) -> tuple[int, str] | None:
    """BPTT steps that reach from one period of `dataset` to the next, and why; None where those set do, or nothing
    repeats."""
    if settings.cell == "feedforward":
        return None
    longest = max(dataset.series, key=len)
    values = longest.counted - np.nanmean(longest.counted, axis=0, where=np.isfinite(longest.counted))
    complete = [last_observed(values)]
    period = find_period(complete, LONGEST_PERIOD) or find_period(complete, LONGEST_RHYTHM)
    if period is None or period <= settings.bptt_steps:
        return None
    steps = ROUNDED_TO * int(np.ceil(BEYOND * period / ROUNDED_TO))
    return steps, (
        f"The series repeats every {say_steps(period, dataset)}: a gradient cut after {settings.bptt_steps:,} steps "
        f"cannot learn from one period to the next. Use {steps:,} BPTT steps."
    )


def _usual_step(dataset: Dataset) -> float:
    """Seconds; 0 where times are not times."""
    axis = dataset.time_axis
    gaps = [np.diff(series.times) for series in dataset.series if axis.is_calendar and len(series) > 1]
    return seconds_of(np.sort(np.concatenate(gaps))[sum(map(len, gaps)) // 2], axis) if gaps else 0.0
