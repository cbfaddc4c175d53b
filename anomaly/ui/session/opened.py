"""What one browser session holds: the opened file, the fit under way, the last result.

Imported by the first page, which should not wait for pandas: the rest is imported when a file is opened.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from anomaly.domain import DetectSettings, FitSettings, ReadSettings
from anomaly.ui.plain import plain
from anomaly.ui.session.choices import choices_of, forget_panel
from anomaly.ui.session.run import Run

if TYPE_CHECKING:
    from anomaly.domain import Dataset
    from anomaly.forecasting import Fitted
    from anomaly.reading import Table
    from anomaly.runs import FitJob
    from anomaly.ui.session.comparison import Comparison
    from anomaly.ui.session.spool import SpooledTables

KEY, UPLOADS = "current", "uploads"


@dataclass
class Look:
    """What is known of the columns of the tables that are used."""

    names: list[str]
    numeric: list[str]
    sheets: list[str]
    sheet: str
    """the one that is used; empty where the file is no workbook"""
    columns: Any
    """one line for each (`anomaly.reading.columns.inspection`)"""


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
    """for which settings and file; their `Effort`; the BPTT steps suggested instead"""
    effort_of_all: tuple[object, float] | None = None
    """for which settings and file; the seconds that a comparison takes"""
    effort_of_job: tuple[object, Any] | None = None
    """for which settings and file; the `Effort` of the fit under way, whatever the panel shows meanwhile"""
    detect: DetectSettings | None = None
    """detection settings of the last result"""
    run: Run | None = None
    error: str | None = None
    """why the last fit failed, until the next one starts"""
    role_error: str | None = None
    """why the roles last chosen cannot be used"""
    roles_read: int = 0
    """how often roles were chosen in the table"""


def new_upload_box() -> None:
    """Another box from now on: one that was used would show, and send, its files again."""
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1


def current() -> Current | None:
    return st.session_state.get(KEY)


def open_tables(tables: list["Table"], fit: FitSettings, known: tuple[bytes, str] | None = None) -> Current:
    """Make these tables the opened file, with these settings for its fit; `known` is a file of known anomalies. Raises
    DataError."""
    from anomaly.runs import warm_up
    from anomaly.ui.session.spool import release_memory

    opened = make_current(tables, fit)
    del tables
    if known is not None:
        from anomaly.reading import label_dataset, read_table

        opened.dataset = label_dataset(opened.dataset, read_table(*known))
    release_memory()
    warm_up()
    st.session_state[KEY] = opened
    return opened


def make_current(tables: list["Table"], fit: FitSettings) -> Current:
    """What is known of freshly read tables; their cells are set aside."""
    from anomaly.ui.session.spool import SpooledTables

    read = ReadSettings()
    return Current(SpooledTables(tables), read, *_assemble(tables, read), fit)


def _assemble(tables: list["Table"], read: ReadSettings) -> tuple["Dataset", Look]:
    from anomaly.reading import assemble_shaped, inspect_columns, shape_tables, sheets_of

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
    from anomaly.runs import warm_up

    close()
    warm_up()
    st.session_state[KEY] = Current(None, ReadSettings(), dataset, None, fit=fit)


def open_kept(run: Run, detect: DetectSettings) -> None:
    """Show a run that was kept, as it was looked at then."""
    from anomaly.runs import warm_up

    close()
    warm_up()
    st.session_state[KEY] = Current(
        None, ReadSettings(), run.dataset, None, fit=run.fitted.settings, run=run, detect=detect
    )
    st.session_state.update(choices_of(detect))


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


def label(run: Run, dataset: "Dataset") -> None:
    """Compare with the labels of `dataset` from now on, after another fit too; it is otherwise the same."""
    opened = current()
    if opened is not None:
        opened.dataset = dataset
    run.dataset = dataset
    run.scored = {key: replace(scored, dataset=dataset) for key, scored in run.scored.items()}
