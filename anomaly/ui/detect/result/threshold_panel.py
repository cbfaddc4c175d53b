"""The live half of the settings: smoothing, threshold, what counts as an event."""

from typing import Any, get_args

import numpy as np
import streamlit as st

from anomaly.detecting import known
from anomaly.domain import DEFAULT_THRESHOLDS, LIMITS, AnomalyError, DetectSettings
from anomaly.pipeline import Scored, check_settings, set_threshold
from anomaly.ui import session
from anomaly.ui.panels.fields import number_field
from anomaly.ui.plain import show_error
from anomaly.ui.wording import count_of

RULES = {
    "rate": "False alarms",
    "margin": "Margin above normal",
    "budget": "Alarm budget",
    "quantile": "Quantile",
    "sigma": "Robust sigma",
    "pot": "Share of false alarms",
    "ndt": "Dynamic",
    "best": "Best F1 on the labels",
    "value": "Score",
}
ABOUT = {
    "rate": "How often something as odd would come by chance in data without anomalies.",
    "margin": "The train span's usual highest score (its 99 % quantile) and this margin; one more is about 2.7 times "
    "as far from usual in one part of the score.",
    "budget": "So many alarms, at most, that the train span itself would have given.",
    "quantile": "This share of the train span's scores lies below.",
    "sigma": "Median of the train span's scores + this many robust standard deviations.",
    "pot": "The share of steps that would alarm by chance, told from the tail of the train span's scores (peaks over "
    "threshold, Siffer et al. 2017).",
    "ndt": "The level that best parts the high scores from the rest (nonparametric dynamic threshold, Hundman et al. "
    "2018); sequences that differ less than this share from the next lower one are dropped.",
    "best": "The threshold that agrees best with the known anomalies. It has seen them.",
    "value": "The score itself.",
}
RANGES = {
    "margin": (-4.0, 8.0, 0.05, "%.2f"),
    "budget": (0.0, 20.0, 0.1, "%.2f"),
    "quantile": (0.9, 1.0, 0.0005, "%.4f"),
    "sigma": (0.0, 30.0, 0.1, "%.1f"),
    "pot": (0.0, 0.01, 0.00001, "%.5f"),
    "ndt": (0.0, 1.0, 0.01, "%.2f"),
}
"""of the slider: from, to, step, format; what is typed may go further"""
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""false alarms in the unit, where the slider stops"""
SLIDER_STOPS = 400
TYPED = "%.6g"
"""as many digits as the threshold keeps"""
LAST_EFFECTS = "least effects in force"


def show_event_settings(run: session.Run) -> DetectSettings:
    """Smoothing and what joins or drops events; the threshold is left at its default."""
    width = run.fitted.width
    for key, start in {"auto_smoothing": True, "auto_merge": True, "leave": 1.0}.items():
        st.session_state.setdefault(key, start)
    with st.expander("Smoothing and events", icon=":material/tune:"):
        automatic = st.toggle(f"Smooth over {count_of(width, 'step')}, as proposed", key="auto_smoothing")
        chosen = number_field(
            "Smoothing width", 1, 100_000, width, disabled=automatic, key="smoothing", help="In steps; 1 is none."
        )
        window = st.selectbox(
            "Smoothing window",
            ["centred", "trailing"],
            key="smoothing_window",
            help="Centred puts the flag where the anomaly is, so a score also depends on the steps just after it. "
            "Trailing looks back only, as a live monitor would.",
        )
        joined = st.toggle("Join events closer than the smoothing width", key="auto_merge")
        merge_gap = number_field(
            "Join events at most this many steps apart", 0, None, width, disabled=joined, key="merge_gap"
        )
        min_length = number_field("Drop events of fewer steps than", 1, None, 1, key="min_length")
        leave = st.slider(
            "Leave level",
            0.1,
            1.0,
            step=0.05,
            key="leave",
            help="An event begins where the score rises above the threshold, and lasts until it falls to this share of "
            "it (hysteresis).",
        )
        effects = st.text_input(
            "Ignore what departs by less than",
            placeholder=f"{run.dataset.monitored[0]}=0.5",
            key="min_effect",
            help="A channel's name, =, and a number in its own unit; several with commas between. An event led by that "
            "channel is dropped where it is never that far from what was expected.",
        )
        effects = _keep_valid(effects, run)
    return DetectSettings(
        smoothing="auto" if automatic else chosen,
        smoothing_window=window,
        merge_gap="auto" if joined else merge_gap,
        min_length=min_length,
        leave=leave,
        min_effect=effects,
    )


def _keep_valid(effects: str, run: session.Run) -> str:
    """What was typed, or the last that could be used and a sentence on what is wrong: the chart stays. After other
    columns were read, that may be none."""
    for tried in (effects, st.session_state.get(LAST_EFFECTS, ""), ""):
        try:
            check_settings(run.dataset, DetectSettings(min_effect=tried))
        except AnomalyError as error:
            if tried == effects:
                show_error(error)
        else:
            break
    st.session_state[LAST_EFFECTS] = tried
    return tried


def show_threshold(scored: Scored, settings: DetectSettings) -> DetectSettings:
    """The threshold's rule and its number, dragged or typed."""
    rules = [rule for rule in RULES if rule != "best" or scored.dataset.has_labels]
    rule = st.selectbox("Threshold", rules, format_func=RULES.__getitem__, key="threshold_rule", help=_describe(rules))
    start = _start(scored, rule)
    value: float | None = None
    if rule == "rate":
        value = _drag_or_type(rule, 0.0, RATES[-1], start, None, "", stops=RATES)
    elif rule == "value":
        top = _top_score(scored)
        value = _drag_or_type(rule, 0.0, top, min(start, top), top / SLIDER_STOPS, "%.6g")
    elif rule in RANGES:
        low, high, step, form = RANGES[rule]
        value = _drag_or_type(rule, low, high, start, step, form, LIMITS.get(rule))
    unit = _choose_unit(scored, rule) if rule in session.COUNTED else "auto"
    chosen = {"threshold_rule": rule, "budget_per": unit}
    # The same float that the command line would read from what is shown.
    return DetectSettings(
        **settings.model_dump() | chosen | {"threshold": None if value is None else float(f"{value:.6g}")}
    )


def _choose_unit(scored: Scored, rule: str) -> str:
    """In what the alarms are counted: each rule has its own usual unit, and keeps the one chosen under it."""
    timed = scored.dataset.time_axis.is_calendar
    units = [
        unit
        for unit in get_args(DetectSettings.model_fields["budget_per"].annotation)
        if unit != "auto" and (timed or unit in ("file", "1000 steps"))
    ]
    key = f"{rule}_per"
    if st.session_state.get(key) not in units:
        st.session_state[key] = DetectSettings(threshold_rule=rule).alarm_unit
    return st.selectbox("alarms per", units, key=key)


def _describe(rules: list[str]) -> str:
    return "\n".join(f"- **{RULES[rule]}**: {ABOUT[rule]}" for rule in rules)


def _start(scored: Scored, rule: str) -> float:
    """The rule's default; for a score itself, where the default rule would put it."""
    if rule == "value":
        return set_threshold(scored, DetectSettings()).value if len(known(np.concatenate(scored.reference))) else 1.0
    if rule == "margin":
        return DetectSettings(threshold_rule=rule).threshold_parameter(scored.healthy)
    return DEFAULT_THRESHOLDS[rule]


def _drag_or_type(
    name: str,
    low: float,
    high: float,
    start: float,
    step: float | None,
    form: str,
    most: float | None = None,
    stops: tuple[float, ...] = (),
) -> float:
    """A slider and a number field that follow each other; what is typed may lie outside the slider, up to `most`, or
    between its `stops`."""
    slider, field, default = (f"threshold_{name}{kind}" for kind in ("_dragged", "", "_default"))

    def place(value: float) -> float:
        """Where the slider stands for a value."""
        if not stops:
            return min(max(value, low), high)
        # In proportion: 0.2 is nearer to 0.3 than to 0.1.
        return min(stops, key=lambda stop: abs(stop - value) / (stop + value))

    def follow_slider() -> None:
        st.session_state[field] = st.session_state[slider]

    def follow_field() -> None:
        # A field without a number moves nothing.
        if st.session_state[field] is not None:
            st.session_state[slider] = place(st.session_state[field])

    st.session_state.setdefault(field, start)
    st.session_state.setdefault(slider, start)
    # Another fit can bring another default; what was left at the one before follows it.
    before = st.session_state.setdefault(default, start)
    if before != start and st.session_state[field] == before:
        st.session_state[field] = st.session_state[slider] = start
    st.session_state[default] = start
    # A new fit can bring a smaller range than the one the number was chosen in.
    st.session_state[slider] = place(st.session_state[slider])
    shown: dict[str, Any] = {"key": slider, "on_change": follow_slider, "label_visibility": "collapsed"}
    if stops:
        st.select_slider("Drag", stops, format_func="{:g}".format, **shown)
    else:
        st.slider("Drag", low, high, step=step, format=form, **shown)
    return number_field(
        "or type",
        min(low, 0.0),
        most,
        start,
        step=step,
        # All that counts of it: the slider's own format would show 0.99995 as 1.0000.
        format=TYPED,
        key=field,
        on_change=follow_field,
    )


def _top_score(scored: Scored) -> float:
    tops = [float(np.nanmax(one.values)) for one in scored.scores if np.isfinite(one.values).any()]
    return max([*tops, 0.0]) or 1.0
