"""Browser entry: streamlit run app.py"""

from pathlib import Path

import streamlit as st

from anomaly.ui import detect_page

# A file of ours: a named icon would be fetched from Google's servers at every visit.
ICON = Path(__file__).parent / "anomaly" / "ui" / "icon.svg"

st.set_page_config(page_title="Unforeseen", page_icon=str(ICON), layout="wide")
st.navigation([st.Page(detect_page.show, title="Detect", default=True)], position="hidden").run()
