"""What a device itself says of its values: a column of quality codes, and which rows it calls bad.

A code is used only where it is plain which is which: words that speak of quality (Good, Bad, INVALID, gut, schlecht),
letters of which most are those for valid, 192 and its like as OPC writes them, 0 and 1 of a column called valid, status
codes of OPC UA. Good values must be most of the rows: a column whose rows are mostly bad means something else. What is
called uncertain is a value still, and so is what has a code that says nothing here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from anomaly.domain import ReadSettings, Repair
from anomaly.reading.columns.states import count_kinds, is_number_column
from anomaly.reading.formats.table import Table
from anomaly.reading.vocabulary.naming import VALUE_NAMES, words_of

VALID_NAMES = {
    "valid",
    "validity",
    "isvalid",
    "isgood",
    "good",
    "gültig",
    "gueltig",
    "gültigkeit",
    "gueltigkeit",
    "valide",
}
"""words of a column in which 1 says that a value is good"""
QUALITY_NAMES = VALID_NAMES | {
    "quality", "qualitycode", "qual", "q", "qc", "qa", "qaqc", "qartod", "qf", "opcquality", "dataintegrity",
    "integrity",
    "güte", "guete",
    "qualität", "qualitaet", "qualité", "qualite", "calidad", "kwaliteit", "kvalitet", "qualità", "qualita",
}  # fmt: skip
STATUS_NAMES = {"status", "statuscode", "state", "flag", "flags", "opcstatus", "zustand"}
"""words of a column that may also tell how a machine does: only words and codes of quality count there"""
GOOD_WORDS = {
    "good", "valid", "ok", "okay", "gut", "gültig", "gueltig", "bon", "bonne", "valide", "buena", "bueno", "válido",
    "valido", "goed", "geldig", "god", "accepted", "approved", "verified", "passed",
}  # fmt: skip
BAD_WORDS = {
    "bad", "invalid", "schlecht", "ungültig", "ungueltig", "mauvais", "mauvaise", "invalide", "mala", "malo",
    "inválido", "no válido", "slecht", "ongeldig", "dålig", "rejected", "disconnected", "not connected", "no data",
    "nodata", "comm fail", "comm_fail", "commfail", "comm failure", "communication failure", "i/o timeout", "timeout",
    "error", "err", "erroneous", "missing", "out of service", "stale",
}  # fmt: skip
YES, NO = {"1", "true", "yes", "y", "ja", "j", "t", "wahr", "oui", "si", "sí"}, {"0", "false", "no", "n", "nein", "f"}
"""what stands in a column called valid"""
GOOD_LETTERS, BAD_LETTERS = {"g", "v"}, {"b", "n", "i", "e", "x"}
MOST_KINDS = 64
MOSTLY = 0.5
"""share of the rows that are good, at least"""
OPC_GOOD, OPC_BAD, OPC_END = 192, 64, 256
FEW_CODES = 8
UA_BAD = 0x8000_0000
SHOWN = 5


@dataclass(frozen=True)
class Quality:
    """A column of quality codes."""

    column: str
    bad: np.ndarray
    """(K,) the codes, as they stand in the cells, of values that count as missing"""


def find_quality(frame: pd.DataFrame, columns: Sequence[str]) -> Quality | None:
    """The column that tells the quality of the values beside it, or at least the same of all; None where none does so
    plainly."""
    idle: list[str] = []
    for column in columns:
        words = {*words_of(column), re.sub(r"[\W_]+", "", column.lower())}
        if not words & (QUALITY_NAMES | STATUS_NAMES) or count_kinds(frame[column], MOST_KINDS + 1) > MOST_KINDS:
            continue
        counts = frame[column].value_counts()
        if len(counts) < 2:
            idle.append(column)
        is_text = not is_number_column(frame[column])
        judged = _judge_words(counts, words) if is_text else _judge_numbers(counts, words)
        if judged is None:
            continue
        good, bad = judged
        if counts.to_numpy()[good].sum() >= MOSTLY * counts.sum():
            return Quality(column, counts.index.to_numpy()[bad])
    return Quality(idle[0], np.empty(0)) if idle else None


def _judge_words(counts: pd.Series, words: set[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """(K,) which kinds are good and which bad; None where that is not plain."""
    kinds = [str(kind).strip().lower() for kind in counts.index]
    good, bad = (np.array([_says(kind, named) for kind in kinds]) for named in (GOOD_WORDS, BAD_WORDS))
    if good.any():
        return good & ~bad, bad
    if words & VALID_NAMES and set(kinds) <= YES | NO:
        return np.isin(kinds, list(YES)), np.isin(kinds, list(NO))
    if words & QUALITY_NAMES and max(map(len, kinds)) == 1:
        return np.isin(kinds, list(GOOD_LETTERS)), np.isin(kinds, list(BAD_LETTERS))
    return None


def _says(kind: str, named: set[str]) -> bool:
    """Whether a code is one of the words, or begins with it: "Good, local override" and "BadNoCommunication"."""
    bare = re.sub(r"^[\W\d_]+(?:x[0-9a-f]+)?\W*", "", kind).strip(" ()[].")
    begins = bare.startswith(("good", "bad")) and bare[: 4 if bare[0] == "g" else 3] in named
    return bare in named or re.split(r"[,;:(\[-]", bare)[0].strip() in named or begins


def _judge_numbers(counts: pd.Series, words: set[str]) -> tuple[np.ndarray, np.ndarray] | None:
    codes = counts.index.to_numpy(float)
    if not (codes == np.floor(codes)).all():
        return None
    if words & VALID_NAMES and 1 in codes and set(codes) <= set(range(10)):
        return codes == 1, codes == 0
    if set(codes) <= {0.0, 1.0}:
        # Of what is only called quality, which of the two is good is told by their number.
        return (codes == 1, codes == 0) if words & QUALITY_NAMES and (codes == 1).any() else None
    is_opc = OPC_GOOD in codes or (words & QUALITY_NAMES and len(codes) <= FEW_CODES and codes.max() >= OPC_GOOD)
    if is_opc and codes.min() >= 0 and codes.max() < OPC_END:
        return codes >= OPC_GOOD, codes < OPC_BAD
    if 0 in codes and codes.max() >= UA_BAD:
        return codes == 0, codes >= UA_BAD
    return None


def drop_bad_values(table: Table, settings: ReadSettings) -> Table:
    """A wide table of one value and its quality without the values of bad quality, and without that column.

    Of several channels it would not be told which is bad, and a "status" may be that of a machine.
    """
    frame = table.frame
    told = {settings.labels, settings.record, *(settings.channels or ()), *(settings.context or ())}
    called = [
        name for name in map(str, frame) if set(words_of(name)) & set(VALUE_NAMES) and is_number_column(frame[name])
    ]
    beside = [name for name in map(str, frame) if set(words_of(name)) & QUALITY_NAMES and name not in {*called, *told}]
    if len(called) != 1 or len(beside) != 1:
        return table
    quality = find_quality(frame, beside)
    bad, said = (None, []) if quality is None else tell_bad(table, quality)
    if quality is None or bad is None or not said:
        return table
    cells = frame[called[0]].astype(float).mask(bad)
    return replace(
        table,
        frame=frame.assign(**{called[0]: cells}).drop(columns=quality.column),
        repairs=(*table.repairs, *said),
    )


def tell_bad(table: Table, quality: Quality) -> tuple[np.ndarray, list[Repair]]:
    """(R,) the rows of bad quality, and what to say of them."""
    bad = (
        table.frame[quality.column].isin(list(quality.bad)).to_numpy()
        if len(quality.bad)
        else np.zeros(len(table.frame), bool)
    )
    rows = np.flatnonzero(bad)
    if not len(rows):
        return bad, []
    found = list(dict.fromkeys(map(_show, table.frame[quality.column].iloc[rows].unique())))
    shown = " or ".join(found[:SHOWN]) + " or …" * (len(found) > SHOWN)
    one = len(rows) == 1
    return bad, [
        Repair(
            f"{len(rows):,} value{'s' * (not one)} of bad quality count{'s' * one} as missing "
            f"({quality.column} = {shown})",
            len(rows),
            tuple(table.line(int(row)) for row in rows[:SHOWN]),
        )
    ]


def _show(code: object) -> str:
    return f"{code:.15g}" if isinstance(code, float) else str(code)
