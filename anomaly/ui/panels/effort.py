"""What training will take, and what it cannot learn, said before it starts."""

import streamlit as st

from anomaly.domain import AnomalyError, FitSettings, say_duration
from anomaly.forecasting import estimate
from anomaly.runs import is_warm, workers
from anomaly.ui import session
from anomaly.ui.session.memory import release_memory
from anomaly.ui.wording import count_of, say_bytes

POLL_SECONDS = 1.0


def show_effort(opened: session.Current) -> None:
    """Time and memory for the settings in the panel. They are measured with torch, for which nobody should wait: until
    it is there, this alone looks again."""
    if is_warm():
        _show(opened)
    else:
        _wait()


@st.fragment(run_every=POLL_SECONDS)
def _wait() -> None:
    if is_warm():
        st.rerun()


def show_effort_of_all(opened: session.Current) -> None:
    """The same for one network of each cell, as the page Compare offers them."""
    if not is_warm():
        return
    from anomaly.evaluating import CELLS

    try:
        settings = FitSettings(**opened.chosen) if opened.chosen else opened.fit
        key = (settings.model_dump_json(), opened.dataset.digest)
        if opened.effort_of_all is None or opened.effort_of_all[0] != key:
            efforts = [estimate(opened.dataset, settings.model_copy(update={"cell": cell})) for cell in CELLS]
            opened.effort_of_all = key, sum(one.seconds for one in efforts) / workers()
            release_memory()
    except AnomalyError:
        return
    seconds = opened.effort_of_all[1]
    st.caption(f"All {len(CELLS)} networks, with the settings at the left: about {say_duration(seconds)} at most.")


def seconds_left(opened: session.Current) -> float | None:
    """Of the fit under way, at the pace of its updates so far; None where that is not known yet."""
    job = opened.job
    pace = None if job is None else job.pace
    if job is None or pace is None or not is_warm():
        return None
    key = (job.settings.model_dump_json(), job.dataset.digest)
    if opened.effort_of_job is None or opened.effort_of_job[0] != key:
        # Mostly what the panel showed before the fit was asked for.
        told = opened.effort[1] if opened.effort is not None and opened.effort[0] == key else None
        opened.effort_of_job = key, told or estimate(job.dataset, job.settings)
        release_memory()
    return opened.effort_of_job[1].left(pace)


def _show(opened: session.Current) -> None:
    try:
        settings = FitSettings(**opened.chosen)
        key = (settings.model_dump_json(), opened.dataset.digest)
        if opened.effort is None or opened.effort[0] != key:
            opened.effort = (key, estimate(opened.dataset, settings))
            release_memory()
    except AnomalyError:  # said when a fit is asked for; the value may be half typed
        return
    effort = opened.effort[1]
    kept = " Not all of it would fit: parts are computed twice." if effort.is_checkpointed else ""
    st.caption(
        f"At most {count_of(effort.epochs, 'epoch')}, about {say_duration(effort.seconds)} and "
        f"{say_bytes(effort.memory)} for backpropagation.{kept}"
    )
