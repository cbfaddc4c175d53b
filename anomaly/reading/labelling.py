"""Known anomalies from a file of their own -> labels. For comparison only: nothing learns from them."""

from dataclasses import replace

import numpy as np
import pandas as pd

from anomaly.domain import DataError, Dataset, Repair, TimeAxis, TimeSeries, axis_offset, fill_runs, format_times
from anomaly.reading.columns.states import LABEL_WORDS
from anomaly.reading.formats.table import Table
from anomaly.reading.times.parsing import parse_times

STARTS, ENDS = ("start", "begin", "from"), ("end", "stop", "to")
OUTSIDE = "lie at no step of a record: left out"
SHOWN = 5
DOTTED = r"\s*\d{1,2}\.\d{1,2}\."
"""a date that has the day first, whatever the dataset has"""
TRAINSET = ("series", "timestamp", "value", "label")
NOT_LABELLED = {"", "0.0", "nan", "none"} | {word for word, value in LABEL_WORDS.items() if not value}


def label_dataset(dataset: Dataset, table: Table) -> Dataset:
    """`dataset` with the known anomalies of `table` in place of those it had.

    `table` has one line per anomaly with its start and end (both belong to it) and perhaps a record; or one per
    labelled step, as TRAINSET writes it: series,timestamp,value,label. Raises DataError where it is neither, its times
    are not of the dataset's kind, or it names no step of the dataset.
    """
    names = {str(name).strip().lower(): str(name) for name in table.frame.columns}
    start, end = (next((names[word] for word in words if word in names), None) for words in (STARTS, ENDS))
    if start is not None and end is not None:
        starts, ends = (_read_times(dataset, table, name) for name in (start, end))
        frame, rows = table.frame, np.ones(len(table.frame), bool)
        if (ends < starts).any():
            row = int(np.argmax(ends < starts))
            raise DataError(
                f"{table.name}, line {table.line(row):,}: expected an end that is not before the start, found "
                f"{str(frame[end].iloc[row])!r} after {str(frame[start].iloc[row])!r}. Mend that line."
            )
    elif all(name in names for name in TRAINSET):
        words = table.frame[names["label"]].astype("str").fillna("").str.strip().str.lower()
        rows = ~words.isin(NOT_LABELLED).to_numpy()
        starts = ends = _read_times(dataset, table, names["timestamp"])[rows]
        frame = table.frame[rows]
    else:
        raise DataError(
            f"{table.name} does not look like known anomalies: expected columns start and end, or "
            f"{', '.join(TRAINSET)}; found {', '.join(map(repr, table.frame.columns))}. Name its columns so."
        )
    records = frame[names["record"]].astype("str").fillna("").str.strip() if "record" in names else None
    _check_records(dataset, table, records)
    found = np.zeros(len(starts), bool)
    series = tuple(_label(one, starts, ends, records, found) for one in dataset.series)
    if len(starts) and not found.any():
        first, last = (str(next(iter(format_times(times, dataset.time_axis)))) for times in _extent(dataset))
        raise DataError(
            f"No anomaly of {table.name} lies in {dataset.name}, which goes from {first} to {last}: compare the times, "
            "and their zone."
        )
    repairs = [repair for repair in dataset.repairs if not repair.text.endswith(OUTSIDE)]
    if not found.all():
        count = int((~found).sum())
        lines = tuple(table.line(row) for row in np.flatnonzero(rows)[~found][:SHOWN])
        repairs.append(Repair(f"{count:,} of {len(starts):,} known anomalies of {table.name} {OUTSIDE}", count, lines))
    return replace(dataset, series=series, repairs=tuple(repairs))


def _read_times(dataset: Dataset, table: Table, name: str) -> np.ndarray:
    wanted = dataset.time_axis
    times, axis = _parse(dataset, table, name)
    if (axis.kind == "timestamp") != (wanted.kind == "timestamp"):
        raise DataError(
            f"{table.name}: expected {'time stamps' if wanted.kind == 'timestamp' else 'numbers'} in column {name!r}, "
            f"as in column {wanted.name!r} of {dataset.name}, found {str(table.frame[name].iloc[0])!r}. "
            "Write it so."
        )
    if axis.kind != "timestamp" or axis.offset:
        return times
    # Without a zone of its own, a time is told as the dataset tells it; of an hour told twice the first is meant.
    return times - axis_offset(wanted)


def _parse(dataset: Dataset, table: Table, name: str) -> tuple[np.ndarray, TimeAxis]:
    """A few dates seldom tell what comes first: the dataset's order is meant, unless they defy it."""
    order, asked, cells = dataset.time_axis.order, dataset.columns.date_order, table.frame[name]
    is_dotted = cells.dtype == "str" and bool(cells.str.match(DOTTED).all())
    try:
        return parse_times(cells, name, table.name, table.line, asked or (None if is_dotted else order))
    except DataError:
        if asked or is_dotted or not order:
            raise
    return parse_times(cells, name, table.name, table.line)


def _extent(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """(1,) the first and (1,) the last time of any record."""
    first = min(series.times[0] for series in dataset.series)
    return np.array([first]), np.array([max(series.times[-1] for series in dataset.series)])


def _check_records(dataset: Dataset, table: Table, records: pd.Series | None) -> None:
    if records is None:
        return
    unknown = sorted(set(records) - {series.name for series in dataset.series})
    if unknown:
        raise DataError(
            f"{table.name} names the record {unknown[0]!r}, which {dataset.name} does not have. Name one of "
            "its records."
        )


def _label(
    series: TimeSeries, starts: np.ndarray, ends: np.ndarray, records: pd.Series | None, found: np.ndarray
) -> TimeSeries:
    """`series` with its own labels; `found` becomes True for every anomaly that holds a step of it."""
    own = np.ones(len(starts), bool) if records is None else (records == series.name).to_numpy()
    first = np.searchsorted(series.times, starts[own], side="left")
    stop = np.searchsorted(series.times, ends[own], side="right")
    found[np.flatnonzero(own)[stop > first]] = True
    return replace(series, labels=fill_runs(first, stop, len(series)))
