"""Where a clock without a zone was set back, so that it tells a stretch of time twice: the hour that local time repeats
in autumn, or a logger's clock that was corrected. All times stay as they are written; those that are told for the
second time are held between the last before them and the first after them, in the order of the file."""

from collections.abc import Callable

import numpy as np

from anomaly.domain import PutBack

HOUR = 3_600_000_000
"""microseconds"""
SEASONAL = (HOUR // 2, HOUR, HOUR * 3 // 2, 2 * HOUR)
NIGHT = (23, 0, 1, 2, 3)
"""hours to which clocks are put back; by day, rows are out of order"""
EVEN, LONGEST, MOST = 0.9, 0.2, 0.01
"""shares: of the steps that are the usual one, of all the time that one correction sets back, of rows before one"""
FINEST = 2
"""microseconds by which rows told for the second time are held apart, at least"""

IsCopy = Callable[[np.ndarray, np.ndarray], bool]
"""whether rows tell the same as as many others: what was appended twice is no second telling"""


def find_put_back(times: np.ndarray, is_copy: IsCopy) -> tuple[PutBack, ...]:
    """Each stretch of the written times (R,) that is told for the second time; none where rows go back for another
    reason: out of order, or of another record."""
    steps = np.diff(times.astype(np.int64))
    rows = np.flatnonzero(steps <= 0) + 1
    usual = int(np.median(steps)) if len(steps) >= 4 and len(rows) else 0
    if usual <= 0 or len(rows) > max(1, MOST * len(times)) or np.mean(steps == usual) < EVEN * (1 - MOST):
        return ()
    found = [_read_change(times, steps, int(row), usual, is_copy) for row in rows]
    return tuple(one for one in found if one is not None) if None not in found else ()


def _read_change(times: np.ndarray, steps: np.ndarray, row: int, usual: int, is_copy: IsCopy) -> PutBack | None:
    shift = usual - int(steps[row - 1])
    count = shift // usual
    before, after = steps[max(row - 1 - count, 0) : row - 1], steps[row : row + count]
    is_even = (before == usual).all() and (after[:-1] == usual).all() and after[-1:].min(initial=usual) > 0
    if not is_even or usual * usual < FINEST * (shift + usual):
        return None
    hours = int(times[row].astype("datetime64[h]").astype(np.int64))
    # A repeated stamp may be a repeated row as well: clocks change on Sundays, and 1970 began on a Thursday.
    is_season = shift in SEASONAL and hours % 24 in NIGHT and (shift > usual or hours // 24 % 7 == 3)
    if not is_season:
        whole = int(times[-1].astype(np.int64)) - int(times[0].astype(np.int64))
        if shift == usual or shift > LONGEST * whole or len(before) < count or len(after) < count:
            return None
        told = np.arange(row, min(row + count, len(times)))
        if shift % usual == 0 and is_copy(told, told - count):
            return None
    last = times[row - 1]
    later = np.flatnonzero(times[row:] > last)
    stop = times[row + later[0]] if len(later) else last + np.timedelta64(usual, "us")
    return PutBack(last, stop, np.timedelta64(shift, "us"), np.timedelta64(usual, "us"))


def hold_in_order(times: np.ndarray, changes: tuple[PutBack, ...]) -> np.ndarray:
    """Written times (R,) -> times (R,) that never go back where these changes are; `format_times` writes them back."""
    held = times.astype("datetime64[us]")
    for change in changes:
        row = int(np.flatnonzero((times[:-1] == change.start) & (times[1:] <= change.start))[0]) + 1
        told = slice(row, row + int(np.argmax(np.append(times[row:] > change.start, True))))
        held[told] = change.hold(times[told])
    return held
