"""The sidebar: which columns, which train span, which forecaster. Widgets are drawn from the settings."""

from typing import Any, get_args

import streamlit as st

from anomaly.exceptions import AnomalyError
from anomaly.settings import FitSettings, ReadSettings
from anomaly.ui import session
from anomaly.ui.plain import plain, show_error

NONE = "—"
SPANS = {
    "Whole file": None,
    "Leading share": "train_fraction",
    "Leading steps": "train_rows",
    "Up to a time": "train_until",
}
FORECASTER = (
    "cell", "hidden_units", "layers", "bptt_steps", "horizons", "learning_rate", "epochs", "most_steps", "patience",
    "input_noise", "seed", "device",
)  # fmt: skip


@st.fragment
def show_settings_panel() -> None:
    """Changing a setting reruns this panel alone, until something is read again or fitted."""
    opened = session.current()
    if opened is None:
        return
    st.markdown(f"#### {plain(opened.dataset.name)}")
    if st.button("Open another file", icon=":material/folder_open:", width="stretch"):
        session.close()
        st.rerun()
    with st.expander("Columns", icon=":material/view_column:"):
        _show_columns(opened)
    with st.expander("Train span", icon=":material/straighten:"):
        span = _show_train_span(opened.fit)
    with st.expander("Forecaster", icon=":material/memory:"):
        forecaster = {name: _setting(name, opened.fit) for name in FORECASTER}
    opened.chosen = {**span, **forecaster}
    busy = opened.job is not None and opened.job.is_running
    label = "Fit again" if opened.run is not None else "Find anomalies"
    if st.button(label, type="primary", width="stretch", disabled=busy, key="fit"):
        session.start_job(opened)
        st.rerun()


def _show_columns(opened: session.Current) -> None:
    frame = opened.tables[0].frame
    names = [str(name) for name in frame.columns]
    numeric = [name for name in names if frame[name].dtype.kind in "if"]
    now = opened.dataset.columns
    with st.form("columns", border=False):
        time = st.selectbox("Time", [NONE, *names], index=_index(names, now.time), format_func=str)
        record = st.selectbox("Record", [NONE, *names], index=_index(names, now.record), format_func=str)
        channels = st.multiselect("Monitored channels", numeric, default=list(now.monitored))
        context = st.multiselect(
            "Context",
            numeric,
            default=list(now.context),
            help="Seen by the forecaster but not scored: commands, on/off.",
        )
        labels = st.selectbox(
            "Known anomalies",
            [NONE, *names],
            index=_index(names, now.labels),
            help="For comparison only, never learnt from.",
        )
        # A fit under way keeps the columns it began with: a result beside other columns would mislead.
        busy = opened.job is not None and opened.job.is_running
        if not st.form_submit_button("Read again with these", width="stretch", disabled=busy):
            return
    choice = ReadSettings(
        time=_chosen(time),
        record=_chosen(record),
        channels=tuple(channels),
        context=tuple(context),
        labels=_chosen(labels),
    )
    try:
        session.change_columns(opened, choice)
    except AnomalyError as error:
        show_error(error)
        return
    opened.run = None
    st.rerun()


def _show_train_span(now: FitSettings) -> dict[str, Any]:
    """The train span as settings."""
    current = next((label for label, name in SPANS.items() if name and getattr(now, name) is not None), "Whole file")
    label = st.radio("Learn from", list(SPANS), index=list(SPANS).index(current), key="span")
    name = SPANS[label]
    st.caption("What lies in the train span counts as normal. Choose a stretch known to be healthy if there is one.")
    if name == "train_fraction":
        return {name: st.slider("Share of each record", 0.05, 1.0, now.train_fraction or 0.5, 0.05, key=name)}
    if name == "train_rows":
        return {name: st.number_input("Steps of each record", 1, value=now.train_rows or 1000, key=name)}
    if name == "train_until":
        return {name: st.text_input("Steps before this time", now.train_until or "", key=name)}
    return {}


def _setting(name: str, now: FitSettings) -> Any:
    """The widget of one setting, drawn from its field."""
    field = FitSettings.model_fields[name]
    value = getattr(now, name)
    label, about = field.title or name, (field.description or "").capitalize()
    if isinstance(value, tuple):
        return tuple(
            _whole(part) for part in st.text_input(label, ", ".join(map(str, value)), help=about, key=name).split(",")
        )
    if isinstance(value, str):
        choices = list(get_args(field.annotation))
        return st.selectbox(label, choices, index=choices.index(value), help=about, key=name)
    limits = {
        kind: getattr(limit, kind) for limit in field.metadata for kind in ("ge", "gt", "le") if hasattr(limit, kind)
    }
    low, high = limits.get("ge", limits.get("gt")), limits.get("le")
    if isinstance(value, int):
        return st.number_input(label, low, high, value, help=about, key=name)
    return st.number_input(label, float(low or 0), float(high or 1), value, 0.001, "%.4f", help=about, key=name)


def _whole(text: str) -> int | str:
    """A whole number, or the text as it is for the settings to refuse in their own words."""
    return int(text) if text.strip().isdigit() else text.strip()


def _index(names: list[str], name: str | None) -> int:
    return 0 if name is None else 1 + names.index(name)


def _chosen(name: str) -> str:
    """The column, or the settings' word for none."""
    return "" if name == NONE else name
