"""Fits in worker processes, beside the page that asked for them.

A thread would not do: training takes and gives back the interpreter's lock thousands of times a second, and a page
that redraws in the same process made it ten times slower. Workers stay warm for a while, so that the next fit starts
at once.
"""

import gc
import itertools
import json
import os
import signal
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, TypeVar

from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import ProcessPoolExecutor, TerminatedWorkerError

from anomaly.domain import Dataset, Epoch
from anomaly.exceptions import AnomalyError, SettingsError
from anomaly.preparation import find_train_stops
from anomaly.settings import FitSettings

AT_ONCE = "ANOMALY_WORKERS"
"""in the environment: how many fits run at once; the others wait for their turn. Each computes in one thread, so that
the same settings give the same weights on every machine."""
IDLE_SECONDS = 900
PRIORITY = 10
"""of a worker, as of `nice`: below that of the server"""
BEAT_SECONDS, SILENT_SECONDS = 1.0, 20.0
"""a worker shows that it lives so often; after so long without a sign it is taken to hang"""
MOST_ATTEMPTS = 2
"""of a fit whose process is ended from outside"""
_warm, _begun, _first = threading.Event(), threading.Event(), threading.Lock()
_going_on: "set[FitJob[Any]]" = set()
"""jobs that nobody has to hold"""
_all: "weakref.WeakSet[FitJob[Any]]" = weakref.WeakSet()
_numbers = itertools.count()
EPOCHS, STOP, STARTED, BEAT, CHECKPOINT = "epochs.jsonl", "stop", "started", "beat", "checkpoint.safetensors"


Result = TypeVar("Result")


class FitJob(Generic[Result]):
    """`work`, which is `fitting.fit` or takes the same. `epochs` grows as it learns; `result` or `error` is there once
    `is_running` ends.

    Raises SettingsError at once where the train span is too short, or ANOMALY_WORKERS is no number.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: FitSettings,
        work: Callable[..., Result],
        on_end: "Callable[[FitJob[Result]], object] | None" = None,
        folder: Path | None = None,
    ) -> None:
        """`on_end` is called with the job, in a thread of its own, when it has ended, and it runs until then. A job
        without it is given up when nobody holds it any more; one with it goes on, whoever has left. `folder` is where
        its checkpoint lies, which it goes on from; left out, one of its own that goes with it.
        """
        self.dataset = dataset
        self.settings = settings
        self.train_steps = sum(find_train_stops(dataset, settings))
        self._kept = None if folder is not None else tempfile.TemporaryDirectory(prefix="unforeseen-")
        self._folder = folder or Path(self._kept.name if self._kept is not None else "")
        self._work, self._on_end = work, on_end
        self._attempts = 0
        self._ended = threading.Event()
        self._number = next(_numbers)
        self.is_discarded = False
        self.id = self._folder.name
        if on_end is not None:
            _going_on.add(self)
        _all.add(self)
        self._submit()

    def _submit(self) -> None:
        self._attempts += 1
        (self._folder / STARTED).unlink(missing_ok=True)
        self._future = _executor().submit(_work, self._work, self.dataset, self.settings, self._folder)
        # The executor holds what is waited for: it must not hold a job that was given up.
        job = weakref.ref(self)

        def end(_: object) -> None:
            held = job()
            if held is not None:
                held._end()

        self._future.add_done_callback(end)

    def _end(self) -> None:
        error = self._future.exception() if not self._future.cancelled() else None
        was_begun = (self._folder / STARTED).exists()
        if isinstance(error, TerminatedWorkerError) and (not was_begun or self._attempts < MOST_ATTEMPTS):
            # When a worker is ended from outside, all fits end with it: those that waited have their turn, those
            # under way go on from their checkpoint. Not in this thread, which belongs to the broken executor.
            self._attempts -= not was_begun
            threading.Thread(target=self._submit, daemon=True).start()
            return
        try:
            if self._on_end is not None:
                self._on_end(self)
        finally:
            _going_on.discard(self)
            self._ended.set()

    @property
    def is_running(self) -> bool:
        return not self._ended.is_set()

    @property
    def is_waiting(self) -> bool:
        """Whether other fits have to end before this one begins."""
        return self.is_running and not (self._folder / STARTED).exists()

    @property
    def ahead(self) -> int:
        """How many fits were asked for before this one and have not ended."""
        return sum(other._number < self._number and other.is_running for other in list(_all))

    @property
    def silence(self) -> float:
        """Seconds since its worker last showed that it lives; 0 where none is at work."""
        if not self.is_running:
            return 0.0
        signs = [path.stat().st_mtime for name in (STARTED, BEAT) if (path := self._folder / name).exists()]
        return max(0.0, time.time() - max(signs)) if signs else 0.0

    @property
    def is_silent(self) -> bool:
        """Whether its worker is more likely to hang than to be slow."""
        return self.silence > SILENT_SECONDS

    def restart(self) -> None:
        """End its worker, which hangs, and go on from the last checkpoint in another."""
        for other in list(_all):
            # All fits under way end with it; that counts against none of them.
            if other.is_running and not other.is_waiting:
                other._attempts -= 1
        with suppress(OSError, ValueError):
            os.kill(int((self._folder / STARTED).read_text()), getattr(signal, "SIGKILL", signal.SIGTERM))

    @property
    def is_stopping(self) -> bool:
        return (self._folder / STOP).exists()

    @property
    def epochs(self) -> list[Epoch]:
        """Those finished so far."""
        try:
            lines = (self._folder / EPOCHS).read_text().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        # The last line may be half written.
        return [Epoch(**json.loads(line)) for line in lines if line.endswith("\n")]

    @property
    def result(self) -> Result | None:
        """There while `on_end` is at work, too."""
        if not self._future.done() or self._future.exception() is not None:
            return None
        return self._future.result()

    @property
    def error(self) -> str | None:
        """One sentence on why there is no result."""
        error = None if self.is_running else self._future.exception()
        if error is None or isinstance(error, AnomalyError):
            return str(error) if error else None
        if isinstance(error, TerminatedWorkerError):
            return (
                "The process that trained was ended from outside, and again when it went on from its last checkpoint, "
                "most likely for want of memory. Your file and settings are untouched: try fewer hidden units or BPTT "
                "steps, or a shorter train span."
            )
        return f"Training broke off ({type(error).__name__}: {error}). Your file and settings are untouched."

    def stop(self) -> None:
        """End training soon, with the best weights so far."""
        (self._folder / STOP).touch()

    def discard(self) -> None:
        """End training soon; nobody wants what comes of it."""
        self.is_discarded = True
        self.stop()
        if self.is_silent:
            # It would never look. What starts in its place does, and ends.
            self.restart()

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the end. Raises TimeoutError where it has not come within `seconds`."""
        if not self._ended.wait(seconds):
            raise TimeoutError


def warm_up() -> None:
    """Let a worker, and this process for the result, import what a fit needs while the user still looks at the file."""
    _executor().submit(_import_torch)

    def import_here() -> None:
        _import_torch()
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


def _executor() -> ProcessPoolExecutor:
    return get_reusable_executor(max_workers=workers(), timeout=IDLE_SECONDS)


def workers() -> int:
    """Fits at once: as the environment says, else one less than there are cores. Raises SettingsError."""
    wanted = os.environ.get(AT_ONCE, "").strip()
    if not wanted:
        return max(1, (os.cpu_count() or 2) - 1)
    if not wanted.isdecimal() or int(wanted) < 1:
        raise SettingsError(f"{AT_ONCE}: expected a whole number of 1 or more, found {wanted!r}.")
    return int(wanted)


def _import_torch() -> None:
    import torch._dynamo  # noqa: F401 - torch's optimisers import it at their first use

    import anomaly.model.training  # noqa: F401


def _work(work: Callable[..., Result], dataset: Dataset, settings: FitSettings, folder: Path) -> Result:
    """In the worker: `work`, writing each epoch to the job's folder; a folder that is gone is a job given up."""

    if hasattr(os, "setpriority"):
        # The page answers first: who looks at it waits, and a fit does not.
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    if folder.exists():
        (folder / EPOCHS).unlink(missing_ok=True)
        (folder / STARTED).write_text(str(os.getpid()))
    # Where the server was killed another may go on in this folder: two must not.
    server = os.getppid()

    def write(epoch: Epoch) -> None:
        with (folder / EPOCHS).open("a") as file:
            file.write(json.dumps(asdict(epoch)) + "\n")

    with _beating(folder):
        # Once, before anything is timed.
        _import_torch()
        return work(
            dataset,
            settings,
            on_epoch=write,
            should_stop=lambda: (folder / STOP).exists() or not folder.exists() or os.getppid() != server,
            checkpoint=folder / CHECKPOINT if folder.exists() else None,
        )


@contextmanager
def _beating(folder: Path) -> Iterator[None]:
    """Show that this process lives, however long a step of its work takes."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS) and folder.exists():
            with suppress(OSError):
                (folder / BEAT).touch()

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
