"""Fits in worker processes, beside the page that asked for them.

A thread would not do: training takes and gives back the interpreter's lock thousands of times a second, and a page
that redraws in the same process made it ten times slower. Workers stay warm for a while, so that the next fit starts
at once.
"""

import json
import os
import tempfile
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path
from typing import Generic, TypeVar

from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import ProcessPoolExecutor, TerminatedWorkerError

from anomaly.domain import Dataset, Epoch
from anomaly.exceptions import AnomalyError
from anomaly.preparation import find_train_stops
from anomaly.settings import FitSettings

WORKERS = max(1, (os.cpu_count() or 2) - 1)
"""fits at once; the others wait for their turn"""
IDLE_SECONDS = 900
_warm = threading.Event()
EPOCHS, STOP, STARTED = "epochs.jsonl", "stop", "started"


Result = TypeVar("Result")


class FitJob(Generic[Result]):
    """`work`, which is `fitting.fit` or takes the same. `epochs` grows as it learns; `result` or `error` is there once
    `is_running` ends.

    Raises SettingsError at once where the train span is too short.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: FitSettings,
        work: Callable[..., Result],
        on_end: "Callable[[FitJob[Result]], object] | None" = None,
    ) -> None:
        """`on_end` is called with the job, in a thread of its own, when there is a result; the job runs until then. A
        job without it is given up when nobody holds it any more; one with it goes on, whoever has left."""
        self.id = uuid.uuid4().hex
        self.dataset = dataset
        self.settings = settings
        self.train_steps = sum(find_train_stops(dataset, settings))
        self._kept = tempfile.TemporaryDirectory(prefix="unforeseen-")
        self._folder = Path(self._kept.name)
        self._is_discarded = False
        self._ended = ended = threading.Event()
        self._future = _executor().submit(_work, work, dataset, settings, self._folder)
        if on_end is None:
            self._future.add_done_callback(lambda _: ended.set())
        else:
            self._future.add_done_callback(lambda future: self._end(future, on_end))

    def _end(self, future: "Future[Result]", on_end: "Callable[[FitJob[Result]], object]") -> None:
        try:
            if not self._is_discarded and not future.cancelled() and future.exception() is None:
                on_end(self)
        finally:
            self._ended.set()

    @property
    def is_running(self) -> bool:
        return not self._ended.is_set()

    @property
    def is_waiting(self) -> bool:
        """Whether other fits have to end before this one begins."""
        return self.is_running and not (self._folder / STARTED).exists()

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
                "The process that trained was ended from outside, most likely for want of memory. Your file and "
                "settings are untouched: try fewer hidden units or BPTT steps, or a shorter train span."
            )
        return f"Training broke off ({type(error).__name__}: {error}). Your file and settings are untouched."

    def stop(self) -> None:
        """End training soon, with the best weights so far."""
        (self._folder / STOP).touch()

    def discard(self) -> None:
        """End training soon; nobody wants what comes of it."""
        self._is_discarded = True
        self.stop()

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the end. Raises TimeoutError where it has not come within `seconds`."""
        self._future.exception(seconds)
        if not self._ended.wait(seconds):
            raise TimeoutError


def warm_up() -> None:
    """Let a worker, and this process for the result, import what a fit needs while the user still looks at the file."""
    _executor().submit(_import_torch)

    def import_here() -> None:
        _import_torch()
        _warm.set()

    threading.Thread(target=import_here, daemon=True).start()


def is_warm() -> bool:
    """Whether this process has imported what a fit needs."""
    return _warm.is_set()


def _executor() -> ProcessPoolExecutor:
    return get_reusable_executor(max_workers=WORKERS, timeout=IDLE_SECONDS)


def _import_torch() -> None:
    import torch._dynamo  # noqa: F401 - torch's optimisers import it at their first use

    import anomaly.model.training  # noqa: F401


def _work(work: Callable[..., Result], dataset: Dataset, settings: FitSettings, folder: Path) -> Result:
    """In the worker: `work`, writing each epoch to the job's folder; a folder that is gone is a job given up."""

    if folder.exists():
        (folder / STARTED).touch()

    def write(epoch: Epoch) -> None:
        with (folder / EPOCHS).open("a") as file:
            file.write(json.dumps(asdict(epoch)) + "\n")

    return work(
        dataset,
        settings,
        on_epoch=write,
        should_stop=lambda: (folder / STOP).exists() or not folder.exists(),
    )
