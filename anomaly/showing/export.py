"""Detection -> events.csv, points.csv and run.json, the same bytes from the browser, the command line and Python."""

import hashlib
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv

from anomaly.detecting import Detection
from anomaly.domain import DataError, Repair, versions, write_together
from anomaly.evaluating import assess_events, assess_scores
from anomaly.forecasting import Fitted

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
FORMULA_INSIDE = re.compile(r"([;\t|\r\n])(?=[=+\-@＝＋－＠])")
"""where a spreadsheet that splits at another sign than the comma would begin a cell, and a formula"""
STRUCTURE = set(',"\n\r;\t|')
"""characters that a CSV cell may only hold in quotes"""


def events_csv(detection: Detection, judged: Sequence[tuple[str, str, str]] | None = None) -> bytes:
    """One line per event; with `judged`, what a person said of each: verdict, tag, note."""
    return to_csv(verdict_columns(detection.events_table(), judged))


def verdict_columns(table: pd.DataFrame, judged: Sequence[tuple[str, str, str]] | None) -> pd.DataFrame:
    """`table`, a line for each event or for the first of them, with what a person said of each, if anything."""
    for position, name in enumerate(("verdict", "tag", "note") if judged is not None else ()):
        table[name] = pd.Series([one[position] for one in judged or ()][: len(table)], dtype="str")
    return table


def points_csv(detection: Detection) -> bytes:
    return to_csv(detection.points())


def repairs_csv(repairs: Sequence[Repair]) -> bytes:
    """What was repaired or noticed while reading: text, count, and the first few lines of the file concerned."""
    table = {
        "what": pd.Series([repair.text for repair in repairs], dtype="str"),
        "count": [repair.count for repair in repairs],
        "first_lines": pd.Series([" ".join(map(str, repair.lines)) for repair in repairs], dtype="str"),
    }
    return to_csv(pd.DataFrame(table))


def run_json(detection: Detection, fitted: Fitted, tables: Mapping[str, bytes] | None = None) -> bytes:
    """What made the two tables (`describe_run`), and the sha256 of each, by which they are known to belong to it;
    `tables` by name, where they are there already."""
    tables = tables or _tables(detection)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in tables.items()}
    run = {**describe_run(detection, fitted), "files": digests}
    return (json.dumps(run, indent=1, ensure_ascii=False) + "\n").encode()


def _tables(detection: Detection) -> dict[str, bytes]:
    return {"events.csv": events_csv(detection), "points.csv": points_csv(detection)}


def describe_run(detection: Detection, fitted: Fitted) -> dict[str, Any]:
    """What made a detection: file digest, settings, versions, seed, threshold, repairs."""
    dataset = detection.dataset
    columns = dataset.columns
    return {
        "data": {
            "name": dataset.name,
            "sha256": dataset.digest,
            "records": len(dataset.series),
            "steps": dataset.steps,
            "time": columns.time,
            "record": columns.record,
            "channels": columns.monitored,
            "kinds": dict(zip(columns.monitored, columns.every_kind, strict=True)),
            "context": columns.context,
            "labels": columns.labels,
            "ignore": columns.ignore,
            "units": dict(dataset.units),
            "repairs": [str(repair) for repair in dataset.repairs],
        },
        "fit": fitted.settings.model_dump()
        | {
            "fitted_on_sha256": fitted.digest,
            "ended": fitted.ended,
            "epochs_run": len(fitted.epochs),
            "memory_steps": fitted.reach.memory,
            "calendar_inputs": fitted.preparation.calendar.parts,
        },
        "detect": detection.settings.model_dump(),
        "threshold": {
            "rule": detection.threshold.rule,
            "parameter": detection.threshold.parameter,
            "value": detection.threshold.value,
            "note": detection.threshold.note,
        },
        "events": _list(detection.events_table()),
        "unusual": _list(detection.unusual_table()),
        "scored_steps": detection.scored_steps,
        "evaluation": evaluation_of(detection),
        "versions": versions(),
    }


def _list(events: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"record": row.record, "start": str(row.start), "end": str(row.end), "kind": row.kind, "why": row.why}
        for row in events.itertuples()
    ]


def evaluation_of(detection: Detection) -> dict[str, float | None] | None:
    """Every figure of the comparison with the known anomalies, by name; None without any."""
    if not detection.dataset.has_labels:
        return None
    figures = (*assess_events(detection), *assess_scores(detection)[0])
    return {figure.name: None if math.isnan(figure.value) else round(figure.value, 4) for figure in figures}


def write_files(
    detection: Detection, fitted: Fitted, folder: str | Path, more: Mapping[str, bytes] | None = None
) -> list[Path]:
    """Write the three files, and `more` beside them, into `folder`, made where it is missing. Whatever ends this
    process, none is cut, and run.json, which comes last, tells by its digests whether the tables are those it speaks
    of. Raises DataError where that is not possible."""
    folder = Path(folder)
    tables = _tables(detection)
    contents = {**tables, **(more or {}), "run.json": run_json(detection, fitted, tables)}
    try:
        write_together(folder, contents)
    except OSError as error:
        raise DataError(f"The results cannot be written to {folder}: {error.strerror}.") from None
    return [folder / name for name in (*tables, "run.json", *(more or {}))]


def to_csv(table: pd.DataFrame) -> bytes:
    """UTF-8, commas, "\\n"; unknown = empty; text that a spreadsheet would run as a formula gets a leading '."""
    names = [disarm(name) for name in table.columns]
    columns, quoting = [], "none"
    for position in range(table.shape[1]):
        cells = table.iloc[:, position]
        if isinstance(cells.dtype, pd.StringDtype):
            codes, unique = cells.factorize()
            texts = [disarm(text) for text in unique]
            columns.append(pa.array(texts, pa.string()).take(pa.array(codes)))
            # Arrow either quotes every text or none; quote only where some cell needs it.
            quoting = "needed" if any(STRUCTURE & set(text) for text in texts) else quoting
        else:
            columns.append(pa.array(cells.to_numpy(), from_pandas=True))
    sink = io.BytesIO()
    sink.write((",".join(map(_quote, names)) + "\n").encode())
    options = arrow_csv.WriteOptions(include_header=False, quoting_style=quoting)
    arrow_csv.write_csv(pa.table(columns, names=[str(n) for n in range(len(names))]), sink, options)
    return sink.getvalue()


def disarm(cell: str) -> str:
    """A text cell that no spreadsheet takes for a formula (OWASP, CSV injection), wherever it splits a line; a number,
    such as -5, is none."""
    if cell.startswith(FORMULA_STARTS) and not PLAIN_NUMBER.fullmatch(cell):
        cell = f"'{cell}"
    return FORMULA_INSIDE.sub(r"\1'", cell)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if STRUCTURE & set(name) else name
