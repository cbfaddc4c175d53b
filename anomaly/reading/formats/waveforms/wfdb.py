"""WFDB records (PhysioNet), of one segment or several: signals, and annotated beats as known anomalies."""

import re
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.domain import DataError, Repair, lacks
from anomaly.reading.formats.budget import spend_annotations, spend_cells
from anomaly.reading.formats.table import Table
from anomaly.reading.formats.waveforms.beats import label_beats
from anomaly.reading.formats.waveforms.signals import LABEL, Recording, Signal, known_start, tabulate

ANNOTATIONS = (".atr", ".qrs", ".ann")
BITS = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12, "310": 10, "311": 10}
"""of a sample in each of WFDB's formats that are not compressed"""
PLAIN_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")
NOTHING = "~"
"""stands where a segment, or the signals of a layout, have no file"""


def collect_record(find: Callable[[str], bytes | None], header: str) -> dict[str, bytes]:
    """The bytes of a record's files by their names: its header, what it names, and one file of annotations if any.

    `find` gives the bytes of a plain file name beside the header, None where there is none. Raises DataError where a
    file is missing, or the header points elsewhere.
    """
    files = {header: find(header) or b""}

    def take(name: str) -> bytes:
        content = find(name)
        if content is None:
            raise DataError(f"{header} needs {name} beside it: open both together.")
        return files.setdefault(name, content)

    signal_files, segments = _named_in(files[header], header)
    for segment in segments:
        more, deeper = _named_in(take(segment), segment)
        if deeper or Path(segment).stem == Path(header).stem:
            raise DataError(
                f"{header} has the segment {segment}, a record of segments: expected one of signals. Open "
                "that record by itself."
            )
        signal_files += more
    for name in signal_files:
        take(name)
    stem = Path(header).stem
    beats = next(((name, found) for end in ANNOTATIONS if (found := find(name := stem + end)) is not None), None)
    return files | (dict([beats]) if beats else {})


def read_wfdb(parts: Mapping[str, bytes], header: str) -> Table:
    """A WFDB record: `parts` are the bytes of its files by their names, `header` the .hea among them.

    Columns: time at the rate of the fastest signal (time stamps where the header tells the date, else seconds since the
    start), the signals in their units, and label where it has annotations of beats: 1 around those that are not normal.
    Raises DataError where a part is missing, damaged, or elsewhere.
    """
    name = Path(header).stem
    files = collect_record(parts.get, header)
    # wfdb knows the ending in small letters only.
    files = {name + ".hea" if file == header else file: content for file, content in files.items()}
    with tempfile.TemporaryDirectory() as folder:
        for file, content in files.items():
            (Path(folder) / file).write_bytes(content)
        recording, beats = _read_with_wfdb(Path(folder) / name, {file: len(files[file]) for file in files})
    columns: dict[str, np.ndarray] = {}
    notes: list[Repair] = []
    if beats is not None:
        labels, note = label_beats(*beats, len(recording), recording.rate)
        columns = {} if labels is None else {LABEL: labels}
        notes = [note]
    return tabulate(recording, b"".join(content for _, content in sorted(files.items())), columns, notes)


def _named_in(content: bytes, header: str) -> tuple[list[str], list[str]]:
    """The files of signals and the headers of segments that a header names, each of which must lie beside it: told from
    its text, before a library follows it."""
    text = content.decode("ascii", errors="ignore")
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    first = lines[0] if lines else []
    record, _, segments = (first[0] if first else "").partition("/")
    counts = [first[1] if len(first) > 1 else "", segments or "1"]
    counted = all(re.fullmatch(r"[0-9]{1,6}", count) for count in counts)
    if not counted or not PLAIN_NAME.fullmatch(record) or not PLAIN_NAME.fullmatch(header):
        raise DataError(
            f"{header} is no WFDB header: expected the record's name and its number of signals at the top. "
            "Copy or download it again."
        )
    if record != Path(header).stem:
        raise DataError(
            f"{header} is the header of record {record!r}: expected the file to be called {record}.hea. Rename it so."
        )
    promised, kind = (int(segments), "segments") if segments else (int(first[1]), "signals")
    if len(lines) - 1 != promised:
        raise DataError(
            f"{header} promises {promised:,} {kind} and describes {len(lines) - 1:,}. Copy or download it again."
        )
    names = list(dict.fromkeys(line[0] for line in lines[1:]))
    filled = sum(line[0] != NOTHING for line in lines[1:])
    if segments and filled > len(set(names) - {NOTHING}):
        # The library would read it each time.
        raise DataError(
            f"{header} names {filled:,} segments, some of them twice: expected each of them once. Open them one by one."
        )
    if segments or _is_layout(first, names):
        names = [name for name in names if name != NOTHING]
    for file in names:
        # A header for a signal would be written over the one that was checked.
        if not PLAIN_NAME.fullmatch(file) or file.lower().endswith(".hea"):
            raise DataError(
                f"{header} names the signal file {file!r}: expected a plain file name, beside the header. "
                "Put the file there."
            )
    return ([], [name + ".hea" for name in names]) if segments else (names, [])


def _is_layout(first: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a header has no samples and only says which signals the segments of a record may have."""
    return len(first) > 3 and first[3] == "0" and list(names) == [NOTHING]


def _read_with_wfdb(path: Path, sizes: Mapping[str, int]) -> tuple[Recording, tuple[np.ndarray, list[str]] | None]:
    """The recording; and the samples and symbols of its annotations, where it has any."""
    if lacking := lacks("wfdb", "wfdb"):
        raise DataError(f"{path.name} is a WFDB record: {lacking}.")
    import wfdb

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _check_header(path, sizes)
            record = wfdb.rdrecord(str(path), smooth_frames=False)
            recording = _to_recording(record, path.name)
            return recording, _read_beats(path, sizes, recording.rate, float(record.fs))
    except (DataError, MemoryError):
        raise
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reason = reason.replace(str(path.parent / "x")[:-1], "")
        raise DataError(f"{path.name} is no sound WFDB record ({reason}). Copy or download it again.") from None


def _read_beats(
    path: Path, sizes: Mapping[str, int], rate: float, frame_rate: float
) -> tuple[np.ndarray, list[str]] | None:
    import wfdb

    ending = next((end for end in ANNOTATIONS if path.name + end in sizes), None)
    if ending is None:
        return None
    spend_annotations(sizes[path.name + ending] // 2, path.name + ending)
    beats = wfdb.rdann(str(path), ending.lstrip("."))
    # Annotations count frames, if not on a clock of their own; the samples of a frame are steps apart.
    finer = rate / float(beats.fs or frame_rate)
    samples = np.clip(np.round(np.asarray(beats.sample) * finer), -1e15, 1e15).astype(np.int64)
    return samples, [str(symbol) for symbol in beats.symbol]


def _to_recording(record: Any, name: str) -> Recording:
    frames = [count or 1 for count in record.samps_per_frame or ()]
    signals = tuple(
        Signal(str(record.sig_name[place]), str(record.units[place] or ""), np.asarray(samples, float))
        for place, samples in enumerate(record.e_p_signal or ())
    )
    rate = float(record.fs or 0) * max(frames, default=1)
    return Recording(name, signals, rate, known_start(record.base_date, record.base_time))


def _check_header(path: Path, sizes: Mapping[str, int]) -> None:
    """What the library understands of the headers, against the bytes there are; `sizes` are those of the files."""
    import wfdb

    head = wfdb.rdheader(str(path))
    if not hasattr(head, "seg_name"):
        _spend(head.sig_len or 0, head.samps_per_frame or (), path.name)
        _check_sizes(head, sizes, path.name)
        return
    parts = [wfdb.rdheader(str(path.parent / part)) for part in head.seg_name if part + ".hea" in sizes]
    if not parts or not set(head.seg_name) <= {part.record_name for part in parts} | {NOTHING}:
        raise DataError(
            f"{path.name}.hea is no sound WFDB header: its segments cannot be told from its lines. Copy "
            "or download it again."
        )
    steps, in_segments = head.sig_len or 0, sum(head.seg_len)
    if steps != in_segments:
        raise DataError(
            f"{path.name}.hea promises {steps:,} steps, its segments {in_segments:,}: expected as many. "
            "Copy or download all of them again."
        )
    _spend(steps, max((part.samps_per_frame or () for part in parts), key=len), path.name)
    layouts = [part for part in parts if set(part.file_name or ()) == {NOTHING}]
    filled = [part for part in parts if part not in layouts]
    for part in filled:
        if (part.sig_len or 0) > steps:
            raise DataError(
                f"{part.record_name}.hea promises more steps than {path.name}.hea: expected a part of it. "
                "Copy or download both again."
            )
        _check_sizes(part, sizes, part.record_name)
        if not layouts and part.sig_name != filled[0].sig_name:
            raise DataError(
                f"{path.name} has segments of other signals: expected the same in all. Open them one by one."
            )
    units = {(signal, unit) for part in filled for signal, unit in zip(part.sig_name, part.units, strict=True)}
    if len(units) > len({signal for signal, _ in units}):
        raise DataError(
            f"{path.name} has segments in different units: expected one for a signal. Open them one by one."
        )


def _spend(steps: int, frames: Sequence[int | None], name: str) -> None:
    """As many cells as all signals have at the rate of the fastest."""
    spend_cells(steps * max((count or 1 for count in frames), default=1), len(frames), f"{name}.hea")


def _check_sizes(head: Any, sizes: Mapping[str, int], name: str) -> None:
    """As `_check_header`, of one segment."""
    steps, frames = head.sig_len or 0, [count or 1 for count in head.samps_per_frame or ()]
    if not set(head.file_name or ()) <= set(sizes):
        raise DataError(
            f"{name}.hea is no sound WFDB header: its signal files cannot be told from its lines. Copy "
            "or download it again."
        )
    # A skew makes the library invent as many samples; no format packs more than one into a byte.
    if max((skew or 0 for skew in head.skew or ()), default=0) * sum(frames) > sum(sizes.values()):
        raise DataError(
            f"{name}.hea shifts a signal by more than its length: expected a skew of a few samples. "
            "Copy or download it again."
        )
    needed: dict[str, int] = {}
    for file, form, count in zip(head.file_name or (), head.fmt or (), frames, strict=True):
        needed[file] = needed.get(file, 0) + BITS.get(form, 0) * count * steps
    for file, bits in needed.items():
        if bits // 8 > sizes[file] + 64:
            raise DataError(
                f"{file} is cut off: {name}.hea promises {bits // 8:,} bytes of signals, found {sizes[file]:,}. "
                "Copy or download it again."
            )
