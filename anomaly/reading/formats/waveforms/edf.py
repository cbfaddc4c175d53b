"""EDF, EDF+ and BDF files: signals, and annotations as known anomalies or as a state."""

import io
import warnings
from collections.abc import Sequence

import numpy as np

from anomaly.domain import DataError
from anomaly.reading.formats.budget import spend_annotations, spend_cells
from anomaly.reading.formats.table import Table
from anomaly.reading.formats.waveforms.annotations import Annotation, tell_annotations
from anomaly.reading.formats.waveforms.signals import Recording, Signal, known_start, tabulate

HEADER, SIGNAL_HEADER = 256, 256
"""bytes: of the file, and of each signal"""
MARK = 0x14
"""ends the time, and each text, of an annotation"""


def read_edf(content: bytes, name: str) -> Table:
    """An EDF, EDF+ or BDF file.

    Columns: time at the highest sampling rate (time stamps where the date is known, else seconds since the start), the
    signals in their units, label where there are annotations: 1 while one lasts, and state where some follow each other
    through the recording. Raises DataError for a damaged file, or one whose header promises more than it holds.
    """
    _check_lengths(content, name)
    recording, annotations, whole = _read_with_edfio(content, name)
    if not whole:
        raise DataError(f"{name} was recorded with interruptions (EDF+D): expected one stretch. Export it as EDF+C.")
    return tabulate(recording, content, *tell_annotations(annotations, len(recording), recording.rate))


def _read_with_edfio(content: bytes, name: str) -> tuple[Recording, list[Annotation], bool]:
    """Also whether the recording was never interrupted."""
    import edfio

    read = edfio.read_bdf if content[:1] == b"\xff" else edfio.read_edf
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = read(io.BytesIO(content), header_encoding="latin-1")
            signals = tuple(Signal(one.label.strip(), one.physical_dimension.strip(), one.data) for one in file.signals)
            rate = float(max((one.sampling_frequency for one in file.signals), default=0))
            annotations = [
                Annotation(float(a.onset), float(a.duration or 0), str(a.text).strip()) for a in file.annotations
            ]
            whole = content[195:197] != b"+D" or file.is_continuous
            try:
                start = known_start(file.startdate, file.starttime)
            except ValueError:  # no date, or one taken out for privacy
                start = None
    except MemoryError:
        raise
    except Exception as error:  # whatever a parser of foreign bytes stumbles over
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{name} is no sound EDF file ({reason}). Copy or download it again.") from None
    return Recording(name, signals, rate, start), annotations, whole


def _check_lengths(content: bytes, name: str) -> None:
    """The header's own arithmetic (EDF, Kemp et al. 1992) against the bytes there are."""
    sample = 3 if content[:1] == b"\xff" else 2
    try:
        header, records, signals = (int(content[at : at + size]) for at, size in ((184, 8), (236, 8), (252, 4)))
        each = [int(content[at : at + 8]) for at in range(256 + 216 * signals, 256 + 224 * signals, 8)]
    except ValueError:
        raise DataError(
            f"{name} is no sound EDF file: its header holds no numbers where lengths are due. Copy "
            "or download it again."
        ) from None
    if signals < 1 or header != HEADER + SIGNAL_HEADER * signals or min(each) < 0 or len(each) != signals:
        raise DataError(
            f"{name} is no sound EDF file: its header does not have the length it gives. Copy or download it again."
        )
    promised = header + max(records, 0) * sum(each) * sample
    if promised > len(content):
        raise DataError(
            f"{name} is cut off: its header promises {promised:,} bytes, found {len(content):,}. "
            "Copy or download it again."
        )
    notes = [b"DF Annotations" in content[256 + 16 * place : 272 + 16 * place] for place in range(signals)]
    shown = [count for count, is_note in zip(each, notes, strict=True) if not is_note]
    found = (len(content) - header) // max(sum(each) * sample, 1)
    spend_cells(found * max(shown, default=0), len(shown), name)
    spend_annotations(_count_annotations(content, header, found, np.multiply(each, sample), notes), name)


def _count_annotations(
    content: bytes, header: int, records: int, sizes: Sequence[int] | np.ndarray, notes: Sequence[bool]
) -> int:
    """At most so many, besides the one that each record begins with: each text ends with a mark. `sizes` are the bytes
    of each signal in a record, `notes` says which are annotations."""
    width, ends = int(np.sum(sizes)), np.cumsum(sizes)
    laid = np.frombuffer(content, np.uint8, records * width, header).reshape(records, width)
    marks = sum(
        int(np.count_nonzero(laid[:, end - size : end] == MARK))
        for size, end, is_note in zip(sizes, ends, notes, strict=True)
        if is_note
    )
    return max(marks - 2 * records, 0)
