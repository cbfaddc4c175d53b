"""What the panel and the result's widgets show, kept from page to page."""

from typing import Any

import streamlit as st

from anomaly.domain import RULES, DetectSettings

PENDING, CHOSEN = "pending", "chosen"
COUNTED = ("rate", "budget")
"""rules whose number counts alarms in a unit"""
CHOICES = (
    "auto_smoothing", "smoothing", "smoothing_window", "auto_merge", "merge_gap", "min_length", "leave", "min_effect",
    "threshold_rule", "section", "drag", *(f"{rule}_per" for rule in COUNTED),
    *(f"threshold_{rule}{kind}" for rule in RULES for kind in ("", "_dragged")),
)  # fmt: skip
"""keys of the result's widgets"""
FORECASTER = (
    "calendar", "holidays", "cell", "hidden_units", "layers", "bptt_steps", "window_steps", "horizons", "learning_rate",
    "epochs", "most_steps", "patience", "recurrent_init", "forget_bias", "weight_decay", "dropout", "gradient_norm",
    "input_noise", "seed", "device",
)  # fmt: skip
SPAN = ("span", "train_fraction", "train_rows", "train_until")
"""keys of the panel's widgets, which keep what was set from page to page"""


def keep_choices() -> None:
    """Streamlit forgets a widget's value once a run does not show it, as while training, under another rule, or on
    another page after the panel was used; what is no widget's it does not forget."""
    # What is to be shown otherwise can only be set before its widgets are drawn.
    st.session_state.update(st.session_state.pop(PENDING, {}))
    chosen = st.session_state.setdefault(CHOSEN, {})
    chosen.update({key: st.session_state[key] for key in CHOICES if key in st.session_state})
    st.session_state.update(chosen)


def forget_panel() -> None:
    """The panel shows the settings of the last fit again."""
    for key in (*FORECASTER, *SPAN):
        st.session_state.pop(key, None)


def choices_of(detect: DetectSettings) -> dict[str, Any]:
    """The widgets of a result, by key, as they show these settings."""
    rule = detect.threshold_rule
    choices: dict[str, Any] = {
        "auto_smoothing": detect.smoothing == "auto",
        "smoothing_window": detect.smoothing_window,
        "auto_merge": detect.merge_gap == "auto",
        "min_length": detect.min_length,
        "leave": detect.leave,
        # In full: what is shown is read again, and to open a run changes nothing in it.
        "min_effect": ",".join(
            f"{name}={str(effect).removesuffix('.0')}" for name, effect in detect.min_effect.items()
        ),
        "threshold_rule": rule,
    }
    if rule in COUNTED:
        choices[f"{rule}_per"] = detect.alarm_unit
    for name in ("smoothing", "merge_gap"):
        if getattr(detect, name) != "auto":
            choices[name] = getattr(detect, name)
    if detect.threshold is not None:
        choices |= {f"threshold_{rule}": detect.threshold, f"threshold_{rule}_dragged": detect.threshold}
    return choices
