"""The run store of this server, opened once, whoever is at the page."""

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import streamlit as st

from anomaly.domain import AnomalyError

if TYPE_CHECKING:
    from anomaly.runs import RunStore

SWEEP_SECONDS, SETTLED_SECONDS = 3_600, 60


@st.cache_resource(show_spinner=False)
def open_here() -> "RunStore | None":
    """None where nothing is to be kept. Raises SettingsError or RunError where the place cannot be used."""
    # The first page waits for no database where there are no accounts.
    from anomaly.runs import open_store

    opened = open_store()
    if opened is not None:
        threading.Thread(target=_sweep_at_times, args=(opened,), daemon=True).start()
    threading.Thread(target=_watch, daemon=True).start()
    return opened


def _watch() -> None:
    # What it imports must not hold up the first page.
    time.sleep(SETTLED_SECONDS)
    from anomaly.runs import watch

    watch()


def _sweep_at_times(kept: "RunStore") -> None:
    """Remove what was deleted, or is old, also on a server that runs for months."""
    while True:
        time.sleep(SWEEP_SECONDS)
        with suppress(AnomalyError, OSError):
            kept.sweep()
