"""Moments counted from 1970 that some programs write as text, as /Date(1677628860000)/ or 1677628860000L."""

import re

import numpy as np
import pandas as pd

SAMPLE = 50
NET = r"\\?/Date\((-?\d{9,16})(?:[+-]\d{4})?\)\\?/"
LONG = r"\s*[\"']?(\d{9,19}(?:\.\d+)?)\s*(?:[lL]|[\"']|n?s|ms|[uµ]s|sec|seconds)+\s*"
"""with the mark of a long number, in quotes or with its unit"""


def read_epochs(cells: pd.Series) -> pd.Series | None:
    """Text as time stamps or as numbers; None where it is no such text."""
    sample = cells.dropna().iloc[:SAMPLE].astype("str")
    for form in (NET, LONG) if len(sample) else ():
        if not re.fullmatch(form, sample.iloc[0]) or not sample.str.fullmatch(form).all():
            continue
        found = cells.astype("str").str.extract(rf"^{form}$", expand=False)
        numbers = pd.to_numeric(found.dropna())
        if form == LONG:
            return numbers if len(numbers) == len(cells) else numbers.astype(float).reindex(cells.index)
        stamps = np.datetime_as_string(numbers.to_numpy(np.int64).astype("datetime64[ms]"))
        return pd.Series(stamps, numbers.index, dtype="str").add("Z").reindex(cells.index)
    return None
