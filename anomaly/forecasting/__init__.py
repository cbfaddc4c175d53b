"""Dataset -> Fitted -> predictions: what the network sees, its training, and how a fitted model is stored.

In: a `Dataset` and `FitSettings`. Out: `Fitted`, which predicts; its memory and the drift of new data in words.
Begin in `fitting.py`; `scaling.py` and `preparation.py` cut the train span, `calendar.py` adds the hour and the
weekday where `rhythm.py` finds that they matter, `coarse.py` the coarser steps that a second forecaster learns,
`storage.py` writes and reads model folders (`manifest.py` checks), `baselines.py` is what a network has to beat,
`memory.py` and `drift.py` say both in words.
Only `model/` imports torch: cells, backpropagation through time, how often a checkpoint is written (`training.py`).
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.forecasting import storage
    from anomaly.forecasting.baselines import Bag, Repeat, WindowMean
    from anomaly.forecasting.calendar import Calendar, describe_calendar
    from anomaly.forecasting.coarse import COARSE, coarsen
    from anomaly.forecasting.drift import Drift, Inputs, describe_inputs, say_drift
    from anomaly.forecasting.fitting import (
        Fitted,
        Predictor,
        compare_stretches,
        complete,
        cut_train_spans,
        estimate,
        fit,
        predict_records,
        without_start,
    )
    from anomaly.forecasting.memory import describe_memory, say_steps, suggest_bptt
    from anomaly.forecasting.model.forecaster import Forecaster
    from anomaly.forecasting.model.trace import reach_at_start, trace_steps
    from anomaly.forecasting.model.training import import_optimisers
    from anomaly.forecasting.pace import PaceKeeper
    from anomaly.forecasting.preparation import find_train_stops, last_observed, validation_start
    from anomaly.forecasting.storage import load, save

__getattr__, __all__ = open_face(__name__, __file__)
