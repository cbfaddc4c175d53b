"""A number that is typed. It stays in force while its field holds none: no number that nobody typed takes its place."""

from typing import Any, TypeVar

import streamlit as st

Number = TypeVar("Number", int, float)


def number_field(
    label: str, low: Number | None, high: Number | None, start: Number, *, key: str, **more: Any
) -> Number:
    """A number field, `start` in it at first; what else it takes as `st.number_input`, such as `step`. Returns the last
    number it held: where it is empty, or holds no number, it says what is expected and which number that is."""
    in_force = f"{key} in force"
    st.session_state.setdefault(key, start)
    # With a value of its own Streamlit would put that, or the least, into a field without a number.
    typed: Any = st.number_input(label, low, high, None, key=key, **more)
    if typed is not None:
        st.session_state[in_force] = typed
        return typed
    kept: Number = st.session_state.get(in_force, start)
    # A new fit can bring other limits than it was typed under.
    kept = kept if low is None else max(kept, low)
    kept = kept if high is None else min(kept, high)
    st.caption(f"Expected a number{_between(low, high)}, found none: {kept:,.6g} stays in force.")
    return kept


def _between(low: float | None, high: float | None) -> str:
    if high is None:
        return "" if low is None else f" from {low:,g} up"
    return f" up to {high:,g}" if low is None else f" from {low:,g} to {high:,g}"
