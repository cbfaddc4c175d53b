"""Whether names tell variables apart, or records of one variable: by units, kinds and sizes of values."""

import re
from itertools import combinations

import numpy as np
import pandas as pd

from anomaly.reading.columns.states import is_number_column
from anomaly.reading.records.value_words import read_values

SAMPLE, MOST_NAMES, FEWEST = 20_000, 30, 5
APART = 0.5
"""least share of pairs of names whose values lie apart"""
TIMES, MANY_TIMES = 2.0, 10.0
"""how much larger the largest are than the smallest: of names that are not alike, and of any"""


def are_unlike(frame: pd.DataFrame, variable: str, value: str, unit: str | None, is_doubtful: bool) -> bool:
    """By a look at some rows, drawn at random: every so many would always meet the same variable.

    Where it `is_doubtful` that a column names variables, their sizes have to differ more.
    """
    names = [variable, value, *([unit] if unit else [])]
    part = frame[names].dropna(subset=[variable, value])
    part = part.sample(min(len(part), SAMPLE), random_state=0)
    if unit is not None and _have_units(part, variable, unit):
        return True
    codes, kinds = pd.factorize(part[variable])
    if is_number_column(part[value]):
        numbers = part[value].to_numpy(float)
    else:
        read = read_values(part[value].astype("str"), codes, len(kinds))
        if 0 < len(read.states) < len(kinds):
            return True
        numbers = read.numbers
    if not np.isfinite(numbers).any():
        # Words alone, and not the same of all.
        pairs = part[[variable, value]].drop_duplicates().groupby(variable)[value]
        return len({frozenset(words) for _, words in pairs}) > 1
    are_numbered = len({_stem(str(kind)) for kind in kinds}) < 2
    limit = MANY_TIMES if are_numbered or is_doubtful else TIMES
    return _lie_apart([numbers[codes == place] for place in range(min(len(kinds), MOST_NAMES))], limit)


def _have_units(part: pd.DataFrame, variable: str, unit: str) -> bool:
    pairs = part[[variable, unit]].dropna().drop_duplicates()
    return bool(pairs[variable].is_unique and pairs[unit].nunique() > 1)


def _stem(name: str) -> str:
    """Of "pump 1" and "pump 2" the same; names of one letter are numbers, too."""
    stem = re.sub(r"[\W\d_]+", "", name.lower())
    return "" if len(stem) < 2 else stem


def _lie_apart(parts: list[np.ndarray], limit: float) -> bool:
    known = [part[np.isfinite(part)] for part in parts]
    ends = np.array([np.quantile(part, (0.1, 0.5, 0.9)) for part in known if len(part) >= FEWEST])
    if len(ends) < 2:
        return False
    pairs = list(combinations(range(len(ends)), 2))
    apart = np.mean([ends[one, 2] < ends[two, 0] or ends[two, 2] < ends[one, 0] for one, two in pairs])
    sizes = np.maximum(np.abs(ends[:, 1]), ends[:, 2] - ends[:, 0])
    return bool(apart >= APART and sizes.max() >= limit * max(sizes.min(), 1e-12))
