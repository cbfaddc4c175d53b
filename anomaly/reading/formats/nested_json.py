"""JSON whose table lies deeper: found by its shape, not by who wrote it. Lists of records or of rows, lists by name and
records by moment, once or once for each series, with what is said of each beside it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from anomaly.domain import Repair
from anomaly.reading.formats.budget import spend_cells
from anomaly.reading.vocabulary.naming import TIME_NAMES, words_of
from anomaly.reading.vocabulary.units import UNIT

ALL = "[]"
"""each of a list, in a path"""
DEEPEST, LOOKED_AT, MOST_PARTS = 8, 20, 16
NAMED = ("columns", "fields", "names", "header", "headers")
"""of the list that names the cells of rows"""
CALLED = ("__name__", "name", "variablename", "entity_id", "label", "title", "parameter", "sensor", "id", "key", "code")
"""what a series is called by"""
DAY = re.compile(r"\s*(\d{4}-\d\d|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{4}/\d{1,2}/\d|/Date\()")
CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?")
EPOCH = ((2e8, 5e9), (2e11, 5e12), (2e14, 5e15), (2e17, 5e18))
Path = tuple[str, ...]


@dataclass
class Found:
    """A table that lies deeper."""

    frame: pd.DataFrame
    units: dict[str, str]
    notes: list[Repair]


def unnest(data: Any, name: str) -> Found | None:
    """The table in nested data; None where there is none of a regular shape. Raises DataError where it is too large."""
    tables = _find_tables(data)
    if not tables:
        return None
    # One row that tells a time is what is said of a table, not the table.
    path = max(tables, key=lambda path: (tables[path][0] and tables[path][1] > 1, tables[path][1], -len(path)))
    beside = [other for other in tables if _are_series(data, path, other)]
    # Lists by name: each is a series, called by its name.
    parts = [
        ({"name": place[-1], **about} if beside else about, _records(node, about))
        for place in [path, *beside]
        for about, node in _walk(data, place, {})
    ]
    rows = sum(len(records) for _, records in parts)
    names = {key for _, records in parts for record in records[:LOOKED_AT] for key in record}
    spend_cells(rows, max(len(names), 1) + (len(parts) > 1), name)
    frame, units = _join(parts)
    frame, said = spell_columns(frame, parts[0][0])
    units |= said
    shown = spell_path(path)
    several = f", {len(parts):,} of them" if len(parts) > 1 else ""
    notes = [Repair(f"{name} is nested: the table under {shown!r} is read{several}")]
    node = next(node for _, node in _walk(data, path, {}))
    sample = [row for row in node[:LOOKED_AT] if isinstance(row, dict)] if isinstance(node, list) else []
    left = dict.fromkeys(key for row in sample for key, part in row.items() if _is_left_out(part))
    if left:
        shown = ", ".join(map(repr, left))
        notes.append(Repair(f"{name}: {shown} hold{'s' * (len(left) == 1)} lists, not one number: left out", len(left)))
    return Found(frame, units, notes) if len(frame.columns) else None


def spell_path(path: Path) -> str:
    """ "data.result[].values"."""
    return ".".join(path).replace(f".{ALL}", ALL) or ALL


def longest_list(data: Any) -> tuple[str, int]:
    """The path of the longest list, and how many it holds."""
    best: tuple[Path, int] = ((), 0)
    waiting: list[tuple[Path, Any]] = [((), data)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, list):
            best = (path, len(node)) if len(node) > best[1] else best
        if len(path) < DEEPEST:
            waiting += [((*path, step), part) for step, part in _below(node)]
    return spell_path(best[0]), best[1]


def _below(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        yield from ((str(key), part) for key, part in list(node.items())[:200] if isinstance(part, dict | list))
    elif isinstance(node, list):
        yield from ((ALL, part) for part in node[:LOOKED_AT] if isinstance(part, dict | list))


def _find_tables(data: Any) -> dict[Path, tuple[bool, float]]:
    """By path: whether its rows tell a time, and about how many there are."""
    found: dict[Path, tuple[bool, float]] = {}
    waiting: list[tuple[Path, Any, float]] = [((), data, 1.0)]
    while waiting:
        path, node, share = waiting.pop()
        sample = _records(node, {}, LOOKED_AT)
        if sample:
            timed, rows = found.get(path, (False, 0.0))
            told = any(_tells_time(key, value) for row in sample[:3] for key, value in row.items())
            found[path] = (timed or told, rows + share * _count(node))
        if len(path) < DEEPEST:
            share *= max(len(node) / LOOKED_AT, 1.0) if isinstance(node, list) else 1.0
            waiting += [((*path, step), part, share) for step, part in _below(node)]
    return found


def _tells_time(key: str, value: Any) -> bool:
    if isinstance(value, str):
        return DAY.match(value) is not None or bool(CLOCK.fullmatch(value) and set(words_of(key)) & set(TIME_NAMES))
    is_epoch = isinstance(value, int | float) and any(low <= value <= high for low, high in EPOCH)
    return is_epoch or bool(set(words_of(key)) & set(TIME_NAMES) and isinstance(value, int | float))


def _are_series(data: Any, path: Path, other: Path) -> bool:
    """Whether two lists stand side by side in one object and have records of the same names, a time among them."""
    if path == other or not path or path[:-1] != other[:-1] or ALL in (path[-1], other[-1]):
        return False
    one, two = (next((node for _, node in _walk(data, place, {})), None) for place in (path, other))
    rows = [node[0] for node in (one, two) if isinstance(node, list) and node and isinstance(node[0], dict)]
    return len(rows) == 2 and set(rows[0]) == set(rows[1]) and any(_tells_time(*cell) for cell in rows[0].items())


def _count(node: Any) -> int:
    if isinstance(node, list):
        return len(node)
    rows = _rows_of(node)
    lists = _lists_of(node)
    return len(rows) if rows is not None else len(next(iter(lists.values()))) if lists else len(node)


def _records(node: Any, about: Mapping[str, Any], most: int | None = None) -> list[dict[str, Any]]:
    """The rows of a table, flat; none where a node is no table."""
    if isinstance(node, list) and node and all(isinstance(row, dict) for row in node[:most]):
        return [_flatten(row) for row in node[:most]]
    if isinstance(node, list) and _are_rows(node[:most]):
        names = _names(about.get("."), len(node[0])) or _guess_names(node[0])
        return [dict(zip(names, row, strict=False)) for row in node[:most]]
    rows = _rows_of(node)
    if rows is not None:
        names = _names(node, len(rows[0])) or _guess_names(rows[0])
        return [dict(zip(names, row, strict=False)) for row in rows[:most]]
    lists = _lists_of(node)
    if lists:
        columns = {key: column[:most] for key, column in lists.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if _is_by_moment(node):
        return [{"time": key, **_flatten(row)} for key, row in list(node.items())[:most]]
    return []


def _are_rows(node: list[Any]) -> bool:
    """Lists of as many scalars each."""
    if len(node) < 2 or not all(isinstance(row, list) and 1 < len(row) <= 500 for row in node):
        return False
    return len({len(row) for row in node}) == 1 and not any(isinstance(cell, dict | list) for cell in node[0])


def _rows_of(node: Any) -> list[Any] | None:
    """The rows of an object that names them apart, as {"columns": [...], "values": [[...]]}."""
    if not isinstance(node, dict) or not any(key in node for key in NAMED):
        return None
    rows = [part for part in node.values() if isinstance(part, list) and _are_rows(part)]
    return rows[0] if len(rows) == 1 and _names(node, len(rows[0][0])) else None


def _names(node: Any, width: int) -> list[str] | None:
    for key in NAMED if isinstance(node, dict) else ():
        names = node.get(key)
        if isinstance(names, list) and len(names) == width:
            found = [one.get("name") if isinstance(one, dict) else one for one in names]
            if all(isinstance(one, str) for one in found):
                return list(map(str, found))
    return None


def _guess_names(row: list[Any]) -> list[str]:
    is_time = _tells_time("", row[0])
    if not is_time and len(row) == 2 and _tells_time("", row[1]):
        return ["value", "time"]
    return ["time", "value"] if is_time and len(row) == 2 else [
        "time" if is_time and not place else f"channel_{place + (not is_time)}" for place in range(len(row))
    ]  # fmt: skip


def _lists_of(node: Any) -> dict[str, list[Any]] | None:
    """The lists by name of an object, of one length, beside which only what is said of them may stand."""
    if not isinstance(node, dict):
        return None
    lists = {str(key): part for key, part in node.items() if isinstance(part, list) and part}
    is_flat = not any(isinstance(cell, dict | list) for part in lists.values() for cell in part[:3])
    return lists if len(lists) > 1 and is_flat and len({len(part) for part in lists.values()}) == 1 else None


def _is_by_moment(node: Any) -> bool:
    """Records by the moment that they tell of."""
    if not isinstance(node, dict) or len(node) < 3:
        return False
    keys = list(node)[:LOOKED_AT]
    is_time = all(DAY.match(str(key)) or (str(key).isdigit() and _tells_time("", int(key))) for key in keys)
    return is_time and all(isinstance(part, dict) for part in node.values())


def _walk(node: Any, path: Path, about: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each node of a path, with what is said of it beside it and above it; "." is the object that holds it."""
    if not path:
        yield about, node
    elif path[0] == ALL:
        for part in node if isinstance(node, list) else ():
            yield from _walk(part, path[1:], about)
    elif isinstance(node, dict) and path[0] in node:
        said = {key: part for key, part in node.items() if key != path[0] and not isinstance(part, list)}
        yield from _walk(node[path[0]], path[1:], {**about, **_flatten(said), **said, ".": node})


def _flatten(row: Mapping[str, Any]) -> dict[str, Any]:
    """A record without records in it: {"value": {"bpm": 72}} as bpm, by its last name where that is told once."""
    leaves: list[tuple[Path, Any]] = []
    waiting: list[tuple[Path, Any]] = [((str(key),), part) for key, part in reversed(list(row.items()))]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, list) and len(part) == 1:
            part = part[0]
        if isinstance(part, dict) and len(path) < DEEPEST:
            waiting += [((*path, str(key)), one) for key, one in reversed(list(part.items()))]
        elif isinstance(part, list) and not _is_left_out(part) and len(path) < DEEPEST:
            waiting += [((*path, str(place)), one) for place, one in reversed(list(enumerate(part, 1)))]
        elif not isinstance(part, dict | list):
            leaves.append((path, part))
    if all(len(path) == 1 for path, _ in leaves):
        return {path[0]: part for path, part in leaves}
    last = [next(step for step in reversed(path) if not step.isdigit() or len(path) == 1) for path, _ in leaves]
    return {
        word if last.count(word) == 1 and not path[-1].isdigit() else " ".join(path): part
        for (path, part), word in zip(leaves, last, strict=True)
    }


def _is_left_out(part: Any) -> bool:
    """Whether a cell is a list that makes no columns: of words, or of more than a few."""
    return (
        isinstance(part, list) and len(part) != 1 and (len(part) > MOST_PARTS or any(isinstance(x, str) for x in part))
    )


def _join(parts: list[tuple[dict[str, Any], list[dict[str, Any]]]]) -> tuple[pd.DataFrame, dict[str, str]]:
    """All rows as one table, and units: series of the same moments side by side, others one below another."""
    frames = [pd.DataFrame(records) for _, records in parts if records]
    abouts = [
        {key: value for key, value in about.items() if not isinstance(value, dict)} for about, rows in parts if rows
    ]
    times = [_time_of(frame) for frame in frames]
    if len(frames) == 1:
        unit = _unit_of(abouts[0])
        others = [str(key) for key in frames[0] if key != times[0] and frames[0][key].dtype.kind in "ifO"]
        return frames[0], {others[0]: unit} if unit and len(others) == 1 else {}
    names = _call(abouts)
    if any(time is None for time in times):
        changing = [key for key in abouts[0] if len({str(about.get(key)) for about in abouts}) > 1]
        filled = [frame.assign(**{key: about.get(key) for key in changing if key not in frame})
                  for frame, about in zip(frames, abouts, strict=True)]  # fmt: skip
        return pd.concat(filled, ignore_index=True), {}
    first = frames[0][times[0]].tolist()
    values = [[key for key in frame if key != time] for frame, time in zip(frames, times, strict=True)]
    if names and all(len(keys) == 1 for keys in values) and all(
        frame[time].tolist() == first for frame, time in zip(frames, times, strict=True)
    ):  # fmt: skip
        columns = {name: frame[keys[0]] for name, frame, keys in zip(names, frames, values, strict=True)}
        units = {name: unit for name, about in zip(names, abouts, strict=True) if (unit := _unit_of(about))}
        return pd.DataFrame({"time": first, **columns}), units
    if names:
        frames = [frame.assign(variable=name) for frame, name in zip(frames, names, strict=True)]
    return pd.concat(frames, ignore_index=True), {}


def _time_of(frame: pd.DataFrame) -> str | None:
    return next((str(key) for key in frame if _tells_time(str(key), frame[key].iloc[0])), None)


def _call(abouts: list[dict[str, Any]]) -> list[str]:
    """What each series is called: by the first of what is said of it that tells them all apart; none where nothing
    does."""
    keys = [key for key in abouts[0] if len({str(about.get(key)) for about in abouts}) == len(abouts)]
    called = [key for word in CALLED for key in keys if key.lower() == word]
    if called or keys:
        return [str(about.get((called or keys)[0])) for about in abouts]
    changing = [key for key in abouts[0] if len({str(about.get(key)) for about in abouts}) > 1]
    names = [" ".join(str(about.get(key)) for key in changing) for about in abouts]
    return names if len(set(names)) == len(names) else []


def _unit_of(about: Mapping[str, Any]) -> str:
    keys = [key for key in about if key.lower() in ("unit", "units", "unitcode", "uom", "unit_of_measurement")]
    return next((str(about[key]) for key in keys if UNIT.fullmatch(str(about[key]))), "")


def spell_columns(frame: pd.DataFrame, beside: Mapping[str, Any]) -> tuple[pd.DataFrame, dict[str, str]]:
    """The table, and units, where an object beside it says of each column under its name: its unit, or a better
    name."""
    names = list(map(str, frame.columns))
    objects = [one for one in beside.values() if isinstance(one, dict) and set(one) & set(names)]
    said = {
        key: value
        for one in objects
        for key, value in one.items()
        if key in names and isinstance(value, str) and value.strip() and not DAY.match(value)
    }
    units = {key: value for key, value in said.items() if UNIT.fullmatch(value)}
    new = {key: value for key, value in said.items() if value not in names}
    if units or len(set(new.values())) < len(new):
        return frame, units
    return frame.rename(columns=new), {}
