"""The page: open a file, train, look at what was found."""

import streamlit as st

from anomaly.ui import opening, session, settings_panel, training

TIGHTER = "<style>.block-container {padding-top: 3rem; padding-bottom: 3rem}</style>"
"""Streamlit leaves a third of a laptop's screen empty above the first line."""


def show() -> None:
    st.html(TIGHTER)
    current = session.current()
    if current is None:
        opening.show_opening()
        return
    training_now = current.job is not None and current.job.is_running
    if not training_now:
        session.finish_job(current)
    with st.sidebar:
        settings_panel.show_settings_panel()
    if training_now:
        training.show_training(current)
        return
    if current.error:
        st.error(current.error, icon=":material/error:")
    if current.run is None:
        opening.show_preview(current)
        return
    from anomaly.ui import results  # imported when there is something to see: the first page should not wait for it

    results.show_results(current.run)
