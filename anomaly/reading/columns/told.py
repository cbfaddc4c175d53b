"""A column of times, made of what a file says beside a table that has none: when it starts, and its rate."""

from dataclasses import replace

import numpy as np
import pandas as pd

from anomaly.domain import DataError, ReadSettings, Repair, say_duration
from anomaly.reading.columns.clocks import counts_round, find_time
from anomaly.reading.formats.table import Table, name_apart
from anomaly.reading.times.parsing import read_times
from anomaly.reading.vocabulary.naming import names_counter, names_records

TIME = "time"


def tell_times(table: Table, settings: ReadSettings) -> Table:
    """The table with a column of times in front, where its file tells the rate, and no column of it is a time.

    Calendar stamps; seconds from the first row where no start is told.
    """
    if table.told is None or not table.told.step or _has_time(table, settings):
        return table
    seconds = np.arange(len(table.frame)) * table.told.step
    start = _read_start(table, settings)
    column = pd.Series(seconds) if start is None else _stamps(*start, seconds)
    names, _ = name_apart([*map(str, table.frame.columns), TIME], table.name)
    frame = table.frame.copy(deep=False)
    frame.insert(0, names[-1], column)
    rate = 1 / table.told.step
    every = f"{rate:.6g} rows a second" if rate >= 1 else f"a row every {say_duration(table.told.step)}"
    since = f"from {str(start[0]).removesuffix('.000000').replace('T', ' ')}" if start else "from 0: no start is told"
    note = Repair(f"{table.name}: times are made of what its first lines tell ({table.told.shown!r}): {every}, {since}")
    return replace(table, frame=frame, repairs=(*table.repairs, note))


def _has_time(table: Table, settings: ReadSettings) -> bool:
    """Whether some column is a time; one that but counts the rows is none."""
    records = {str(name) for name in table.frame if names_records(str(name)) and not names_counter(str(name))}
    time = find_time(table.frame, records, None, settings)
    return time is not None and not (names_counter(time) and counts_round(table.frame[time]))


def _read_start(table: Table, settings: ReadSettings) -> tuple[np.datetime64, str] | None:
    """When the first row was measured, and "Z" where that is told in a zone; None where no start is told, or in no
    form that is known."""
    told = table.told
    if told is None or not told.start:
        return None
    is_number = told.start.replace(".", "", 1).isdigit()
    cells = pd.Series([float(told.start) if is_number else told.start])
    try:
        read = read_times(cells, TIME, table.name, table.line, settings.date_order or told.order)
    except DataError:
        return None
    if is_number:
        unit = read.axis.unit
        return None if unit is None else (np.datetime64(round(float(told.start) * unit * 1e6), "us"), "Z")
    return (read.times[0], "Z" * bool(read.axis.offset)) if read.axis.kind == "timestamp" else None


def _stamps(start: np.datetime64, zone: str, seconds: np.ndarray) -> pd.Series:
    times = start + (seconds * 1e6).round().astype("timedelta64[us]")
    whole = not (times.astype(np.int64) % 1_000_000).any()
    text = pd.Series(np.datetime_as_string(times, unit="s" if whole else "us"), dtype="str")
    return text + zone if zone else text
