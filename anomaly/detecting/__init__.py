"""Forecast -> Detection: how surprising each step is, where that is too much, and why.

In: residuals and stretch profiles, also those of the reference span. Out: `Detection`: scores, threshold, ranked
events, each with a sentence.
Begin in `scores.py`, then `thresholds.py` (the eight rules), `events.py` (flags to runs to events),
`explanations.py` (the sentence). `shapes.py` compares stretches; `agreement.py` counts flags against labels,
for the rule `best`. Defaults of threshold and merge gap: `anomaly/domain/settings/detecting.py`.
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.detecting.agreement import Agreement, evaluate_events, evaluate_points
    from anomaly.detecting.detection import Detection
    from anomaly.detecting.events import find_events, rank_events
    from anomaly.detecting.scores import Scorer
    from anomaly.detecting.shapes import Shapes
    from anomaly.detecting.thresholds import Evidence, calibrate, known


__getattr__, __all__ = open_face(__name__, __file__)
