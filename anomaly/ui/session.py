"""What one browser session holds: the opened file, the fit under way, the last result.

Imported by the first page, which should not wait for pandas: the rest is imported when a file is opened.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from anomaly.exceptions import AnomalyError
from anomaly.settings import RULES, DetectSettings, FitSettings, ReadSettings
from anomaly.ui.plain import plain

if TYPE_CHECKING:
    from anomaly.domain import Dataset, Span
    from anomaly.drift import Drift
    from anomaly.fitting import Fitted
    from anomaly.jobs import FitJob
    from anomaly.pipeline import Scored
    from anomaly.reading import Table
    from anomaly.runs import Role, Verdict
    from anomaly.ui.compare_page import Comparison
    from anomaly.ui.spool import SpooledTables

KEY, PENDING, UPLOADS = "current", "pending", "uploads"


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
    min_effect: str = ""
    """the last least effects typed that could be used"""

    def with_unsaved(self, verdicts: "tuple[Verdict, ...]") -> "tuple[Verdict, ...]":
        for change in self.unsaved:
            verdicts = change(verdicts)
        return verdicts


@dataclass
class Look:
    """What is known of the columns of the tables that are used."""

    names: list[str]
    numeric: list[str]
    sheets: list[str]
    sheet: str
    """the one that is used; empty where the file is no workbook"""
    columns: Any
    """one line for each (`anomaly.inspection`)"""


@dataclass
class Current:
    """The opened file."""

    tables: "SpooledTables | None"
    """None where a kept run was opened: of its file only the dataset was kept"""
    read: ReadSettings
    dataset: "Dataset"
    look: "Look | None"
    fit: FitSettings = field(default_factory=FitSettings)
    """those of the last fit, or the defaults"""
    chosen: dict[str, Any] = field(default_factory=dict)
    """what the panel at the left shows now, perhaps not yet valid; every button that fits uses it"""
    job: "FitJob[Fitted] | None" = None
    comparison: "Comparison | None" = None
    effort: tuple[object, Any, Any] | None = None
    """what the settings of the panel will take and what they cannot learn, and of which settings that is"""
    effort_of_all: tuple[object, float] | None = None
    """the seconds of a comparison, and of which settings that is"""
    detect: DetectSettings | None = None
    """how the last result was looked at"""
    run: Run | None = None
    error: str | None = None
    """why the last fit failed, until the next one starts"""
    role_error: str | None = None
    """why the roles last chosen cannot be used"""
    roles_read: int = 0
    """how often roles were chosen in the table"""


CHOICES = (
    "auto_smoothing", "smoothing", "smoothing_window", "auto_merge", "merge_gap", "min_length", "leave", "min_effect",
    "threshold_rule", "budget_per", "section", "drag",
    *(f"threshold_{rule}{kind}" for rule in RULES for kind in ("", "_dragged")),
)  # fmt: skip
"""keys of the result's widgets"""
FORECASTER = (
    "cell", "hidden_units", "layers", "bptt_steps", "window_steps", "horizons", "learning_rate", "epochs", "most_steps",
    "patience", "recurrent_init", "forget_bias", "weight_decay", "dropout", "gradient_norm", "input_noise", "seed",
    "device",
)  # fmt: skip
SPAN = ("span", "train_fraction", "train_rows", "train_until")
"""keys of the panel's widgets, which keep what was set from page to page"""


def keep_choices() -> None:
    """Streamlit forgets a widget's value once a run does not show it, as while training or under another rule."""
    # What is to be shown otherwise can only be set before its widgets are drawn.
    st.session_state.update(st.session_state.pop(PENDING, {}))
    for key in CHOICES:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def forget_panel() -> None:
    """The panel shows the settings of the last fit again."""
    for key in (*FORECASTER, *SPAN):
        st.session_state.pop(key, None)


def new_upload_box() -> None:
    """Another box from now on: one that was used would show, and send, its files again."""
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1


def current() -> Current | None:
    return st.session_state.get(KEY)


def open_tables(
    tables: list["Table"], start: FitSettings | None = None, known: tuple[bytes, str] | None = None
) -> None:
    """Make these tables the opened file; `start` goes straight to training, `known` is a file of known anomalies.
    Raises DataError."""
    from anomaly.jobs import warm_up
    from anomaly.ui.spool import release_memory

    opened = make_current(tables, start or FitSettings())
    del tables
    if known is not None:
        from anomaly.labelling import label_dataset
        from anomaly.reading import read_table

        opened.dataset = label_dataset(opened.dataset, read_table(*known))
    release_memory()
    warm_up()
    if start is not None:
        start_job(opened)
    st.session_state[KEY] = opened


def make_current(tables: list["Table"], fit: FitSettings) -> Current:
    """What is known of freshly read tables; their cells are set aside."""
    from anomaly.ui.spool import SpooledTables

    read = ReadSettings()
    return Current(SpooledTables(tables), read, *_assemble(tables, read), fit)


def _assemble(tables: list["Table"], read: ReadSettings) -> tuple["Dataset", Look]:
    from anomaly.assembly import assemble_shaped, shape_tables, sheets_of
    from anomaly.inspection import inspect_columns

    shaped = shape_tables(tables, read)
    dataset = assemble_shaped(shaped, read)
    frame = shaped[0].frame
    names = [str(name) for name in frame.columns]
    numeric = [name for name in names if frame[name].dtype.kind in "if"]
    table = inspect_columns(shaped, dataset)
    return dataset, Look(names, numeric, sheets_of(tables), shaped[0].sheet, table)


def close() -> None:
    """Back to the first page. A fit under way goes on where it is kept, as a comparison does, and can be found again;
    else it is stopped."""
    opened = current()
    if opened is not None and opened.job is not None and opened.job.is_running:
        if opened.job.outlives_its_page:
            st.toast(f"{plain(opened.job.dataset.name)} goes on learning: find it on the page Runs.")
        else:
            opened.job.discard()
    for key in [key for key in st.session_state if key not in ("pages", UPLOADS)]:
        del st.session_state[key]
    new_upload_box()
    # It would open the same run again.
    st.query_params.clear()


def change_columns(opened: Current, read: ReadSettings) -> None:
    """Read the opened tables again with other columns; what is open stays where that fails (DataError)."""
    assert opened.tables is not None
    opened.dataset, opened.look = _assemble(opened.tables.load(), read)
    opened.read = read
    opened.role_error = None


def open_job(job: "FitJob[Fitted]") -> None:
    """Watch a fit that another page began."""
    st.session_state[KEY] = Current(None, ReadSettings(), job.dataset, None, fit=job.settings, job=job)


def open_dataset(dataset: "Dataset", fit: FitSettings) -> None:
    """Make a dataset that is already read the opened one, with these settings for its fit."""
    from anomaly.jobs import warm_up

    close()
    warm_up()
    st.session_state[KEY] = Current(None, ReadSettings(), dataset, None, fit=fit)


def open_kept(run: Run, detect: DetectSettings) -> None:
    """Show a run that was kept, as it was looked at then."""
    from anomaly.jobs import warm_up

    close()
    warm_up()
    st.session_state[KEY] = Current(
        None, ReadSettings(), run.dataset, None, fit=run.fitted.settings, run=run, detect=detect
    )
    st.session_state.update(choices_of(detect))


def choices_of(detect: DetectSettings) -> dict[str, Any]:
    """The widgets of a result, by key, as they show these settings."""
    rule = detect.threshold_rule
    choices: dict[str, Any] = {
        "auto_smoothing": detect.smoothing == "auto",
        "smoothing_window": detect.smoothing_window,
        "auto_merge": detect.merge_gap == "auto",
        "min_length": detect.min_length,
        "leave": detect.leave,
        "min_effect": ",".join(f"{name}={effect:g}" for name, effect in detect.min_effect.items()),
        "threshold_rule": rule,
        "budget_per": detect.budget_per,
    }
    for name in ("smoothing", "merge_gap"):
        if getattr(detect, name) != "auto":
            choices[name] = getattr(detect, name)
    if detect.threshold is not None:
        choices |= {f"threshold_{rule}": detect.threshold, f"threshold_{rule}_dragged": detect.threshold}
    return choices


def start_job(opened: Current) -> None:
    """Fit with what the panel shows. Where that is not possible `error` says why, and what is open stays."""
    from anomaly.ui.fits import start_fit

    try:
        opened.fit = FitSettings(**opened.chosen) if opened.chosen else opened.fit
        opened.job = start_fit(opened.dataset, opened.fit)
        opened.error = None
    except AnomalyError as error:
        opened.error = str(error)


def label(run: Run, dataset: "Dataset") -> None:
    """Compare with the labels of `dataset` from now on, after another fit too; it is otherwise the same."""
    opened = current()
    if opened is not None:
        opened.dataset = dataset
    run.dataset = dataset
    run.scored = {key: replace(scored, dataset=dataset) for key, scored in run.scored.items()}


def finish_job(opened: Current) -> None:
    """Move a finished job's result, or its error, to where the page looks for it."""
    job, opened.job = opened.job, None
    if job is None:
        return
    opened.error = job.error
    if job.was_killed and job.outlives_its_page:
        opened.error = f"{job.error} Or go on from its last checkpoint: it stands on the page Runs."
    if job.result is not None:
        from anomaly.ui.keeping import is_kept

        opened.run = Run(job.dataset, job.result, id=job.id if is_kept(job.id) else None, fit=job.id)


def use_fitted(opened: Current, fitted: "Fitted") -> None:
    """Show what a model that is already fitted finds; a fit under way is given up."""
    discard_job(opened)
    forget_panel()
    opened.fit, opened.error = fitted.settings, None
    opened.run = Run(opened.dataset, fitted)


def discard_job(opened: Current) -> None:
    """Stop the fit under way and forget it; the result before it stays."""
    if opened.job is not None:
        opened.job.discard()
    opened.job = None
