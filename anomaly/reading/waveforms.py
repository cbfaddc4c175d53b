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
NO_EVENT = re.compile(
    r"\s*|rec(ord(ing)?)?\W+(start|stop|end)(s|ed|ped|ing)?\b.*|(start|stop|end) (of )?(the )?record(ing)?\W*",
    re.IGNORECASE | re.DOTALL,
)
EDF_HEADER, EDF_SIGNAL_HEADER = 256, 256


def read_wfdb(parts: Mapping[str, bytes], header: str) -> Table:
    """A WFDB record: `parts` are the bytes of its files by their names, `header` the .hea among them.

    Columns: time (seconds since the start), the signals in their units, and label where it has annotations of beats:
    1 around those that are not normal. Raises DataError where a part is missing, damaged, or elsewhere.
    """
    name = Path(header).stem
    wanted = {name + ".hea": header} | {file: file for file in _signal_files(parts, header)}
    beats_file = next((name + ending for ending in ANNOTATIONS if name + ending in parts), None)
    if beats_file:
        wanted[beats_file] = beats_file
    with tempfile.TemporaryDirectory() as folder:
        for written, part in wanted.items():
            (Path(folder) / written).write_bytes(parts[part])
        record, beats = _read_with_wfdb(Path(folder) / name, beats_file, {w: len(parts[p]) for w, p in wanted.items()})
    values = np.asarray(record.p_signal, float)
    rate = float(record.fs or 0)
    if not rate > 0 or values.ndim != 2 or not values.size:
        raise DataError(f"{name} holds no signal: expected at least one, sampled at a known rate.")
    values[np.isinf(values)] = np.nan
    names = _apart(list(record.sig_name))
    columns: dict[str, np.ndarray] = {"time": np.arange(len(values)) / rate, **dict(zip(names, values.T, strict=True))}
    notes: list[Repair] = []
    if beats is not None:
        labels, note = _label_beats(*beats, len(values), rate)
        columns |= {} if labels is None else {"label": labels}
        notes.append(note)
    units = dict(zip(names, map(str, record.units), strict=True))
    content = b"".join(parts[part] for _, part in sorted(wanted.items()))
    return replace(make_table(pd.DataFrame(columns), content, name), units={"time": "s", **units}, repairs=tuple(notes))


def _signal_files(parts: Mapping[str, bytes], header: str) -> list[str]:
    """The files the header names, each of which must lie beside it: told from its text, before a library follows it."""
    name = Path(header).stem
    text = parts.get(header, b"").decode("ascii", errors="ignore")
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    first = lines[0] if lines else []
    record, _, segments = (first[0] if first else "").partition("/")
    counted = len(first) > 1 and re.fullmatch(r"[0-9]{1,6}", first[1])
    if not counted or not PLAIN_NAME.fullmatch(record) or not PLAIN_NAME.fullmatch(header):
        raise DataError(f"{header} is no WFDB header: expected the record's name and its number of signals at the top.")
    if segments:
        raise DataError(f"{header} is a record of {segments} segments: expected a single one. Open its segments.")
    if record != name:
        raise DataError(f"{header} is the header of record {record!r}: expected the file to be called {record}.hea.")
    if len(lines) - 1 != int(first[1]):
        raise DataError(f"{header} promises {int(first[1]):,} signals and describes {len(lines) - 1:,}.")
    files = list(dict.fromkeys(line[0] for line in lines[1:]))
    for file in files:
        # A header for a signal would be written over the one that was checked.
        if not PLAIN_NAME.fullmatch(file) or file.lower().endswith(".hea"):
            raise DataError(f"{header} names the signal file {file!r}: expected a plain file name, beside the header.")
        if file not in parts:
            raise DataError(f"{header} needs {file} beside it: open both together.")
    return files


def _check_sizes(head: Any, sizes: Mapping[str, int], name: str) -> None:
    """What the library understood of the header, against the bytes there are; `sizes` are those of the files."""
    steps, frames = head.sig_len or 0, [count or 1 for count in head.samps_per_frame or ()]
    if not set(head.file_name or ()) <= set(sizes):
        raise DataError(f"{name}.hea is no sound WFDB header: its signal files cannot be told from its lines.")
    if steps * sum(frames) > MOST_CELLS:
        raise DataError(f"{name}.hea promises {steps:,} steps of {len(frames):,} signals: more than can be opened.")
    # A skew makes the library invent as many samples; no format packs more than one into a byte.
    if max((skew or 0 for skew in head.skew or ()), default=0) * sum(frames) > sum(sizes.values()):
        raise DataError(f"{name}.hea shifts a signal by more than its length: expected a skew of a few samples.")
    needed: dict[str, int] = {}
    for file, form, count in zip(head.file_name or (), head.fmt or (), frames, strict=True):
        needed[file] = needed.get(file, 0) + BITS.get(form, 0) * count * steps
    for file, bits in needed.items():
        if bits // 8 > sizes[file] + 64:
            raise DataError(
                f"{file} is cut off: {name}.hea promises {bits // 8:,} bytes of signals, found {sizes[file]:,}. "
                "Copy or download it again."
            )


def _read_with_wfdb(
    path: Path, beats_file: str | None, sizes: Mapping[str, int]
) -> tuple[Any, tuple[np.ndarray, list[str]] | None]:
    """The record; and the samples and symbols of its annotations, where it has any."""
    import wfdb

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _check_sizes(wfdb.rdheader(str(path)), sizes, path.name)
            record = wfdb.rdrecord(str(path))
            if beats_file is None:
                return record, None
            beats = wfdb.rdann(str(path), Path(beats_file).suffix.lstrip("."))
            # Annotations may count on a finer clock than the signals.
            finer = float(record.fs) / float(beats.fs) if beats.fs and record.fs else 1.0
            samples = np.clip(np.round(np.asarray(beats.sample) * finer), -1e15, 1e15).astype(np.int64)
            return record, (samples, [str(symbol) for symbol in beats.symbol])
    except DataError:
        raise
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reason = reason.replace(str(path.parent / "x")[:-1], "")
        raise DataError(f"{path.name} is no sound WFDB record ({reason}). Copy or download it again.") from None


def _label_beats(samples: np.ndarray, symbols: list[str], steps: int, rate: float) -> tuple[np.ndarray | None, Repair]:
    """(T,) 1 around beats that are not normal and all through a flutter, None where no beat is annotated at all; and
    how many of them there are."""
    labels = np.zeros(steps, np.int64)
    # So that 0.15 s of 140 a second are 21 samples, not 20.999...
    reach = min(int(AROUND_BEAT * rate + 1e-9), steps)
    flutters, since = 0, None
    for sample, symbol in zip(samples.tolist(), symbols, strict=True):
        if symbol in ODD_BEATS:
            labels[max(sample - reach, 0) : max(sample + reach + 1, 0)] = 1
        elif symbol == FLUTTER_STARTS and since is None:
            flutters, since = flutters + 1, sample
        elif symbol == FLUTTER_STOPS and since is not None:
            labels[max(since, 0) : max(sample + 1, 0)], since = 1, None
    if since is not None:  # the recording ended first
        labels[max(since, 0) :] = 1
    odd = sum(symbol in ODD_BEATS for symbol in symbols)
    beats = odd + sum(symbol in NORMAL_BEATS for symbol in symbols)
    if not beats + flutters:
        return None, Repair("The annotations tell of no beats: no anomaly is known")
    more = f", and {flutters:,} stretch{'es' * (flutters > 1)} of ventricular flutter" if flutters else ""
    return labels, Repair(f"{odd:,} of {beats:,} annotated beats are not normal{more}: known anomalies", odd + flutters)


def read_edf(content: bytes, name: str) -> Table:
    """An EDF, EDF+ or BDF file.

    Columns: time (seconds since the start, at the highest sampling rate), the signals in their units, and label where
    there are annotations: 1 while one lasts. A signal sampled less often is empty between its samples. Raises DataError
    for a damaged file, or one whose header promises more than it holds.
    """
    _check_lengths(content, name)
    signals, rate, events, whole = _read_with_edfio(content, name)
    steps = max((len(data) for *_, data in signals), default=0)
    if not steps or not 0 < rate < np.inf:
        raise DataError(f"{name} holds no signal: expected at least one, sampled at a known rate.")
    if not whole:
        raise DataError(f"{name} was recorded with interruptions (EDF+D): expected one stretch. Export it as EDF+C.")
    names = _apart([label for label, *_ in signals])
    spread = {label: _spread(data, steps) for label, (*_, data) in zip(names, signals, strict=True)}
    columns = {"time": np.arange(steps) / rate, **spread}
    slower = [label for label, (*_, data) in zip(names, signals, strict=True) if len(data) < steps]
    notes = [Repair(f"Sampled less often than the rest, empty between: {', '.join(slower)}")] if slower else []
    labels, count = _label_stretches(events, steps, rate)
    if count:
        columns["label"] = labels
        notes.append(
            Repair(
                f"{count:,} annotation{'s are' if count > 1 else ' is a'} known anomal{'ies' if count > 1 else 'y'}",
                count,
            )
        )
    units = {label: unit for label, (_, unit, _) in zip(names, signals, strict=True)}
    return replace(make_table(pd.DataFrame(columns), content, name), units={"time": "s", **units}, repairs=tuple(notes))


def _read_with_edfio(
    content: bytes, name: str
) -> tuple[list[tuple[str, str, np.ndarray]], float, list[tuple[float, float, str]], bool]:
    """The name, unit and samples of the signals; the highest rate of them; the onset, duration and text of the
    annotations; and whether the recording was never interrupted."""
    import edfio

    read = edfio.read_bdf if content[:1] == b"\xff" else edfio.read_edf
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = read(io.BytesIO(content), header_encoding="latin-1")
            signals = [(one.label.strip(), one.physical_dimension.strip(), one.data) for one in file.signals]
            rate = float(max((one.sampling_frequency for one in file.signals), default=0))
            events = [(float(one.onset), float(one.duration or 0), str(one.text)) for one in file.annotations]
            whole = content[195:197] != b"+D" or file.is_continuous
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{name} is no sound EDF file ({reason}). Copy or download it again.") from None
    return signals, rate, events, whole


def _spread(data: np.ndarray, steps: int) -> np.ndarray:
    """(T,) float64: the samples of one signal, evenly, at the steps nearest to them; NaN between."""
    values = np.full(steps, np.nan)
    places = (np.arange(len(data)) * steps + len(data) // 2) // max(len(data), 1)
    values[places] = np.where(np.isfinite(data), data, np.nan)
    return values


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
    shown = [n for place, n in enumerate(each) if b"DF Annotations" not in content[256 + 16 * place : 272 + 16 * place]]
    steps = (len(content) - header) // max(sum(each) * sample, 1) * max(shown, default=0)
    if steps * len(shown) > MOST_CELLS:
        raise DataError(f"{name} holds {steps:,} steps of {len(shown):,} signals: more than can be opened at once.")


def _label_stretches(events: Sequence[tuple[float, float, str]], steps: int, rate: float) -> tuple[np.ndarray, int]:
    """(T,) 1 while an annotation lasts, at least at the step nearest to it; and how many lie in the recording."""
    labels = np.zeros(steps, np.int64)
    count = 0
    for onset, duration, text in events:
        start, stop = onset * rate, (onset + duration) * rate
        if NO_EVENT.fullmatch(text) or not np.isfinite(start + stop) or stop < -0.5 or start > steps - 0.5:
            continue
        first = min(max(round(start), 0), steps - 1)
        labels[first : max(first + 1, min(round(stop), steps))] = 1
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
