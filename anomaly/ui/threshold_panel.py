"""The live half of the settings: smoothing, threshold, what counts as an event."""

import numpy as np
import streamlit as st

from anomaly.pipeline import Scored
from anomaly.settings import DEFAULT_THRESHOLDS, DetectSettings
from anomaly.ui import session

RULES = {"quantile": "Quantile", "sigma": "Robust sigma", "value": "Score"}
SLIDER_STOPS = 400


def show_event_settings(run: session.Run) -> DetectSettings:
    """Smoothing and what joins or drops events; the threshold is left at its default."""
    for key, start in {"auto_smoothing": True, "smoothing": run.fitted.period, "merge_gap": 0, "min_length": 1}.items():
        st.session_state.setdefault(key, start)
    with st.expander("Smoothing and events", icon=":material/tune:"):
        automatic = st.toggle(f"Smooth over the dominant period ({run.fitted.period} steps)", key="auto_smoothing")
        width = st.number_input(
            "Smoothing width",
            1,
            100_000,
            disabled=automatic,
            key="smoothing",
            help="In steps; 1 is none.",
        )
        window = st.selectbox(
            "Smoothing window",
            ["centred", "trailing"],
            key="smoothing_window",
            help="Centred puts the flag where the anomaly is, so a score also depends on the steps just after it. "
            "Trailing looks back only, as a live monitor would.",
        )
        merge_gap = st.number_input("Join events at most this many steps apart", 0, key="merge_gap")
        min_length = st.number_input("Drop events of fewer steps than", 1, key="min_length")
    return DetectSettings(
        smoothing="auto" if automatic else width, smoothing_window=window, merge_gap=merge_gap, min_length=min_length
    )


def show_threshold(scored: Scored, settings: DetectSettings) -> DetectSettings:
    """The threshold's rule and its number, dragged or typed."""
    rule = st.selectbox("Threshold", list(RULES), format_func=RULES.__getitem__, key="threshold_rule")
    if rule == "quantile":
        value = _drag_or_type("quantile", 0.9, 1.0, DEFAULT_THRESHOLDS[rule], 0.0005, "%.4f", most=1.0)
        st.caption(f"{1 - value:.2%} of the train span lies above.".replace("%", " %"))
    elif rule == "sigma":
        value = _drag_or_type("sigma", 0.0, 30.0, DEFAULT_THRESHOLDS[rule], 0.1, "%.1f")
        st.caption(f"Median of the train span's scores + {value:g} robust standard deviations.")
    else:
        top = _top_score(scored)
        start = (
            float(np.nanquantile(scored.reference, DEFAULT_THRESHOLDS["quantile"]))
            if scored.reference.size
            else top / 2
        )
        value = _drag_or_type("value", 0.0, top, min(start, top), top / SLIDER_STOPS, "%.4g")
    # The same float that the command line would read from what is shown.
    value = float(f"{value:.6g}")
    return DetectSettings(**settings.model_dump() | {"threshold_rule": rule, "threshold": value})


def _drag_or_type(
    name: str, low: float, high: float, start: float, step: float, form: str, most: float | None = None
) -> float:
    """A slider and a number field that follow each other; what is typed may lie outside the slider, up to `most`."""
    slider, field = f"threshold_{name}_dragged", f"threshold_{name}"

    def follow(source: str, target: str) -> None:
        st.session_state[target] = min(max(st.session_state[source], low), high)

    st.session_state.setdefault(field, start)
    st.session_state.setdefault(slider, start)
    # A new fit can bring a smaller range than the one the number was chosen in.
    st.session_state[slider] = min(max(st.session_state[slider], low), high)
    st.slider(
        "Drag",
        low,
        high,
        step=step,
        format=form,
        key=slider,
        on_change=follow,
        args=(slider, field),
        label_visibility="collapsed",
    )
    return float(
        st.number_input(
            "or type",
            0.0,
            most,
            step=step,
            format=form.replace("g", "f"),
            key=field,
            on_change=follow,
            args=(field, slider),
        )
    )


def _top_score(scored: Scored) -> float:
    tops = [float(np.nanmax(one.values)) for one in scored.scores if np.isfinite(one.values).any()]
    return max([*tops, 0.0]) or 1.0
