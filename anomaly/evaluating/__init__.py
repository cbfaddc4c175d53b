"""Events and scores against labels (known anomalies), and models against each other.

In: detections and labels, which nothing before uses but the threshold rule `best`. Out: figures with their meaning,
models side by side, which to take and why, and what the lesson shows.
Begin in `metrics.py` (VUS-PR, affiliation, delays), then `assessment.py` (one detection), `comparison.py` (several
models) and `recommendation.py` (which of them, in words); `lesson.py` computes what the page Learn shows.
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.evaluating.assessment import (
        Curve,
        Figure,
        agree,
        assess_events,
        assess_scores,
        false_events,
        missed_anomalies,
    )
    from anomaly.evaluating.comparison import BASELINES, CELLS, KINDS, Contender, Kind, contend
    from anomaly.evaluating.lesson import LAGS, compare_starts, compare_truncations, keep_times, trace_span
    from anomaly.evaluating.recommendation import (
        MOST_COMPARED,
        compare_events,
        comparison_table,
        explain_choice,
        recommend,
        when,
    )


__getattr__, __all__ = open_face(__name__, __file__)
