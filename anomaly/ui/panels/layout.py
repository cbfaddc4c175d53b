"""What every page begins with."""

import streamlit as st

from anomaly.ui import session
from anomaly.ui.plain import show_error

STYLE = """<style>
.block-container {padding: 4rem 2.5rem}
[data-testid="stColumn"] {min-width: 11rem}
[data-testid="stSidebar"]:has([data-testid="stSidebarUserContent"] > div > [data-testid="stVerticalBlock"]:empty)
{display: none}
</style>"""
"""Streamlit leaves a third of a laptop's screen empty above and beside a chart, and on a narrow one squeezes columns
until they cannot be read: they go below each other instead. Its sidebar can stay, empty, when a page without one
follows."""


def dress() -> None:
    """Style the page. A fragment that shows a toast does it again: in Streamlit the toast takes the style's place."""
    st.html(STYLE)


def begin_page() -> session.Current | None:
    """Dress the page and keep what was chosen on the others; the opened file, if any. A run that was taken away
    meanwhile is closed."""
    dress()
    session.keep_choices()
    opened = session.current()
    if opened is None or opened.run is None:
        return opened
    from anomaly.ui.lasting.keeping import refresh

    refused = refresh(opened.run)
    if refused:
        session.close()
        st.session_state["refused"] = refused
    return session.current()


def show_nothing_open(title: str, about: str) -> None:
    """A page that needs a file, without one."""
    st.title(title, anchor=False)
    st.markdown(about)
    if "refused" in st.session_state:
        show_error(st.session_state["refused"])
    st.info("Open a file, or a demonstration, on the page Detect first.", icon=":material/folder_open:")
