"""A finished comparison: what to take and why, the figures, the curves, the events side by side."""

import math

import streamlit as st

from anomaly.domain import Dataset
from anomaly.evaluating import (
    MOST_COMPARED,
    Contender,
    compare_events,
    comparison_table,
    explain_choice,
    recommend,
    when,
)
from anomaly.forecasting import say_steps
from anomaly.showing import export, plot_reach, plot_validation_losses
from anomaly.ui import session
from anomaly.ui.plain import plain

NOTHING = "–"
COLUMNS = {
    "name": st.column_config.TextColumn("Model", width="medium"),
    "skill": st.column_config.NumberColumn(
        "Skill", format="%.0f %%", help="By how much nearer its forecasts are than the last value."
    ),
    "seasonal_skill": st.column_config.NumberColumn(
        "Against a period before", format="%.0f %%", help="By how much nearer than the value one period before."
    ),
    "validation_loss": st.column_config.TextColumn("Validation loss"),
    "memory": st.column_config.TextColumn("Looks back", width="medium", help="Steps until its gradient has vanished."),
    "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
    "fit_seconds": st.column_config.NumberColumn("Seconds", format="%.1f", help="To fit and score."),
    "events": st.column_config.NumberColumn("Events"),
    "vus_pr": st.column_config.NumberColumn("VUS-PR", format="%.2f", help="Agreement with the known anomalies."),
    "event_f1": st.column_config.NumberColumn("Event F1", format="%.2f", help="At the threshold."),
}


def show_comparison(opened: session.Current, contenders: list[Contender]) -> None:
    dataset = opened.dataset
    st.success(plain(explain_choice(contenders, dataset)), icon=":material/recommend:")
    _show_table(contenders, dataset)
    _show_use(opened, contenders)
    trained = [one for one in contenders if one.is_trained]
    if trained:
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("##### Validation loss")
            st.plotly_chart(
                plot_validation_losses({one.name: one.fitted.epochs for one in trained}),
                config={"displayModeBar": False},
                key="compare-losses",
            )
        with right:
            st.markdown("##### How far back the gradient reaches")
            reaches = {one.name: one.fitted.reach for one in trained}
            st.plotly_chart(
                plot_reach(
                    {name: reach.after for name, reach in reaches.items()},
                    {name: reach.before for name, reach in reaches.items()},
                ),
                config={"displayModeBar": False},
                key="compare-reach",
            )
            st.caption("Dotted: before training. A feedforward network sees its window and nothing before.")
    _show_events(contenders, dataset)


def _show_table(contenders: list[Contender], dataset: Dataset) -> None:
    full = comparison_table(contenders)
    shown = full.assign(
        skill=100 * full["skill"],
        seasonal_skill=100 * full["seasonal_skill"],
        validation_loss=[NOTHING if math.isnan(loss) else f"{loss:.4f}" for loss in full["validation_loss"]],
        memory=[
            f"{'≥ ' * one.fitted.reach.is_cut}{say_steps(one.fitted.reach.memory, dataset)}"
            if one.is_trained
            else NOTHING
            for one in contenders
        ],
    )
    st.dataframe(
        shown[[name for name in COLUMNS if name in shown]], hide_index=True, column_config=COLUMNS, key="compare-table"
    )
    left, right = st.columns([3, 1], vertical_alignment="top")
    left.caption(
        "Skill is judged on the steps after the train span, or, where there are few, on its held-out end, by which "
        "training chose when to stop. Known anomalies are compared with, never learnt from. "
        "All scores but the bag's also hold the comparison with learnt shapes, which is the same for all."
    )
    right.download_button(
        "compare.csv",
        lambda: export.to_csv(full),
        "compare.csv",
        "text/csv",
        on_click="ignore",
        width="stretch",
        icon=":material/download:",
    )


def _show_use(opened: session.Current, contenders: list[Contender]) -> None:
    """Make one of them the result on the page Detect, without fitting it again."""
    trained = {one.name: one for one in contenders if one.is_trained}
    taken = recommend(contenders)
    if taken is None:
        return
    left, right, _ = st.columns([1, 1, 2], vertical_alignment="bottom")
    name = left.selectbox("Model", list(trained), index=list(trained).index(taken.name), key="compare-use")
    if right.button("Use it on the page Detect", width="stretch", icon=":material/check:"):
        session.use_fitted(opened, trained[name].fitted)
        st.toast(f"Detect now shows what {plain(name)} found.")


def _show_events(contenders: list[Contender], dataset: Dataset) -> None:
    sightings = compare_events(contenders, dataset)
    st.markdown(f"##### Events side by side: {len(sightings):,}")
    if not sightings:
        st.caption("None of them flags anything.")
        return
    first = f" Shown: the first {MOST_COMPARED}." if len(sightings) > MOST_COMPARED else ""
    st.caption(f"How high each scored it, in thresholds; empty: not flagged. Those that most flag come first.{first}")
    rows = []
    for one in sightings[:MOST_COMPARED]:
        row: dict[str, object] = {"Start": when(one, dataset), "Steps": len(one.span)}
        if one.is_known is not None:
            row["Known"] = "yes" if one.is_known else "no"
        heights = {
            name: f"{height:.2f}" if math.isfinite(height) else "flagged" for name, height in one.heights.items()
        }
        rows.append(row | {contender.name: heights.get(contender.name, "") for contender in contenders})
    st.dataframe(rows, hide_index=True, key="compare-events", height="content")
