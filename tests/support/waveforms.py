"""Two signals of a recording, and an EDF file of them."""

import datetime
import io
import warnings
from typing import Any

import edfio
import numpy as np

RATE, STEPS = 100, 1000
SIGNALS = np.stack([np.sin(np.arange(STEPS) / 10), 50 + 10 * np.cos(np.arange(STEPS) / 25)], 1)


def edf_file(annotated: bool = True, **told: Any) -> bytes:
    waves = [
        edfio.EdfSignal(SIGNALS[:, 0], RATE, label="EEG Fpz-Cz", physical_dimension="uV"),
        edfio.EdfSignal(SIGNALS[::10, 1], RATE / 10, label="Resp", physical_dimension="L"),
    ]
    notes = [edfio.EdfAnnotation(2.0, 1.5, "seizure"), edfio.EdfAnnotation(0, None, "Recording starts")]
    told = {"annotations": notes if annotated else None, "starttime": datetime.time(10)} | told
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        edfio.Edf(waves, **told).write(buffer)
    return buffer.getvalue()
