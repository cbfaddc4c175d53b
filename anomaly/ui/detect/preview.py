"""The look at a file before anything is learnt from it: what each column is taken for, and what to change."""

import numpy as np
import pandas as pd
import streamlit as st

from anomaly.domain import KINDS, AnomalyError, Columns, Dataset, Kind, ReadSettings, tell_apart
from anomaly.reading import ROLES, SINCE, inspect_records, kinds_among, tells
from anomaly.showing import plot_series
from anomaly.ui import session
from anomaly.ui.detect.healthy import show_healthy_span
from anomaly.ui.lasting import fits
from anomaly.ui.plain import plain, show_error
from anomaly.ui.wording import count_of, show_repairs, size_of

MOST_RECORDS = 2_000
NONE = "—"
"""the kind of a column that has none"""
HEADINGS = {
    "column": st.column_config.TextColumn("Column", disabled=True),
    "role": st.column_config.SelectboxColumn("Role", options=list(ROLES), required=True),
    "kind": st.column_config.SelectboxColumn(
        "Kind",
        options=[NONE, *KINDS],
        required=True,
        help="What the numbers of a monitored channel are. angle: a direction in degrees, 359 is next to 1. counter: a "
        "meter that only rises, but for resets. state: one of few. count: how many. —: as proposed.",
    ),
    "unit": st.column_config.TextColumn("Unit", disabled=True),
    "spark": st.column_config.LineChartColumn("Course"),
    "low": st.column_config.TextColumn("Lowest", disabled=True, alignment="right"),
    "high": st.column_config.TextColumn("Highest", disabled=True, alignment="right"),
    "missing": st.column_config.NumberColumn("Empty", format="percent", disabled=True),
    "gap": st.column_config.NumberColumn("Longest gap", help="Empty cells in a row.", disabled=True),
    "flat": st.column_config.NumberColumn("Longest flat", help="Equal values in a row.", disabled=True),
    "grade": st.column_config.TextColumn("Trust", help="High, medium or low.", disabled=True),
    "reason": st.column_config.TextColumn("Why", disabled=True),
}


def show_preview(opened: session.Current) -> None:
    """What the file holds and what was assumed, and the button that starts."""
    dataset = opened.dataset
    st.title(plain(dataset.name), anchor=False)
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.markdown(describe(dataset))
    if right.button("Find anomalies", type="primary", width="stretch", icon=":material/search:"):
        fits.start_job(opened)
        st.rerun()
    show_repairs(dataset.repairs)
    show_healthy_span(opened)
    show_columns(opened)
    record = 0
    if len(dataset.series) > 1:
        names = [series.name for series in dataset.series]
        record = st.selectbox(
            "Record",
            range(len(names)),
            format_func=lambda position: f"{names[position]} · {count_of(len(dataset.series[position]), 'step')}",
        )
    st.plotly_chart(plot_series(dataset, record), config={"displayModeBar": False}, key="preview")
    if len(dataset.series) > 1:
        with st.expander(f"The {len(dataset.series):,} records", icon=":material/list:"):
            st.dataframe(inspect_records(dataset).head(MOST_RECORDS), hide_index=True)


def show_columns(opened: session.Current) -> None:
    """One line per column; another role or kind chosen there reads the tables, not the file, again."""
    if opened.look is None:
        st.caption("A kept run holds what was read of its file, not the file: open that again to change its columns.")
        return
    table = opened.look.columns
    key = f"roles-{opened.roles_read}"
    st.data_editor(
        _in_words(table),
        hide_index=True,
        column_config=HEADINGS,
        key=key,
        height=min(35 * (len(table) + 1) + 3, 460),
        disabled=opened.job is not None and opened.job.is_running,
        on_change=lambda: _change_roles(opened, key),
    )
    if opened.role_error:
        show_error(opened.role_error)


def _in_words(table: pd.DataFrame) -> pd.DataFrame:
    """With the lowest and highest as texts that differ where they do: 101325 and 101329, not twice 101300; and a dash
    for no kind."""
    ranges = [tell_apart(*ends) if np.isfinite(ends).all() else ("", "") for ends in table[["low", "high"]].to_numpy()]
    kinds = table["kind"].where(table["kind"].notna(), NONE)
    return table.assign(low=[low for low, _ in ranges], high=[high for _, high in ranges], kind=kinds)


def _change_roles(opened: session.Current, key: str) -> None:
    assert opened.look is not None
    table = opened.look.columns
    roles, kinds = dict(zip(table["column"], table["role"], strict=True)), dict(opened.read.kinds)
    chosen: dict[str, Kind] = {}
    for row, edit in st.session_state[key]["edited_rows"].items():
        name, role = table["column"].iloc[int(row)], edit.get("role")
        if role in ("time", "record", "known anomalies"):
            # There is one of each: who had it before is left out.
            roles = {other: "ignored" if was == role else was for other, was in roles.items()}
        roles[name] = role or roles[name]
        if "kind" in edit:
            # Of the words of a column, "mode=auto", as of the column.
            kinds = {other: kind for other, kind in kinds.items() if not tells(other, name)}
        if edit.get("kind") not in (None, NONE):
            chosen[name] = edit["kind"]
            # A channel has a kind since it is monitored.
            roles[name] = "monitored" if roles[name] in ("context", "ignored") else roles[name]
    try:
        session.change_columns(opened, _as_settings(opened, roles, kinds, chosen))
        opened.role_error, opened.run = None, None
    except AnomalyError as error:
        opened.role_error = str(error)
    # A table of its own for what is shown now: edits of the old one must not be made again.
    opened.roles_read += 1


def _as_settings(
    opened: session.Current, roles: dict[str, str], kinds: dict[str, Kind], chosen: dict[str, Kind]
) -> ReadSettings:
    """The kinds of channels that are monitored no more are forgotten; those chosen now are not."""

    def called(role: str) -> list[str]:
        return [name for name, its in roles.items() if its == role]

    context = opened.dataset.columns.context
    kept = [other for name in called("context") for other in context if other == name or other.startswith(f"{name}=")]
    new = [n for n in called("context") if not any(other == n or other.startswith(f"{n}=") for other in context)]
    return opened.read.model_copy(
        update={
            "time": next(iter(called("time")), ""),
            "record": next(iter(called("record")), ""),
            "labels": next(iter(called("known anomalies")), ""),
            "channels": tuple(called("monitored")),
            "context": (*kept, *new, *([SINCE] if SINCE in context else [])),
            "kinds": kinds_among(called("monitored"), kinds) | chosen,
        }
    )


def describe(dataset: Dataset, has_file: bool = True) -> str:
    """One sentence on size and columns, for Markdown; without its file nothing of them can be changed."""
    columns = dataset.columns
    parts = [f"**{size_of(dataset)}**", "monitoring " + _names(columns.monitored, columns)]
    if columns.context:
        parts.append("with " + _names(columns.context) + " as context")
    parts.append(f"ordered by {_names((columns.time,))}" if columns.time else "in the order of the rows")
    if columns.record:
        parts.append(f"records named by {_names((columns.record,))}")
    if columns.labels:
        parts.append(f"known anomalies in {_names((columns.labels,))} (for comparison only, never learnt from)")
    if columns.ignore:
        parts.append(f"left out while {plain(columns.ignore)}")
    return ", ".join(parts) + "." + " Roles can be changed in the table below, the rest at the left." * has_file


def _names(columns: tuple[str | None, ...], kinds: Columns | None = None, most: int = 6) -> str:
    """Names for Markdown, with the kind of each that is no plain value."""
    shown = [plain(column) for column in columns[:most]]
    if kinds is not None:
        its = [kinds.kind_of(str(column)) for column in columns[:most]]
        shown = [f"{name} ({kind})" if kind != "value" else name for name, kind in zip(shown, its, strict=True)]
    return ", ".join(shown) + (f" and {len(columns) - most} more" if len(columns) > most else "")
