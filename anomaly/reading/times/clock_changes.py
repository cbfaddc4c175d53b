"""The hour that local time repeats in autumn: where a clock was put back, and what its times mean from there on."""

import numpy as np

from anomaly.domain import PutBack

HOUR = 3_600_000_000
"""microseconds"""
NIGHT = (23, 0, 1, 2, 3)
"""hours to which clocks are put back; by day, rows are out of order"""


def find_hours_repeated(times: np.ndarray) -> tuple[np.ndarray | None, int]:
    """(R,) 1 from where the clock was put back to where it went forward, else 0, and by how many microseconds.

    None where rows go back for another reason: by day, or among rows that are not evenly spaced.
    """
    steps = np.diff(times.astype(np.int64))
    back = steps <= 0
    usual = int(np.median(steps)) if len(steps) >= 4 and back.any() else 0
    shift = usual - int(steps[np.argmax(back)]) if usual > 0 else 0
    if shift not in (HOUR // 2, HOUR, HOUR * 3 // 2, 2 * HOUR):
        return None, 0
    hours = times[1:][back].astype("datetime64[h]").astype(np.int64)
    # A repeated stamp may be a repeated row as well: clocks change on Sundays, and 1970 began on a Thursday.
    is_night = np.isin(hours % 24, NIGHT) & ((steps[back] < 0) | (hours // 24 % 7 == 3))
    # Put forward before it is ever put back, the clock leaves a gap as it stands.
    ahead = (steps == usual + shift) & (np.cumsum(back) > 0)
    late = np.concatenate([[0], np.cumsum(back.astype(np.int64) - ahead)])
    is_even = np.isin(steps, (usual, usual - shift, usual + shift)).all()
    return (late if is_night.all() and is_even and set(np.unique(late)) <= {0, 1} else None), shift


def list_put_back(times: np.ndarray, late: np.ndarray, shift: int) -> tuple[PutBack, ...]:
    """The stretches of the written times (R,) in which the clock was behind."""
    change = np.diff(late)
    starts, stops = np.flatnonzero(change > 0) + 1, np.flatnonzero(change < 0) + 1
    ends = [times[stop] for stop in stops] + [None] * (len(starts) - len(stops))
    lag = np.timedelta64(shift, "us")
    # Of the repeated hour the first is meant: what is behind begins where it ends.
    return tuple(PutBack(times[start] + lag, end, lag) for start, end in zip(starts, ends, strict=True))


def put_forward(times: np.ndarray, changes: tuple[PutBack, ...]) -> np.ndarray:
    """Written times (R,) -> times (R,) of a dataset with these changes, which lie ahead where the clock was behind."""
    told = times
    for change in changes:
        behind = times >= change.start
        if change.stop is not None:
            behind &= times < change.stop
        told = np.where(behind, times + change.shift, told)
    return told
