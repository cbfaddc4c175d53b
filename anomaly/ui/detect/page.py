"""The page: open a file, train, look at what was found."""

import streamlit as st

from anomaly.ui import session
from anomaly.ui.detect.opening import first_page as opening
from anomaly.ui.panels.layout import begin_page
from anomaly.ui.plain import show_error


def show() -> None:
    current = begin_page()
    if current is None and st.query_params:
        from anomaly.ui.detect.opening.arriving import open_from_address

        open_from_address()
        current = session.current()
    if current is None:
        opening.show_opening()
        return
    from anomaly.ui.detect import preview, training
    from anomaly.ui.detect.result import results
    from anomaly.ui.lasting import fits
    from anomaly.ui.panels import settings as settings_panel

    training_now = current.job is not None and current.job.is_running
    if not training_now:
        fits.finish_job(current)
    with st.sidebar:
        settings_panel.show_settings_panel()
    if training_now:
        training.show_training(current)
        return
    if current.error:
        show_error(current.error)
    if current.run is None:
        preview.show_preview(current)
    else:
        results.show_results(current.run)
