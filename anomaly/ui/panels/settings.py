"""The sidebar: which columns, which train span, which forecaster. Widgets are drawn from the settings."""

from typing import Any, get_args

import streamlit as st

from anomaly.domain import AnomalyError, FitSettings, ReadSettings, Settings
from anomaly.reading import SINCE, Look, kinds_among
from anomaly.ui import session
from anomaly.ui.lasting import fits
from anomaly.ui.panels.effort import show_effort
from anomaly.ui.panels.fields import number_field
from anomaly.ui.plain import plain, show_error

NONE = "—"
WHOLE_FILE, LEADING_STEPS = "Whole file", "Leading steps"
SPANS = {
    WHOLE_FILE: None,
    "Leading share": "train_fraction",
    LEADING_STEPS: "train_rows",
    "Up to a time": "train_until",
}
WORD_OR_NUMBER = ("forget_bias",)
KEPT: dict[str, Any] = {"persist_state": "session"}
"""what was set stays when the page is changed"""
SHOWN = 1e-6
"""how near a fraction can come to a limit that it must not reach"""


@st.fragment
def show_settings_panel(can_fit: bool = True) -> None:
    """Changing a setting reruns this panel alone, until something is read again or fitted; `can_fit` adds the button
    that fits."""
    opened = session.current()
    if opened is None:
        return
    st.markdown(f"#### {plain(opened.dataset.name)}")
    if st.button("Open another file", icon=":material/folder_open:", width="stretch"):
        session.close()
        st.rerun()
    if opened.look is not None:
        with st.expander("Columns", icon=":material/view_column:"):
            _show_columns(opened, opened.look)
    with st.expander("Train span", icon=":material/straighten:"):
        span = _show_train_span(opened.fit)
    with st.expander("Forecaster", icon=":material/memory:"):
        forecaster = {name: _setting(name, opened.fit) for name in session.FORECASTER}
    opened.chosen = {**span, **forecaster}
    show_effort(opened)
    if not can_fit:
        return
    busy = opened.job is not None and opened.job.is_running
    label = "Fit again" if opened.run is not None else "Find anomalies"
    if st.button(label, type="primary", width="stretch", disabled=busy, key="fit"):
        fits.start_job(opened)
        st.rerun()


def _show_columns(opened: session.Current, look: Look) -> None:
    names, numeric, sheets = look.names, look.numeric, look.sheets
    now = opened.dataset.columns
    with st.form("columns", border=False):
        time = st.selectbox("Time", [NONE, *names], index=_index(names, now.time), format_func=str)
        record = st.selectbox("Record", [NONE, *names], index=_index(names, now.record), format_func=str)
        channels = st.multiselect(
            "Monitored channels",
            [*numeric, *(name for name in now.monitored if name not in numeric)],
            default=list(now.monitored),
        )
        context = st.multiselect(
            "Context",
            [*numeric, *(name for name in now.context if name not in numeric)],
            default=list(now.context),
            help="Seen by the forecaster but not scored: commands, on/off.",
        )
        labels = st.selectbox(
            "Known anomalies",
            [NONE, *names],
            index=_index(names, now.labels),
            help="For comparison only, never learnt from.",
        )
        ignore = st.text_input(
            "Ignore while",
            now.ignore or "",
            placeholder="running=0",
            help=f"{_about('ignore')} Signs: = != < <= > >=.",
        )
        measured = st.multiselect(
            "All numbers measured in",
            numeric,
            default=[name for name in now.measured if name in numeric],
            help=_about("measured"),
        )
        others = _show_ways(opened.read, sheets, look.sheet)
        # A fit under way keeps the columns it began with: a result beside other columns would mislead.
        busy = opened.job is not None and opened.job.is_running
        if not st.form_submit_button("Read again with these", width="stretch", disabled=busy):
            return
    parts = {
        "time": _chosen(time),
        "record": _chosen(record),
        "channels": tuple(channels),
        "context": tuple(context),
        "labels": _chosen(labels),
        "kinds": kinds_among(channels, opened.read.kinds),
        "measured": tuple(measured) or None,
    }
    _read_again(opened, look, parts, {**others, "ignore": ignore.strip() or None})


def _read_again(opened: session.Current, look: Look, parts: dict[str, Any], others: dict[str, Any]) -> None:
    """With other `parts` of the columns, and other ways to read."""
    # Another table is another set of columns: what was proposed for the one before does not hold.
    same = all(others[name] == getattr(opened.read, name) for name in ("layout", "variable", "value"))
    same = same and others.get("sheet", look.sheet) == look.sheet
    if others["sampling"] != opened.read.sampling:
        own = tuple(name for name in parts["context"] if name != SINCE)
        parts["context"] = (*own, SINCE) if others["sampling"] == "keep" else own
    try:
        session.change_columns(opened, ReadSettings(**(parts if same else {}), **others))
    except AnomalyError as error:
        show_error(error)
        return
    opened.run = None
    st.rerun()


def _show_ways(now: ReadSettings, sheets: list[str], sheet: str) -> dict[str, Any]:
    """Which rows and cells there are, as settings."""
    ways: dict[str, Any] = {name: _choice(name, now) for name in ("sampling", "layout")}
    # A long table's own columns are gone once it is read: their names are written.
    for name, such in (("variable", "TagName"), ("value", "Value")):
        title = ReadSettings.model_fields[name].title or name
        ways[name] = st.text_input(title, getattr(now, name) or "", placeholder=such, help=_about(name)).strip() or None
    ways["date_order"] = _choice("date_order", now)
    step = st.number_input("Step", 0.0, value=now.step or 0.0, format="%.6g", help=f"{_about('step')} 0: proposed.")
    ways["step"] = step or None
    if len(sheets) > 1:
        ways["sheet"] = st.selectbox("Sheet", sheets, index=sheets.index(sheet))
    return ways


def _about(name: str, settings: type[Settings] = ReadSettings) -> str:
    about = settings.model_fields[name].description or ""
    return f"{about[:1].upper()}{about[1:]}."


def _choice(name: str, now: ReadSettings) -> str | None:
    """A choice among words; a setting that may be left out is so as a dash."""
    field = ReadSettings.model_fields[name]
    kinds = get_args(field.annotation)
    words = [word for kind in kinds for word in (get_args(kind) or (kind,)) if isinstance(word, str)]
    options = words if field.default is not None else [NONE, *words]
    chosen = st.selectbox(
        field.title or name, options, index=options.index(getattr(now, name) or NONE), help=_about(name)
    )
    return None if chosen == NONE else chosen


def _show_train_span(now: FitSettings) -> dict[str, Any]:
    """The train span as settings."""
    current = next((label for label, name in SPANS.items() if name and getattr(now, name) is not None), WHOLE_FILE)
    label = st.radio("Learn from", list(SPANS), index=list(SPANS).index(current), key="span", **KEPT)
    name = SPANS[label]
    st.caption("What lies in the train span counts as normal. Choose a stretch known to be healthy if there is one.")
    if name == "train_fraction":
        return {name: st.slider("Share of each record", 0.05, 1.0, now.train_fraction or 0.5, 0.05, key=name, **KEPT)}
    if name == "train_rows":
        return {name: number_field("Steps of each record", 1, None, now.train_rows or 1000, key=name, **KEPT)}
    if name == "train_until":
        return {name: st.text_input("Steps before this time", now.train_until or "", key=name, **KEPT)}
    return {}


def _setting(name: str, now: FitSettings) -> Any:
    """The widget of one setting, drawn from its field."""
    field = FitSettings.model_fields[name]
    value = getattr(now, name)
    label, about = field.title or name, _about(name, FitSettings)
    if name == "holidays":
        example = "DE-BY, 2024-02-12"
        return st.text_input(label, ", ".join(value), placeholder=example, help=about, key=name, **KEPT).strip()
    if isinstance(value, tuple):
        return tuple(
            _whole(part)
            for part in st.text_input(label, ", ".join(map(str, value)), help=about, key=name, **KEPT).split(",")
        )
    if name in WORD_OR_NUMBER:
        return st.text_input(label, str(value), help=about, key=name, **KEPT).strip()
    if isinstance(value, str):
        choices = list(get_args(field.annotation))
        return st.selectbox(label, choices, index=choices.index(value), help=about, key=name, **KEPT)
    limits = {
        kind: getattr(limit, kind)
        for limit in field.metadata
        for kind in ("ge", "gt", "le", "lt")
        if hasattr(limit, kind)
    }
    if isinstance(value, int):
        return number_field(label, limits.get("ge"), limits.get("le"), value, step=1, help=about, key=name, **KEPT)
    # A limit that is itself too much is a shown digit away.
    low = limits["gt"] + SHOWN if "gt" in limits else limits.get("ge")
    high = limits["lt"] - SHOWN if "lt" in limits else limits.get("le")
    low, high = (None if bound is None else float(bound) for bound in (low, high))
    return number_field(label, low, high, value, step=0.001, format="%.6g", help=about, key=name, **KEPT)


def _whole(text: str) -> int | str:
    """A whole number, or the text as it is for the settings to refuse in their own words."""
    # A raised ² is a digit, but of no number.
    return int(text) if text.strip().isdecimal() else text.strip()


def _index(names: list[str], name: str | None) -> int:
    return 0 if name is None else 1 + names.index(name)


def _chosen(name: str) -> str:
    """The column, or the settings' word for none."""
    return "" if name == NONE else name
