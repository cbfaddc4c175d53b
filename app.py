"""Browser entry: streamlit run app.py"""

from anomaly.ui.entry import show

show()
