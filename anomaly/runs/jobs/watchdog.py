"""Fits that hang are restarted though nobody asks: who began one may have left, and others wait for its process."""

import time
from typing import Any
from weakref import WeakKeyDictionary

from anomaly.runs.jobs.job import FitJob, under_way

WATCH_SECONDS = 10.0
HUNG_SECONDS, MOST_LOOKS = 300.0, 3
"""without a sign of life, and at so many looks: one could be that of a machine that was asleep"""
MOST_TURNS = 30
"""looks that a fit may take to begin once its turn has come"""

Looks = WeakKeyDictionary[FitJob[Any], int]


def watch() -> None:
    """Look at all fits from time to time, for ever."""
    looks: Looks = WeakKeyDictionary()
    while True:
        time.sleep(WATCH_SECONDS)
        restart_hung(looks)


def restart_hung(looks: Looks) -> None:
    """One look; `looks` counts how often in a row each fit was found to hang, or not to begin. The restart of one that
    had begun counts as a crash: what always hangs is given up."""
    for job in under_way():
        is_stuck = job.does_not_begin
        looks[job] = looks.get(job, 0) + 1 if is_stuck or job.silence > HUNG_SECONDS else 0
        if looks[job] >= (MOST_TURNS if is_stuck else MOST_LOOKS):
            looks[job] = 0
            job.restart(is_crash=not is_stuck)
