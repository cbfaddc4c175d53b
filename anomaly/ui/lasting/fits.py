"""Fits under way, which outlast the page that began them: watched again, resumed, kept as runs when they end."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from anomaly.domain import AnomalyError, DetectSettings, FitSettings
from anomaly.runs import RunStore
from anomaly.ui import session
from anomaly.ui.lasting.keeping import RUN, is_kept, store
from anomaly.ui.lasting.signing_in import person
from anomaly.ui.plain import plain

if TYPE_CHECKING:
    from anomaly.domain import Dataset
    from anomaly.forecasting import Fitted
    from anomaly.runs import FitJob, Unfinished

PAUSES = (1.0, 10.0, 0.0)
"""seconds after each try to keep a run: a store that is busy, or started again, answers soon"""
KILLED = (
    "its process was ended from outside, and again when it went on, most likely for want of memory. Go on when there "
    "is more of it, or give it up and try fewer hidden units or BPTT steps, or a shorter train span"
)

_running: "dict[tuple[str, str], FitJob[Fitted]]" = {}
"""fits under way, by their owner and the id their run will have: whoever has left finds theirs by the address"""


def start_fit(dataset: "Dataset", settings: FitSettings) -> "FitJob[Fitted]":
    """A fit that is kept as a run when it ends, also if nobody looks any more, and goes on after a crash. Raises
    SettingsError where there is too little to learn from."""
    from anomaly.forecasting import find_train_stops, fit
    from anomaly.runs import FitJob

    kept = store()
    if kept is None:
        return FitJob(dataset, settings, fit)
    find_train_stops(dataset, settings)
    try:
        folder = kept.workshop.begin(dataset, settings)
    except OSError as error:
        # No room on the disk: it can be fitted all the same.
        st.toast(
            plain(f"{error.strerror or error}: if the server ends before this fit does, it has to be begun again."),
            icon=":material/warning:",
        )
        return FitJob(dataset, settings, fit)
    return _go_on(kept, dataset, settings, folder)


def _go_on(kept: RunStore, dataset: "Dataset", settings: FitSettings, folder: Path) -> "FitJob[Fitted]":
    from anomaly.forecasting import fit
    from anomaly.runs import FitJob

    def finish(job: "FitJob[Fitted]") -> None:
        reason = KILLED if job.was_killed else ""
        try:
            if job.result is not None and not job.is_discarded:
                reason = _save(kept, job, job.result)
            if reason and not job.is_discarded:
                kept.workshop.leave(job.id, reason)
            else:
                kept.workshop.remove(job.id)
        finally:
            _running.pop((kept.person.id, job.id), None)

    job = FitJob(dataset, settings, fit, finish, folder)
    if job.is_running:
        _running[kept.person.id, job.id] = job
    return job


def _save(kept: RunStore, job: "FitJob[Fitted]", fitted: "Fitted") -> str:
    """Keep what a fit gave; empty, or why the store does not take it."""
    for pause in PAUSES:
        try:
            kept.save(job.dataset, fitted, DetectSettings(), None, run=job.id)
        except AnomalyError as error:
            reason = f"it had learnt, but could not be kept ({str(error).rstrip('.')})"
            time.sleep(pause)
        else:
            return ""
    return reason


def running() -> "list[FitJob[Fitted]]":
    """The person's fits under way, whichever page began them; what was discarded ends soon and is wanted no more."""
    return [job for (owner, _), job in list(_running.items()) if owner == person().id and not job.is_discarded]


def watch(job: "FitJob[Fitted]") -> None:
    """Show a fit under way."""
    opened = session.current()
    if opened is None or opened.job is not job:
        session.close()
        session.open_job(job)


def broken_off() -> "list[Unfinished]":
    """Fits whose server, or process, was ended while they learnt."""
    kept = store(is_said=False)
    return [] if kept is None else kept.workshop.broken_off()


def find_running(run: str) -> "FitJob[Fitted] | None":
    return next((job for job in running() if job.id == run), None)


def take_up(one: "Unfinished") -> None:
    """Go on with a fit that was broken off, from its last checkpoint. Raises AnomalyError where it cannot be."""
    kept = store()
    assert kept is not None, "only a store knows of fits that were broken off"
    dataset, settings = kept.workshop.take_up(one)
    session.close()
    session.open_job(_go_on(kept, dataset, settings, one.folder))


def write_running(job: "FitJob[Fitted]") -> None:
    """The address finds this fit again."""
    if find_running(job.id) is job and st.query_params.get(RUN) != job.id:
        st.query_params.from_dict({RUN: job.id})


def start_job(opened: session.Current) -> None:
    """Fit with what the panel shows. Where that is not possible `error` says why, and what is open stays."""
    try:
        opened.fit = FitSettings(**opened.chosen) if opened.chosen else opened.fit
        opened.job = start_fit(opened.dataset, opened.fit)
        opened.error = None
    except AnomalyError as error:
        opened.error = str(error)


def finish_job(opened: session.Current) -> None:
    """Move a finished job's result, or its error, to where the page looks for it."""
    job, opened.job = opened.job, None
    if job is None:
        return
    opened.error = job.error
    if job.was_killed and job.outlives_its_page:
        opened.error = f"{job.error} Or go on from its last checkpoint: it stands on the page Runs."
    if job.result is not None:
        opened.run = session.Run(job.dataset, job.result, id=job.id if is_kept(job.id) else None, fit=job.id)


def say_queue(ahead: int) -> str:
    """What a fit waits for."""
    if not ahead:
        return "A process for it starts …"
    return f"Waiting for its turn: {ahead:,} fit{'s come' if ahead > 1 else ' comes'} first …"
