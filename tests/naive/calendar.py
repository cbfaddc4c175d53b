"""The inputs of the calendar, a step at a time, by Python's own dates."""

import itertools
import math
from datetime import datetime, timedelta

import holidays as library
import numpy as np


def inputs(times: np.ndarray, days_off: tuple[str, ...]) -> np.ndarray:
    stamps: list[datetime] = times.astype("datetime64[us]").tolist()
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(stamps))
    middle = (gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2]) / 2 if gaps else timedelta(0)
    rows = []
    for stamp in [*stamps[1:], stamps[-1] + middle]:
        day = (stamp.hour + stamp.minute / 60 + (stamp.second + stamp.microsecond / 1e6) / 3600) / 24
        waves = [4 * wave(2 * math.pi * times_a_day * day) for times_a_day in (1, 2) for wave in (math.sin, math.cos)]
        is_off = any(
            stamp.date().isoformat() == entry if entry[0].isdigit() else stamp.date() in library.country_holidays(entry)
            for entry in days_off
        )
        weekday = 6 if is_off else stamp.weekday()
        rows.append(waves + [4.0 * (weekday == one) for one in range(7)])
    return np.array(rows)
