"""A fit under way: its losses, how far it is, and the two ways to end it."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from anomaly.domain import AnomalyError, say_duration
from anomaly.showing import plot_losses
from anomaly.ui import session
from anomaly.ui.lasting.fits import say_queue, write_running
from anomaly.ui.panels.effort import seconds_left
from anomaly.ui.plain import plain
from anomaly.ui.wording import size_of

if TYPE_CHECKING:
    from anomaly.runs import FitJob

POLL_SECONDS = 0.5


def show_training(opened: session.Current) -> None:
    assert opened.job is not None
    st.title(plain(opened.job.dataset.name), anchor=False)
    job = opened.job
    write_running(job)
    part = "" if job.train_steps == job.dataset.steps else f"the first {job.train_steps:,} of "
    st.markdown(f"Learning what usually comes next from {part}{size_of(job.dataset)}.")
    _poll()


@st.fragment(run_every=POLL_SECONDS)
def _poll() -> None:
    opened = session.current()
    if opened is None or opened.job is None or not opened.job.is_running:
        st.rerun()
    job = opened.job
    epochs = list(job.epochs)
    done = len(epochs) / epochs[-1].epochs if epochs else 0.0
    # Announced before, and told anew from the first update on.
    seconds = seconds_left(opened)
    left = "" if seconds is None else f"at most {say_duration(seconds)} left"
    if job.is_silent:
        text = f"No sign of life from its process for {say_duration(job.silence)}: it hangs, or the machine does …"
    elif job.is_stopping:
        text = "Stopping; the best weights so far are kept …"
    elif job.is_waiting:
        text = say_queue(job.ahead)
    elif not epochs:
        text = f"First epoch · {left}" if left else "First epoch …"
    elif epochs[-1].number == epochs[-1].epochs:
        ran = f"All {len(epochs):,} epochs" if len(epochs) > 1 else "The one epoch"
        text = f"{ran} ran; the usual error and shapes are measured …"
    else:
        last = epochs[-1]
        best = max((epoch.number for epoch in epochs if epoch.is_best), default="none yet")
        text = (
            f"Epoch {last.number} of at most {last.epochs} · {say_duration(last.seconds)} so far, "
            f"{left or f'at most {say_duration(last.seconds_left)} left'} · best epoch: {best}"
        )
    st.progress(done, text)
    stop, right, _ = st.columns([1, 1, 2])
    stop.button(
        "Stop and use what it has",
        width="stretch",
        disabled=job.is_stopping or not epochs,
        icon=":material/stop_circle:",
        on_click=_stop,
        args=(job,),
    )
    if right.button("Discard", width="stretch", icon=":material/close:"):
        session.discard_job(opened)
        st.rerun()
    if job.is_silent and right.button("Restart", width="stretch", icon=":material/restart_alt:"):
        job.restart()
    if epochs:
        st.plotly_chart(plot_losses(epochs), config={"displayModeBar": False}, key="losses")
    st.caption(
        "Each epoch is one pass over the train span. The loss says how far the next-step predictions are off, in "
        "standard deviations; training ends when the held-out part stops getting better."
    )


def _stop(job: "FitJob[Any]") -> None:
    try:
        job.stop()
    except AnomalyError as error:
        st.toast(plain(error), icon=":material/warning:")
