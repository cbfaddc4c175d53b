"""Physiological waveforms: WFDB records (PhysioNet) and EDF/BDF files, their annotations as known anomalies."""

import io
import re
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from anomaly.domain import Repair
from anomaly.exceptions import DataError
from anomaly.reading.columnar import make_table
from anomaly.reading.table import Table

ANNOTATIONS = (".atr", ".qrs", ".ann")
MOST_CELLS = 200_000_000
BITS = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12, "310": 10, "311": 10}
"""of a sample in each of WFDB's formats that are not compressed"""
PLAIN_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")
NORMAL_BEATS, ODD_BEATS = {*"N."}, {*"LRBAaJSVrFejnE/fQ?"}
"""the symbols of beats among the annotation codes of WFDB"""
FLUTTER_STARTS, FLUTTER_STOPS = "[", "]"
AROUND_BEAT = 0.15
"""seconds on either side of a beat that belong to it"""
NO_EVENT = re.compile(r"\s*|record(ing)? (start|end|stop)s?.*|(start|end) of record(ing)?.*", re.IGNORECASE)
EDF_HEADER, EDF_SIGNAL_HEADER = 256, 256


def read_wfdb(parts: Mapping[str, bytes], header: str) -> Table:
    """A WFDB record: `parts` are the bytes of its files by their names, `header` the .hea among them.

    Columns: time (seconds since the start), the signals in their units, and label where it has annotations of beats:
    1 around those that are not normal. Raises DataError where a part is missing, damaged, or elsewhere.
    """
    name = Path(header).stem
    _check_header(parts, header)
    with tempfile.TemporaryDirectory() as folder:
        for part, content in parts.items():
            if PLAIN_NAME.fullmatch(part):
                (Path(folder) / part).write_bytes(content)
        record, beats = _read_with_wfdb(Path(folder) / name, [part for part in ANNOTATIONS if name + part in parts])
    values = np.asarray(record.p_signal, float)
    rate = float(record.fs or 0)
    if not rate > 0 or values.ndim != 2 or not values.size:
        raise DataError(f"{name} holds no signal: expected at least one, sampled at a known rate.")
    names = _apart(list(record.sig_name))
    columns: dict[str, np.ndarray] = {"time": np.arange(len(values)) / rate, **dict(zip(names, values.T, strict=True))}
    notes: list[Repair] = []
    if beats is not None:
        columns["label"], note = _label_beats(*beats, len(values), rate)
        notes.append(note)
    units = dict(zip(names, map(str, record.units), strict=True))
    content = b"".join(parts[part] for part in sorted(parts))
    return replace(make_table(pd.DataFrame(columns), content, name), units={"time": "s", **units}, repairs=tuple(notes))


def _check_header(parts: Mapping[str, bytes], header: str) -> None:
    """What the header asks for must lie beside it and be large enough for what it promises."""
    name = Path(header).stem
    lines = [line.split() for line in parts[header].decode("latin-1").splitlines() if line.strip() and line[0] != "#"]
    first = lines[0] if lines else []
    record, _, segments = (first[0] if first else "").partition("/")
    if len(first) < 2 or not first[1].isdigit() or not PLAIN_NAME.fullmatch(record) or not PLAIN_NAME.fullmatch(header):
        raise DataError(f"{header} is no WFDB header: expected the record's name and its number of signals at the top.")
    if segments:
        raise DataError(f"{header} is a record of {segments} segments: expected a single one. Open its segments.")
    if record != name:
        raise DataError(f"{header} is the header of record {record!r}: expected the file to be called {record}.hea.")
    signals = [line for line in lines[1:] if len(line) >= 2][: int(first[1])]
    if len(signals) < int(first[1]):
        raise DataError(f"{header} promises {int(first[1]):,} signals and describes {len(signals):,}.")
    steps = int(first[3]) if len(first) > 3 and first[3].isdigit() else 0
    if steps * max(len(signals), 1) > MOST_CELLS:
        raise DataError(f"{header} promises {steps:,} steps of {len(signals):,} signals: more than can be opened.")
    needed: dict[str, float] = {}
    for file, form, *_ in signals:
        if not PLAIN_NAME.fullmatch(file):
            raise DataError(f"{header} names the signal file {file!r}: expected a plain file name, beside the header.")
        if file not in parts:
            raise DataError(f"{header} needs {file} beside it: open both together.")
        kind = re.match(r"(\d+)(?:x(\d+))?", form)
        bits = BITS.get(kind[1], 0) if kind else 0
        needed[file] = needed.get(file, 0.0) + bits * int((kind and kind[2]) or 1) * steps / 8
    for file, size in needed.items():
        if size > len(parts[file]) + 64:
            raise DataError(
                f"{file} is cut off: {header} promises {size:,.0f} bytes of signals, found {len(parts[file]):,}. "
                "Copy or download it again."
            )


def _read_with_wfdb(path: Path, annotations: Sequence[str]) -> tuple[Any, tuple[np.ndarray, list[str]] | None]:
    import wfdb

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            record = wfdb.rdrecord(str(path))
            if not annotations:
                return record, None
            beats = wfdb.rdann(str(path), annotations[0].lstrip("."))
            return record, (np.asarray(beats.sample), [str(symbol) for symbol in beats.symbol])
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path.name} is no sound WFDB record ({reason}). Copy or download it again.") from None


def _label_beats(samples: np.ndarray, symbols: list[str], steps: int, rate: float) -> tuple[np.ndarray, Repair]:
    """(T,) 1 around beats that are not normal and all through a flutter; and how many of them there are."""
    labels = np.zeros(steps, np.int64)
    reach = int(AROUND_BEAT * rate)
    flutter = None
    for sample, symbol in zip(samples.tolist(), symbols, strict=True):
        if symbol in ODD_BEATS:
            labels[max(sample - reach, 0) : max(sample + reach + 1, 0)] = 1
        elif symbol == FLUTTER_STARTS:
            flutter = sample
        elif symbol == FLUTTER_STOPS and flutter is not None:
            labels[max(flutter, 0) : max(sample + 1, 0)], flutter = 1, None
    odd = sum(symbol in ODD_BEATS for symbol in symbols)
    beats = odd + sum(symbol in NORMAL_BEATS for symbol in symbols)
    return labels, Repair(f"{odd:,} of {beats:,} annotated beats are not normal: known anomalies", odd)


def read_edf(content: bytes, name: str) -> Table:
    """An EDF, EDF+ or BDF file.

    Columns: time (seconds since the start, at the highest sampling rate), the signals in their units, and label where
    there are annotations: 1 while one lasts. A signal sampled less often is empty between its samples. Raises DataError
    for a damaged file, or one whose header promises more than it holds.
    """
    import edfio

    _check_lengths(content, name)
    read = edfio.read_bdf if content[:1] == b"\xff" else edfio.read_edf
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = read(io.BytesIO(content), header_encoding="latin-1")
            signals = [(one.label, one.physical_dimension, one.sampling_frequency, one.data) for one in file.signals]
            events = [(float(one.onset), float(one.duration or 0), str(one.text)) for one in file.annotations]
    except DataError:
        raise
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{name} is no sound EDF file ({reason}). Copy or download it again.") from None
    if not signals or max(len(data) for *_, data in signals) == 0:
        raise DataError(f"{name} holds no signal: expected at least one.")
    rate = max(frequency for _, _, frequency, _ in signals)
    steps = max(int(np.ceil(len(data) * rate / frequency)) for _, _, frequency, data in signals)
    if steps * len(signals) > MOST_CELLS:
        raise DataError(f"{name} holds {steps:,} steps of {len(signals):,} signals: more than can be opened at once.")
    names = _apart([label.strip() for label, *_ in signals])
    columns: dict[str, np.ndarray] = {"time": np.arange(steps) / rate}
    for label, (_, _, frequency, data) in zip(names, signals, strict=True):
        columns[label] = np.full(steps, np.nan)
        columns[label][np.minimum(np.round(np.arange(len(data)) * rate / frequency).astype(int), steps - 1)] = data
    slower = [label for label, (_, _, frequency, _) in zip(names, signals, strict=True) if frequency < rate]
    notes = [Repair(f"Sampled less often than the rest, empty between: {', '.join(slower)}")] if slower else []
    labels, count = _label_stretches(events, steps, rate)
    if count:
        columns["label"] = labels
        notes.append(Repair(f"{count:,} annotations are known anomalies", count))
    units = {label: unit.strip() for label, (_, unit, _, _) in zip(names, signals, strict=True)}
    return replace(make_table(pd.DataFrame(columns), content, name), units={"time": "s", **units}, repairs=tuple(notes))


def _check_lengths(content: bytes, name: str) -> None:
    """The header's own arithmetic (EDF, Kemp et al. 1992) against the bytes there are."""
    sample = 3 if content[:1] == b"\xff" else 2
    try:
        header, records, signals = (int(content[at : at + size]) for at, size in ((184, 8), (236, 8), (252, 4)))
        each = [int(content[at : at + 8]) for at in range(256 + 216 * signals, 256 + 224 * signals, 8)]
    except ValueError:
        raise DataError(f"{name} is no sound EDF file: its header holds no numbers where lengths are due.") from None
    if signals < 1 or header != EDF_HEADER + EDF_SIGNAL_HEADER * signals or min(each) < 0 or len(each) != signals:
        raise DataError(f"{name} is no sound EDF file: its header does not have the length it gives.")
    promised = header + max(records, 0) * sum(each) * sample
    if promised > len(content):
        raise DataError(
            f"{name} is cut off: its header promises {promised:,} bytes, found {len(content):,}. "
            "Copy or download it again."
        )


def _label_stretches(events: Sequence[tuple[float, float, str]], steps: int, rate: float) -> tuple[np.ndarray, int]:
    labels = np.zeros(steps, np.int64)
    count = 0
    for onset, duration, text in events:
        if NO_EVENT.fullmatch(text) or not np.isfinite(onset + duration):
            continue
        start = min(max(round(onset * rate), 0), steps - 1)
        labels[start : max(start + 1, min(round((onset + duration) * rate), steps))] = 1
        count += 1
    return labels, count


def _apart(names: Sequence[str]) -> list[str]:
    """Names that are all different, none of them one that the table needs itself."""
    taken = {"time", "label"}
    apart: list[str] = []
    for place, name in enumerate(names, 1):
        free, number = name or f"signal {place}", 2
        while free in taken:
            free, number = f"{name or f'signal {place}'} {number}", number + 1
        taken.add(free)
        apart.append(free)
    return apart
