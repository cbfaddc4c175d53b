"""Browser entry: streamlit run app.py"""

import streamlit as st

from anomaly.ui import detect_page

st.set_page_config(page_title="Unforeseen", page_icon=":material/troubleshoot:", layout="wide")
st.navigation([st.Page(detect_page.show, title="Detect", default=True)], position="hidden").run()
