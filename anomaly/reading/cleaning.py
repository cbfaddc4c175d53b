"""Tables and the parts of their columns -> a dataset, with the list of what was repaired on the way."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from anomaly.domain import Columns, DataError, Dataset, Kind, Repair, TimeAxis, TimeSeries
from anomaly.reading.columns.clocks import counts_up
from anomaly.reading.columns.kinds import note_kinds, propose_kinds, without_codes_of_angles
from anomaly.reading.columns.missing_codes import find_codes
from anomaly.reading.columns.remarks import note_resolution, note_unused, note_words, used
from anomaly.reading.columns.rules import find_rows
from anomaly.reading.columns.states import LABEL_WORDS
from anomaly.reading.formats.table import Table
from anomaly.reading.times.missing import keep_rows, read_known_times
from anomaly.reading.times.parsing import join_axes
from anomaly.reading.vocabulary.units import unit_in

SHOWN = 5
MOST = float(np.finfo(float).max)


def make_dataset(tables: Sequence[Table], columns: Columns, kinds: Mapping[str, Kind] | None = None) -> Dataset:
    """Split into records, order each by time, fold repeated rows, keep holes as NaN; tell the kind of each channel
    where `kinds` does not.

    Raises DataError where a time or label cannot be understood or nothing is left to learn from.
    """
    log = _RepairLog(_find_codes(tables, columns))
    series: list[TimeSeries] = []
    axes: list[TimeAxis] = []
    for whole in tables:
        log.repairs += whole.repairs
        table, times, axis = _read_times(whole, columns, log)
        axes.append(axis)
        values = log.numbers(table, columns.monitored)
        context = log.numbers(table, columns.context)
        labels = _read_labels(table, columns.labels)
        ignored = None if columns.ignore is None else find_rows(table, columns.ignore)
        unused = _unused(table, columns)
        for name, rows in _split_records(table, columns, alone=len(tables) == 1):
            series.append(_make_series(name, rows, times, values, context, labels, ignored, table, unused, log))
    _check_usable(tables[0].name, series, columns)
    log.repairs += [*note_words(tables, columns), *note_unused(tables, columns)]
    units = {column: unit for table in tables for column in columns.monitored if (unit := _unit(table, column))}
    columns = replace(columns, kinds=propose_kinds(series, columns, units, kinds or {}))
    log.repairs += note_kinds(columns, kinds or {})
    series, notes = without_codes_of_angles(series, columns)
    log.repairs += notes
    _note_values(columns, series, log)
    log.repairs += note_resolution(tables, columns, series)
    names = [table.name for table in tables]
    digest = tables[0].digest
    if len(tables) > 1:
        digest = hashlib.sha256("".join(table.digest for table in tables).encode()).hexdigest()
    name = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return Dataset(name, tuple(series), columns, join_axes(axes, names), tuple(log.repairs), digest, units)


class _RepairLog:
    """Collects repairs; the same repair of several records is one entry."""

    def __init__(self, codes: Mapping[str, Sequence[float]]) -> None:
        self.repairs: list[Repair] = []
        self._codes = codes

    def add(self, text: str, count: int = 0, lines: Sequence[int] = ()) -> None:
        self.repairs.append(Repair(text, count, tuple(int(line) for line in lines[:SHOWN])))

    def numbers(self, table: Table, names: Sequence[str]) -> np.ndarray:
        """(R, C) float64; infinities, and codes of the channel that stand for no value, become missing."""
        values = np.empty((len(table.frame), len(names)))
        for position, name in enumerate(names):
            values[:, position] = table.numbers(name)
            for code in self._codes.get(name, ()):
                rows = np.flatnonzero(values[:, position] == code)
                values[rows, position] = np.nan
                self._add_code(table, name, code, rows)
        infinite = np.isinf(values)
        if infinite.any():
            values = np.where(infinite, np.nan, values)
            for position in map(int, np.flatnonzero(infinite.any(0))):
                rows = np.flatnonzero(infinite[:, position])
                self.add(
                    f"{len(rows):,} value{'s' * (len(rows) > 1)} of {names[position]!r} "
                    f"{'is' if len(rows) == 1 else 'are'} infinite, or beyond {MOST:.2g}, more than can be held: "
                    "taken as missing",
                    len(rows),
                    [table.line(row) for row in rows[:SHOWN]],
                )
        return values

    def _add_code(self, table: Table, name: str, code: float, rows: np.ndarray) -> None:
        if len(rows):
            self.add(
                f"{table.name}: {len(rows):,} cell{'s' * (len(rows) > 1)} of {name!r} "
                f"{'is' if len(rows) == 1 else 'are'} {code:.10g}, far from all other values: taken as missing; "
                "name it as measured, if that is wrong",
                len(rows),
                [table.line(row) for row in rows[:SHOWN]],
            )


def _find_codes(tables: Sequence[Table], columns: Columns) -> dict[str, list[float]]:
    """Of each channel of numbers, those that stand for no value."""
    names = [
        name
        for name in (*columns.monitored, *columns.context)
        if name not in columns.measured
        and all(name in table.frame and table.frame[name].dtype.kind in "if" for table in tables)
    ]
    # Numbers are looked at where they are: copies of all channels would take as long as reading them.
    found = {
        name: find_codes([table.frame[name].to_numpy() for table in tables], name, tables[0].units.get(name, ""))
        for name in names
    }
    return {name: codes for name, codes in found.items() if codes}


def _make_series(
    name: str,
    rows: np.ndarray,
    times: np.ndarray,
    values: np.ndarray,
    context: np.ndarray,
    labels: np.ndarray | None,
    ignored: np.ndarray | None,
    table: Table,
    unused: Sequence[str],
    log: _RepairLog,
) -> TimeSeries:
    order = np.argsort(times[rows], kind="stable")
    late = np.flatnonzero(times[rows][1:] < times[rows][:-1]) + 1
    if len(late):
        log.add(
            f"Record {name!r}: {len(late):,} row{'s' * (len(late) > 1)} out of time order: sorted by time",
            len(late),
            [table.line(rows[row]) for row in late[:SHOWN]],
        )
    rows = rows[order]
    everything = [values, context, *(part[:, None].astype(float) for part in (labels, ignored) if part is not None)]
    cells = [part[rows] for part in everything]
    if (times[rows][1:] == times[rows][:-1]).any():
        # A row that only a column left out tells from another is none of its repeats.
        codes = [pd.factorize(table.frame[column].iloc[rows])[0][:, None] for column in unused]
        cells += [one.astype(float) for one in codes]
    steps, repeats = _fold_repeats(times[rows], np.concatenate(cells, 1))
    if len(repeats):
        log.add(
            f"Record {name!r}: {len(repeats):,} row{'s' * (len(repeats) > 1)} repeated to the last cell: counted once",
            len(repeats),
            [table.line(rows[row]) for row in repeats[:SHOWN]],
        )
    kept = np.delete(np.arange(len(rows)), repeats)
    shared = kept[1:][times[rows[kept[1:]]] == times[rows[kept[:-1]]]]
    if len(shared):
        log.add(
            f"Record {name!r}: {len(shared):,} row{'s' * (len(shared) > 1)} with the time of the row before but other "
            "values: kept as steps of their own",
            len(shared),
            [table.line(rows[row]) for row in shared[:SHOWN]],
        )
    kept = rows[kept]
    known, left_out = (None if part is None else part[kept] for part in (labels, ignored))
    return TimeSeries(name, times[kept], values[kept], context[kept], known, steps, left_out)


def _fold_repeats(times: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows in time order -> the step of each, and the positions of rows equal to an earlier one of the same time."""
    same_time = np.concatenate([[False], times[1:] == times[:-1]])
    if not same_time.any():
        return np.arange(len(times)), np.empty(0, int)
    steps = np.empty(len(times), np.int64)
    repeats: list[int] = []
    seen: dict[bytes, int] = {}
    count = 0
    for row in range(len(times)):
        seen = seen if same_time[row] else {}
        # Adding 0 makes -0 and 0 the same bytes.
        key = (cells[row] + 0.0).tobytes()
        if key in seen:
            repeats.append(row)
        else:
            seen[key] = count
            count += 1
        steps[row] = seen[key]
    return steps, np.array(repeats, int)


def _split_records(table: Table, columns: Columns, alone: bool) -> list[tuple[str, np.ndarray]]:
    """Name and rows of each record, in the order of the file."""
    if columns.record is None:
        return [(table.name, np.arange(len(table.frame)))]
    cells = table.frame[columns.record]
    if cells.isna().any():
        row = int(np.argmax(cells.isna().to_numpy()))
        raise DataError(
            f"{table.name}, line {table.line(row):,}: expected a record name in column {columns.record!r}, "
            "found an empty cell. Fill it in, or choose another record column, or none."
        )
    codes, names = pd.factorize(cells)
    order = np.argsort(codes, kind="stable")
    bounds = np.cumsum(np.bincount(codes, minlength=len(names)))[:-1]
    prefix = "" if alone else f"{table.name}/"
    return [(f"{prefix}{name}", rows) for name, rows in zip(names, np.split(order, bounds), strict=True)]


def _read_times(table: Table, columns: Columns, log: _RepairLog) -> tuple[Table, np.ndarray, TimeAxis]:
    """The rows that have a time, and their times."""
    if columns.time is not None:
        cells = table.frame[columns.time]

        def is_copy(rows: np.ndarray, others: np.ndarray) -> bool:
            parts = (table.frame.iloc[at].reset_index(drop=True) for at in (rows, others))
            return next(parts).equals(next(parts))

        found, known = read_known_times(cells, columns.time, table.name, table.line, columns.date_order, is_copy)
        log.repairs += found.notes
        return keep_rows(table, known), found.times, found.axis
    if columns.record is None:
        return table, np.arange(len(table.frame)), TimeAxis("row", "row")
    return table, table.frame.groupby(columns.record, sort=False).cumcount().to_numpy(), TimeAxis("row", "row")


def _read_labels(table: Table, name: str | None) -> np.ndarray | None:
    """(R,) bool; an empty cell is not known to be an anomaly."""
    if name is None:
        return None
    cells = table.frame[name]
    if pd.api.types.is_numeric_dtype(cells):
        flat = cells.fillna(0).to_numpy(float)
    else:
        flat = cells.astype("str").str.strip().str.lower().map(LABEL_WORDS).where(cells.notna(), 0.0).to_numpy(float)
    odd = ~np.isin(flat, (0, 1))
    if odd.any():
        row = int(np.argmax(odd))
        raise DataError(
            f"{table.name}, line {table.line(row):,}: expected 0 or 1 in the label column {name!r}, "
            f"found {str(cells.iloc[row])!r}. Choose another label column, or none."
        )
    return flat.astype(bool)


def _check_usable(name: str, series: Sequence[TimeSeries], columns: Columns) -> None:
    if max(len(one) for one in series) < 2:
        raise DataError(
            f"{name} has one row per record: expected at least two, since a forecast needs "
            "a past. Choose another record column, or none."
        )
    if not any(np.isfinite(one.counted).any() for one in series) and columns.ignore:
        raise DataError(
            f"{name} has no step left where {columns.ignore} does not hold: expected a rule that leaves "
            "some. Name another rule, or none."
        )
    if not any(np.isfinite(one.values).any() for one in series):
        raise DataError(
            f"{name} has no number in {', '.join(map(repr, columns.monitored))}: all cells are empty, or hold none "
            "that can be used. Choose other channels."
        )


def _unused(table: Table, columns: Columns) -> list[str]:
    """The columns without a part, but those that number the rows, which tell all rows apart."""
    free = [name for name in map(str, table.frame) if name not in used(columns)]
    return [name for name in free if not counts_up(table.frame[name])]


def _note_values(columns: Columns, series: Sequence[TimeSeries], log: _RepairLog) -> None:
    constant = [
        column
        for names, part in ((columns.monitored, "values"), (columns.context, "context"))
        for position, column in enumerate(names)
        if _is_constant([getattr(one, part)[:, position] for one in series])
    ]
    if constant:
        shown = ", ".join(map(repr, constant[:SHOWN])) + ", …" * (len(constant) > SHOWN)
        verb = "Column {} never changes: it carries" if len(constant) == 1 else "Columns {} never change: they carry"
        log.add(verb.format(shown) + " nothing", len(constant))
    ignored = sum(int(one.ignored.sum()) for one in series if one.ignored is not None)
    if columns.ignore:
        log.add(f"{ignored:,} steps left out of learning and scoring because {columns.ignore}", ignored)
    missing = sum(int(np.isnan(one.values).sum()) for one in series)
    if missing:
        log.add(f"{missing:,} monitored cells are empty: left out of learning and scoring", missing)


def _unit(table: Table, column: str) -> str:
    return table.units.get(column) or unit_in(column)


def _is_constant(parts: Sequence[np.ndarray]) -> bool:
    known = np.concatenate(parts)
    known = known[np.isfinite(known)]
    return len(known) > 0 and known.min() == known.max()
