"""What one browser session holds: the opened file, the fit under way, the last result.

Imported by the first page, which should not wait for pandas: the rest is imported when a file is opened.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from anomaly.domain import DetectSettings, FitSettings, ReadSettings
from anomaly.ui.plain import plain
from anomaly.ui.session.choices import choices_of, forget_panel
from anomaly.ui.session.run import Run

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from anomaly.detecting import HealthySpan
    from anomaly.domain import Dataset
    from anomaly.forecasting import Fitted
    from anomaly.reading import Look, Table
    from anomaly.runs import FitJob
    from anomaly.ui.session.comparison import Comparison

KEY, UPLOADS = "current", "uploads"
MOST_NAMED = 3
CELL_BYTES = 20
"""of a number as text: about what the file had"""
Result = TypeVar("Result")


@dataclass
class Current:
    """The opened file."""

    tables: "Sequence[Table] | None"
    """those that were read, without their cells where these are set aside; None where a kept run was opened: of its
    file only the dataset was kept"""
    read: ReadSettings
    dataset: "Dataset"
    look: "Look | None"
    fit: FitSettings = field(default_factory=FitSettings)
    """those of the last fit, or the defaults"""
    chosen: dict[str, Any] = field(default_factory=dict)
    """what the panel at the left shows now, perhaps not yet valid; every button that fits uses it"""
    job: "FitJob[Fitted] | None" = None
    comparison: "Comparison | None" = None
    effort: tuple[object, Any] | None = None
    """for which settings and file; their `Effort`"""
    effort_of_all: tuple[object, float] | None = None
    """for which settings and file; the seconds that a comparison takes"""
    effort_of_job: tuple[object, Any] | None = None
    """for which settings and file; the `Effort` of the fit under way, whatever the panel shows meanwhile"""
    healthy: "tuple[Dataset, HealthySpan | None] | None" = None
    """of which dataset; the part of it that is proposed to be learnt from"""
    detect: DetectSettings | None = None
    """detection settings of the last result"""
    run: Run | None = None
    error: str | None = None
    """why the last fit failed, until the next one starts"""
    folder: "TemporaryDirectory[str] | None" = None
    """in which cells are set aside; it goes with this"""
    role_error: str | None = None
    """why the roles last chosen cannot be used"""
    roles_read: int = 0
    """how often roles were chosen in the table"""


def new_upload_box() -> None:
    """Another box from now on: one that was used would show, and send, its files again."""
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1


def current() -> Current | None:
    return st.session_state.get(KEY)


def open_upload(
    files: Sequence[tuple[bytes, str]], fit: FitSettings, known: tuple[bytes, str] | None = None
) -> Current:
    """Make these files the opened one, with these settings for its fit; `known` is a file of known anomalies. Raises
    DataError."""
    from anomaly.domain import temporary_folder
    from anomaly.reading import open_upload
    from anomaly.runs import warm_up

    try:
        folder = temporary_folder()
    except OSError:  # no room: cells stay in memory
        folder = None
    opening = read_here(open_upload, files, known, None if folder is None else Path(folder.name))
    warm_up()
    opened = Current(opening.tables, ReadSettings(), opening.dataset, opening.look, fit, folder=folder)
    st.session_state[KEY] = opened
    return opened


def read_here(read: Callable[..., Result], files: Sequence[tuple[bytes, str]], *given: object) -> Result:
    """Read uploads in a process of their own; it is ended where the person has left, or gone on to something else.
    Raises DataError."""
    from anomaly.reading import read_apart

    size, name = sum(len(content) for content, _ in files), ", ".join(name for _, name in files[:MOST_NAMED])
    name += f" and {len(files) - MOST_NAMED:,} more" * (len(files) > MOST_NAMED)
    return read_apart(read, files, *given, name=name, size=size, on_wait=_stop_if_left)


def _stop_if_left() -> None:
    # Whoever has left, or asked for something else, ends the script the next time that it looks at its session.
    st.session_state.get(KEY)


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
    from anomaly.reading import look_again, read_apart

    assert opened.tables is not None
    folder = None if opened.folder is None else Path(opened.folder.name)
    size = opened.dataset.steps * len(opened.dataset.monitored) * CELL_BYTES
    opening = read_apart(
        look_again, opened.tables, folder, read, name=opened.dataset.name, size=size, on_wait=_stop_if_left
    )
    opened.dataset, opened.look = opening.dataset, opening.look
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
