"""All that is learnt of stretches: their shapes, their levels, and the relations between channels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anomaly.detecting.levels import Levels
from anomaly.detecting.shapes import Shapes
from anomaly.domain import Profiles


@dataclass(frozen=True, eq=False)
class Stretches:
    """What stretches of a record are compared with. M learnt parts of the channels."""

    shapes: tuple[Shapes, ...]
    """by width"""
    level: Levels | None = None
    """of each part by itself; None in models of before there were levels"""
    relation: Levels | None = None
    """of each part when the others are known"""

    @classmethod
    def learn(
        cls,
        records: list[np.ndarray],
        outages: list[np.ndarray],
        days_off: Sequence[np.ndarray],
        shape_widths: tuple[int, ...],
        width: int,
        is_healthy: bool = False,
    ) -> "Stretches":
        """From the train spans (T, M) of every record, in standard deviations, NaN = missing, with the steps that come
        late and the steps (T,) on days off; levels from the smoothing `width` on. Spans that are `is_healthy` were
        chosen to hold no anomaly."""
        working = [_leave_out(values, off) for values, off in zip(records, days_off, strict=True)]
        return cls(
            tuple(Shapes.learn(records, outages, one) for one in shape_widths),
            Levels.learn(working, width, is_healthy=is_healthy),
            Levels.learn(working, width, related=True, is_healthy=is_healthy),
        )

    def compare(self, values: np.ndarray, outages: np.ndarray, days_off: np.ndarray) -> Profiles:
        """Profiles of one record (T, M).

        A Sunday beside a Sunday is like nothing learnt, and its level another: a shape that holds a step of a day off
        is not compared, and no level is told from such steps.
        """
        shapes = [one.compare(values, outages) for one in self.shapes]
        if days_off.any():
            before = np.append(0, np.cumsum(days_off))
            for one in shapes:
                one.distances[before[one.starts + one.width] > before[one.starts]] = np.nan
        working = _leave_out(values, days_off)
        level, relation = (one.compare(working) if one else () for one in (self.level, self.relation))
        return Profiles(tuple(shapes), level, relation)


def _leave_out(values: np.ndarray, days_off: np.ndarray) -> np.ndarray:
    return np.where(days_off[:, None], np.nan, values) if days_off.any() else values
