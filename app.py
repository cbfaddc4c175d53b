"""Browser entry: streamlit run app.py"""

from pathlib import Path

import streamlit as st

from anomaly.ui import compare_page, detect_page, learn_page

# A file of ours: a named icon would be fetched from Google's servers at every visit.
ICON = Path(__file__).parent / "anomaly" / "ui" / "icon.svg"

st.set_page_config(page_title="Unforeseen", page_icon=str(ICON), layout="wide")
pages = [
    st.Page(detect_page.show, title="Detect", url_path="detect", default=True),
    st.Page(compare_page.show, title="Compare", url_path="compare"),
    st.Page(learn_page.show, title="Learn", url_path="learn"),
]
st.navigation(pages, position="top").run()
