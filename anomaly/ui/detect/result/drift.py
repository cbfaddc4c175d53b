"""That a file a kept model scores is not like the one it learnt from."""

import pandas as pd
import streamlit as st

from anomaly.forecasting import Drift, say_drift
from anomaly.ui.plain import plain

COLUMNS = {
    "channel": st.column_config.TextColumn("Channel", width="medium"),
    "drift": st.column_config.TextColumn("Drift"),
    "index": st.column_config.NumberColumn(
        "Stability index", format="%.2f", help="Population stability index: from 0.1 some, from 0.25 large."
    ),
    "before": st.column_config.NumberColumn("Median learnt from", format="%.4g"),
    "after": st.column_config.NumberColumn("Median now", format="%.4g"),
    "spread": st.column_config.NumberColumn("Spread", format="%.2f", help="Quartile range, as a multiple of then."),
    "outside": st.column_config.NumberColumn("Outside", format="percent", help="Of the range learnt from."),
}


def show_drift(found: list[Drift]) -> None:
    if not found:
        return
    said = say_drift(found)
    if said:
        st.warning(plain(said), icon=":material/moving:")
    with st.expander("Drift: these data against what was learnt from", icon=":material/difference:"):
        rows = [{**vars(one), "drift": one.word} for one in found]
        st.dataframe(pd.DataFrame(rows)[list(COLUMNS)], hide_index=True, column_config=COLUMNS, key="drift")
