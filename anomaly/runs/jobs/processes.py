"""The worker processes that fits run in, and how many at once."""

import gc
import os
import threading

from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import ProcessPoolExecutor

from anomaly.domain import SettingsError
from anomaly.runs.jobs.worker import end_with, import_torch

AT_ONCE = "ANOMALY_WORKERS"
"""in the environment: how many fits run at once; the others wait for their turn. Each computes in one thread, so that
the same settings give the same weights on every machine."""
IDLE_SECONDS = 900
_warm, _begun, _first = threading.Event(), threading.Event(), threading.Lock()


def warm_up() -> None:
    """Let a worker, and this process for the result, import what a fit needs while the user still looks at the file."""
    executor().submit(import_torch)

    def import_here() -> None:
        import_torch()
        # After every rerun Streamlit collects garbage among all objects there are. Those of the libraries, a million,
        # stay as long as the process: left out, a rerun takes half the time.
        gc.collect()
        gc.freeze()
        _warm.set()

    with _first:
        if not _begun.is_set():
            _begun.set()
            threading.Thread(target=import_here, daemon=True).start()


def is_warm() -> bool:
    """Whether this process has imported what a fit needs."""
    return _warm.is_set()


def executor() -> ProcessPoolExecutor:
    return get_reusable_executor(
        max_workers=workers(), timeout=IDLE_SECONDS, initializer=end_with, initargs=(os.getpid(),)
    )


def workers() -> int:
    """Fits at once: as the environment says, else one less than there are cores. Raises SettingsError."""
    wanted = os.environ.get(AT_ONCE, "").strip()
    if not wanted:
        return max(1, (os.cpu_count() or 2) - 1)
    if not wanted.isdecimal() or int(wanted) < 1:
        raise SettingsError(f"{AT_ONCE}: expected a whole number of 1 or more, found {wanted!r}.")
    return int(wanted)
