"""Unforeseen: anomalies in sensor and medical-record time series, from what a recurrent forecaster did not foresee.

import anomaly
dataset = anomaly.read("sensors.csv")
fitted = anomaly.fit(dataset, anomaly.FitSettings(train_fraction=0.5))
detection = anomaly.detect(fitted, dataset, anomaly.DetectSettings(threshold_rule="sigma"))
print(detection.events_table())
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anomaly.detection import Detection
    from anomaly.domain import Dataset, Event, TimeSeries
    from anomaly.exceptions import AnomalyError, DataError, ModelFileError, SettingsError, TrainingError
    from anomaly.fitting import Fitted, fit
    from anomaly.labelling import label_dataset
    from anomaly.pipeline import detect, read
    from anomaly.settings import DetectSettings, FitSettings, ReadSettings
    from anomaly.storage import load, save

__version__ = "0.1.0"

_HOMES = {
    "detection": ("Detection",),
    "domain": ("Dataset", "Event", "TimeSeries"),
    "exceptions": ("AnomalyError", "DataError", "ModelFileError", "SettingsError", "TrainingError"),
    "labelling": ("label_dataset",),
    "fitting": ("Fitted", "fit"),
    "pipeline": ("detect", "read"),
    "settings": ("DetectSettings", "FitSettings", "ReadSettings"),
    "storage": ("load", "save"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = [  # noqa: RUF022 - in the order of use
    "read", "fit", "detect", "save", "load", "label_dataset",
    "ReadSettings", "FitSettings", "DetectSettings",
    "Dataset", "TimeSeries", "Fitted", "Detection", "Event",
    "AnomalyError", "DataError", "SettingsError", "TrainingError", "ModelFileError",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `python -m anomaly --help` should not wait for pandas."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'anomaly' has no attribute {name!r}")
    return getattr(import_module(f"anomaly.{_HOME_OF[name]}"), name)
