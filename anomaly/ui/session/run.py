"""The run on the screen: one finished fit, what was computed from it, and where the person looks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anomaly.domain import DetectSettings

if TYPE_CHECKING:
    from anomaly.domain import Dataset, Span
    from anomaly.forecasting import Drift, Fitted
    from anomaly.pipeline import Scored
    from anomaly.runs import Role, Verdict


@dataclass
class View:
    """Where the person is looking. Steps, not times, so that every chart agrees."""

    record: int = 0
    window: "Span | None" = None
    selected: "Span | None" = None


@dataclass
class Run:
    """One finished fit and what was computed from it so far."""

    dataset: "Dataset"
    fitted: "Fitted"
    id: str | None = None
    """under which it is kept; None = it is not, or not yet"""
    fit: str | None = None
    """the fit it is of, under whose name it is kept"""
    role: "Role" = "owner"
    """what the person at the page may do with it"""
    kept: DetectSettings | None = None
    """how it was looked at when that was last kept"""
    verdicts: "tuple[Verdict, ...]" = ()
    refused: str | None = None
    """why the store did not take it, until it does"""
    unsaved: "list[Callable[[tuple[Verdict, ...]], tuple[Verdict, ...]]]" = field(default_factory=list)
    """changes of the verdicts that the store did not take yet"""
    view: View = field(default_factory=View)
    has_looked: bool = False
    """until the person looks somewhere, the record with the worst event is shown"""
    channels: list[str] = field(default_factory=list)
    """those drawn; empty: the ones that lead events"""
    channel_lists: int = 0
    """how often the page, not the person, changed them"""
    event_lists: int = 0
    """how often an event was chosen by another way than its row in the list"""
    scored: dict[tuple[int | str, str], "Scored"] = field(default_factory=dict)
    """by smoothing and window: a moved threshold finds its scores here"""
    assessed: tuple[object, Any] | None = None
    """what of the comparison with known anomalies does not depend on the threshold, and of which scores it is"""
    starts: tuple[object, Any] | None = None
    """how far untrained gradients reach, and for which settings"""
    drift: "list[Drift] | None" = None
    """of a file that a kept model scores, against what it learnt from; None = not yet measured"""
    label_files: int = 0
    label_error: str | None = None

    def with_unsaved(self, verdicts: "tuple[Verdict, ...]") -> "tuple[Verdict, ...]":
        for change in self.unsaved:
            verdicts = change(verdicts)
        return verdicts
