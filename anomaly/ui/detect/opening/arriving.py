"""Coming by an address: a kept run, a fit under way or one that was broken off, a link of somebody who shares."""

import math
from contextlib import suppress

import streamlit as st

from anomaly.domain import AnomalyError, RunError, Span
from anomaly.ui import session
from anomaly.ui.lasting import fits
from anomaly.ui.lasting.keeping import (
    ADDRESSED,
    EVENT,
    LOOKED_AT,
    RECORD,
    RUN,
    SHARE,
    THRESHOLD,
    WINDOW,
    is_kept,
    show_kept,
    store,
)


def open_from_address() -> None:
    """Open the run that the address names, where it was looked at. What is wrong is said on the first page."""
    wanted = st.query_params.get(RUN)
    if not wanted:
        return
    address = {name: st.query_params.get(name, "") for name in LOOKED_AT}
    job = fits.find_running(wanted)
    if job is not None:
        session.open_job(job)
        return
    broken = next((one for one in fits.broken_off() if one.id == wanted), None)
    try:
        if broken is not None and not broken.reason:
            fits.take_up(broken)
            return
        if broken is not None:
            raise RunError(f"{broken.name} was broken off: {broken.reason}. It stands on the page Runs.")
        _accept(wanted, st.query_params.get(SHARE))
        show_kept(wanted)
    except AnomalyError as error:
        st.query_params.clear()
        st.session_state["refused"] = str(error)
        return
    opened = session.current()
    assert opened is not None and opened.run is not None
    _look_as(opened.run, address)
    with suppress(ValueError):
        threshold = float(address[THRESHOLD])
        if math.isfinite(threshold) and threshold >= 0:
            st.session_state[ADDRESSED] = threshold


def _accept(run: str, secret: str | None) -> None:
    """Come by the link in the address. One that has gone does not matter to who may see the run anyway."""
    # Where the store cannot be opened, whoever opens the run says so.
    kept = store(is_said=False)
    if kept is None or secret is None:
        return
    try:
        kept.sharing.accept(run, secret)
    except AnomalyError:
        if not is_kept(run):
            raise


def _look_as(run: session.Run, address: dict[str, str]) -> None:
    """The record, window and event of the address, as far as they make sense for this run."""
    with suppress(ValueError):
        record = int(address[RECORD] or 0)
        if not 0 <= record < len(run.dataset.series):
            return
        steps = len(run.dataset.series[record])
        run.view.record = record
        run.has_looked = bool(address[RECORD] or address[WINDOW])
        run.view.window = _read_span(address[WINDOW], steps)
        run.view.selected = _read_span(address[EVENT], steps)


def _read_span(text: str, steps: int) -> Span | None:
    """ "120-180", where there are so many steps."""
    with suppress(ValueError):
        start, stop = map(int, text.split("-"))
        if 0 <= start < stop <= steps:
            return Span(start, stop)
    return None
