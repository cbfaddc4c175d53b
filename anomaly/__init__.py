"""Unforeseen: anomalies in sensor and medical-record time series, from what a recurrent forecaster did not foresee.

import anomaly
dataset = anomaly.read("sensors.csv")
fitted = anomaly.fit(dataset, anomaly.FitSettings(train_fraction=0.5))
detection = anomaly.detect(fitted, dataset, anomaly.DetectSettings(threshold_rule="sigma"))
print(detection.events_table())
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.detecting import Detection, propose_train_span
    from anomaly.domain import (
        AnomalyError,
        DataError,
        Dataset,
        DetectSettings,
        Event,
        FitSettings,
        ModelFileError,
        ReadSettings,
        SettingsError,
        TimeSeries,
        TrainingError,
    )
    from anomaly.forecasting import Fitted, fit, load, save
    from anomaly.pipeline import detect, read
    from anomaly.reading import label_dataset

__version__ = "0.1.0"
__getattr__, __all__ = open_face(__name__, __file__)
