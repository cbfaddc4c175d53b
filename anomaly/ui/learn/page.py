"""The lesson on sequence modelling, on the user's own series: every chart is computed from the fitted model."""

from typing import TYPE_CHECKING

import streamlit as st

from anomaly.ui.panels.layout import begin_page, show_nothing_open
from anomaly.ui.plain import plain

if TYPE_CHECKING:
    from anomaly.forecasting import Fitted

ABOUT = (
    "How a recurrent network learns from a sequence, step by step, on your own series: what it remembers, what each "
    "step's loss teaches it, how far back that reaches, and what helps it to reach further."
)


def show() -> None:
    opened = begin_page()
    if opened is None:
        show_nothing_open("Learn", ABOUT)
        return
    from anomaly.ui.lasting import fits
    from anomaly.ui.learn import lesson
    from anomaly.ui.panels import settings as settings_panel

    if opened.job is not None and not opened.job.is_running:
        fits.finish_job(opened)
    with st.sidebar:
        settings_panel.show_settings_panel(can_fit=False)
    st.title("Learn", anchor=False)
    st.markdown(ABOUT)
    fitted: Fitted | None = opened.run.fitted if opened.run is not None else None
    if opened.run is None or fitted is None:
        st.info(
            f"Nothing is fitted to {plain(opened.dataset.name)} yet: press **Find anomalies** on the page Detect.",
            icon=":material/school:",
        )
        return
    lesson.show_lesson(opened.run)
