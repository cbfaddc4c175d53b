"""Forecast -> Detection: how surprising each step is, where that is too much, and why.

In: residuals and stretch profiles, also those of the reference span. Out: `Detection`: scores, threshold, ranked
events, each with a sentence.
Begin in `scores.py`, then `thresholds.py` (the nine rules), `events.py` (flags to runs to events),
`explanations.py` (the sentence). `stretches.py` compares stretches, by `shapes.py` and `levels.py`; `usual.py` and
`habits.py` say what is usual; `agreement.py` counts flags against labels. Defaults: `anomaly/domain/settings/`.
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.detecting.agreement import Agreement, evaluate_events, evaluate_points
    from anomaly.detecting.bounds import Signals, gather_signals
    from anomaly.detecting.change_points import HealthySpan, propose_train_span
    from anomaly.detecting.detection import Detection
    from anomaly.detecting.events import find_events, find_unusual, rank_events
    from anomaly.detecting.levels import Levels
    from anomaly.detecting.scores import Scorer
    from anomaly.detecting.shapes import Shapes
    from anomaly.detecting.smoothing import spread_blocks
    from anomaly.detecting.stretches import Stretches
    from anomaly.detecting.thresholds import Evidence, calibrate, known


__getattr__, __all__ = open_face(__name__, __file__)
