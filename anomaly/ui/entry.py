"""The app as a whole: who is let in, and its pages."""

import threading
from pathlib import Path

import streamlit as st
from streamlit.elements import exception

from anomaly.ui import session
from anomaly.ui.compare import page as compare
from anomaly.ui.detect import page as detect
from anomaly.ui.lasting import signing_in
from anomaly.ui.learn import page as learn
from anomaly.ui.plain import plain
from anomaly.ui.runs import page as runs

# A file of ours: a named icon would be fetched from Google's servers at every visit.
ICON = Path(__file__).parent / "icon.svg"
BROKEN = (
    "The app itself failed here: that is a mistake of ours, not of yours or of your file. Runs that are kept are not "
    "touched: reload the page and try again. Whoever runs this server finds in its log what happened."
)


@st.cache_resource(show_spinner=False)
def _begin() -> None:
    """Once for a server: what those before it left, when they were killed, goes."""

    def remove() -> None:
        # The first page does not wait for what it imports.
        from anomaly.domain import remove_left_behind

        remove_left_behind()

    threading.Thread(target=remove, daemon=True).start()


def show() -> None:
    """What Streamlit runs at every rerun."""
    # Its own sentence speaks of its makers' cloud. It can be asked for in no other place that pages, fragments and
    # callbacks have in common.
    vars(exception)["_GENERIC_UNCAUGHT_EXCEPTION_TEXT"] = BROKEN
    st.set_page_config(page_title="Unforeseen", page_icon=str(ICON), layout="wide")
    _begin()
    pages = {
        "detect": st.Page(detect.show, title="Detect", url_path="detect", default=True),
        "compare": st.Page(compare.show, title="Compare", url_path="compare"),
        "learn": st.Page(learn.show, title="Learn", url_path="learn"),
        "runs": st.Page(runs.show, title="Runs", url_path="runs"),
    }
    is_admitted = signing_in.admit()
    menu = {"": list(pages.values())}
    if is_admitted and (name := signing_in.name_signed_in()) is not None:
        menu[plain(name)] = [st.Page(signing_in.sign_out, title="Sign out", url_path="sign-out")]
    current = st.navigation(menu, position="top" if is_admitted else "hidden")
    # By name, for a page that leads to another.
    st.session_state["pages"] = pages
    if is_admitted:
        session.turn_to(current.url_path)
        current.run()
