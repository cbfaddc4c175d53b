"""That a file a kept model scores is not like the one it learnt from."""

import pandas as pd
import streamlit as st

from anomaly.drift import Drift
from anomaly.ui.plain import plain
from anomaly.ui.wording import share

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
MOST_NAMED = 3


def show_drift(found: list[Drift]) -> None:
    moved = [one for one in found if one.word == "large"]
    if moved:
        st.warning(plain(say_drift(moved)), icon=":material/moving:")
    with st.expander("Drift: these data against what was learnt from", icon=":material/difference:"):
        rows = [{**vars(one), "drift": one.word} for one in found]
        st.dataframe(pd.DataFrame(rows)[list(COLUMNS)], hide_index=True, column_config=COLUMNS, key="drift")


def say_drift(moved: list[Drift]) -> str:
    """What moved, and what that means for the events below."""
    named = [
        f"{one.channel} (median {one.before:.4g} then, {one.after:.4g} now; {share(one.outside)} outside what was seen)"
        for one in moved[:MOST_NAMED]
    ]
    more = f" and {len(moved) - MOST_NAMED:,} more" if len(moved) > MOST_NAMED else ""
    return (
        f"Not like what was learnt from: {', '.join(named)}{more}. Events may tell of that change alone; where it is "
        "the new normal, fit again on newer data."
    )
