"""Fits in worker processes, beside the page that asked for them.

A thread would not do: training takes and gives back the interpreter's lock thousands of times a second, and a page
that redraws in the same process made it ten times slower. Workers stay warm for a while, so that the next fit starts
at once.
"""

import itertools
import json
import os
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic

from joblib.externals.loky.process_executor import ProcessPoolExecutor, TerminatedWorkerError

from anomaly.domain import AnomalyError, Dataset, Epoch, FitSettings, Pace, RunError, temporary_folder
from anomaly.forecasting import find_train_stops
from anomaly.runs.jobs.processes import executor, workers
from anomaly.runs.jobs.worker import (
    BEAT,
    EPOCHS,
    KILL,
    PACE,
    STARTED,
    STOP,
    Result,
    end_left_behind,
    work_in,
    worker_in,
)

SILENT_SECONDS = 20.0
"""after so long without a sign of life a worker is taken to hang"""
MOST_CRASHES = 2
"""of a fit whose process is ended from outside; those that were asked for here do not count"""
_ending = threading.Lock()
_going_on: "set[FitJob[Any]]" = set()
"""jobs that nobody has to hold"""
_all: "weakref.WeakSet[FitJob[Any]]" = weakref.WeakSet()
_ended_here: "weakref.WeakSet[ProcessPoolExecutor]" = weakref.WeakSet()
"""whose workers were ended because somebody asked for it"""
_numbers = itertools.count(1)


class FitJob(Generic[Result]):
    """`work` in a worker process: `anomaly.forecasting.fit`, or what takes the same arguments. `epochs` grows as it
    learns; `result` or `error` is there once `is_running` is False.

    Raises SettingsError at once where the train span is too short, or ANOMALY_WORKERS is no number, and RunError where
    there is no room for it.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: FitSettings,
        work: Callable[..., Result],
        on_end: "Callable[[FitJob[Result]], object] | None" = None,
        folder: Path | None = None,
        after: "FitJob[Any] | None" = None,
    ) -> None:
        """`on_end` is called with the job, in a thread of its own, when it has ended; until it returns, the job
        is running. A job without it is given up when nobody holds it any more; one with it goes on, whoever has left.
        `folder` holds the checkpoint that it resumes from; left out, a temporary one that is removed with the job. It
        is queued when the job `after` has ended: what others ask for meanwhile comes first.
        """
        self.dataset = dataset
        self.settings = settings
        self.train_steps = sum(find_train_stops(dataset, settings))
        try:
            self._kept = None if folder is not None else temporary_folder()
        except OSError as error:
            raise RunError(
                f"A fit needs a temporary folder, and none can be made in {tempfile.gettempdir()}: {error.strerror}. "
                "Make room there, or name another place in TMPDIR and start the program again."
            ) from None
        self._folder = folder or Path(self._kept.name if self._kept is not None else "")
        self._work, self._on_end = work, on_end
        self._crashes = 0
        self._ended = threading.Event()
        self._future: Future[Result] | None = None
        self._number, self._after = 0, after
        self._followers: list[FitJob[Any]] = []
        self.is_discarded = False
        self.id = self._folder.name
        if on_end is not None:
            _going_on.add(self)
        _all.add(self)
        with _ending:
            waits = after is not None and after.is_running
            if after is not None and waits:
                after._followers.append(self)
        if not waits:
            self._submit()

    def _submit(self) -> None:
        # A fit that goes on after a crash keeps its place.
        self._number, self._after = self._number or next(_numbers), None
        end_left_behind(self._folder)
        (self._folder / STARTED).unlink(missing_ok=True)
        self._executor = executor()
        self._future = self._executor.submit(
            work_in, self._work, self.dataset, self.settings, self._folder, self._kept is not None
        )
        # The executor holds what is waited for: it must not hold a job that was given up.
        job = weakref.ref(self)

        def end(_: object) -> None:
            held = job()
            if held is not None:
                held._end()

        self._future.add_done_callback(end)

    def _end(self) -> None:
        assert self._future is not None
        error = self._future.exception() if not self._future.cancelled() else None
        # When a worker is ended from outside, all fits end with it: those that waited have their turn, those under way
        # go on from their checkpoint.
        self._crashes += isinstance(error, TerminatedWorkerError) and self._has_crashed()
        if isinstance(error, TerminatedWorkerError) and self._crashes < MOST_CRASHES:
            # Not in this thread, which belongs to the broken executor.
            threading.Thread(target=self._submit, daemon=True).start()
            return
        if self._on_end is None:
            self._conclude()
        else:
            # It may wait for a store; this thread hands out the fits that wait for their turn.
            threading.Thread(target=self._conclude, daemon=True).start()

    def _conclude(self) -> None:
        try:
            if self._on_end is not None:
                self._on_end(self)
        finally:
            _going_on.discard(self)
            with _ending:
                self._ended.set()
                followers, self._followers = self._followers, []
            for one in followers:
                threading.Thread(target=one._submit, daemon=True).start()

    def _has_crashed(self) -> bool:
        """Whether it was its own process that ended, and nobody asked for it: those of the other fits are ended a
        moment after this."""
        worker = worker_in(self._folder)
        if worker is None or self._executor in _ended_here:
            return False
        process = self._executor._processes.get(worker)
        return process is None or process.exitcode is not None

    @property
    def is_running(self) -> bool:
        return not self._ended.is_set()

    @property
    def is_waiting(self) -> bool:
        """Whether other fits have to end before this one begins."""
        return self.is_running and not (self._folder / STARTED).exists()

    @property
    def ahead(self) -> int:
        """How many fits have their turn before this one, as far as is known now."""
        before = self._after
        if before is not None and before.is_running:
            return before.ahead + 1
        return sum(0 < other._number < self._number for other in under_way())

    @property
    def does_not_begin(self) -> bool:
        """Whether its turn has come and no worker has taken it up yet."""
        # Where its folder was taken away nobody can tell.
        is_known = self._folder.is_dir() and self._future is not None
        return self.is_waiting and is_known and self.ahead < workers()

    @property
    def silence(self) -> float:
        """Seconds since its worker last showed that it lives; 0 where none is at work."""
        if not self.is_running or self.is_waiting:
            return 0.0
        signs = [path.stat().st_mtime for name in (STARTED, BEAT) if (path := self._folder / name).exists()]
        return max(0.0, time.time() - max(signs)) if signs else 0.0

    @property
    def is_silent(self) -> bool:
        """Whether its worker is more likely to hang than to be slow."""
        return self.silence > SILENT_SECONDS

    def restart(self, is_crash: bool = False) -> None:
        """End its worker, which hangs, and go on from the last checkpoint in another. It counts against no other fit,
        and against this one where it `is_crash`."""
        self._crashes += is_crash
        executor = self._executor
        if executor in _ended_here:
            return
        worker = worker_in(self._folder)
        if worker is None and not self.does_not_begin:
            return
        # Before the end comes: it is told in another thread.
        _ended_here.add(executor)
        try:
            # One that does not begin waits for a process that nobody knows of: all of them are asked.
            for one in list(executor._processes) if worker is None else [worker]:
                os.kill(one, KILL)
        except OSError:
            _ended_here.discard(executor)

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
    def pace(self) -> Pace | None:
        """How far it is, in the first epoch too; None before its first update."""
        try:
            return Pace(**json.loads((self._folder / PACE).read_text()))
        except FileNotFoundError:
            return None

    @property
    def result(self) -> Result | None:
        """What `work` returned, also while `on_end` runs; None before that or after an error."""
        if self._future is None or not self._future.done() or self._future.exception() is not None:
            return None
        return self._future.result()

    @property
    def was_killed(self) -> bool:
        """Whether its process was ended from outside too often to try again."""
        return (
            self._future is not None
            and self._future.done()
            and isinstance(self._future.exception(), TerminatedWorkerError)
        )

    @property
    def outlives_its_page(self) -> bool:
        """Whether it goes on when nobody holds it."""
        return self._on_end is not None

    @property
    def error(self) -> str | None:
        """One sentence on why there is no result."""
        error = None if self.is_running or self._future is None else self._future.exception()
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
        """End training soon, with the best weights so far. Raises RunError where its process cannot be told."""
        try:
            (self._folder / STOP).touch(0o600)
        except OSError as error:
            raise RunError(
                f"The fit cannot be told to stop, and goes on: {self._folder} cannot be written ({error.strerror})."
            ) from None

    def discard(self) -> None:
        """End training soon; nobody wants what comes of it."""
        self.is_discarded = True
        # One that cannot be told goes on to its end.
        with suppress(RunError):
            self.stop()
        if self.is_silent:
            # It would never look. What starts in its place does, and ends.
            self.restart()

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the end. Raises TimeoutError where it has not come within `seconds`."""
        if not self._ended.wait(seconds):
            raise TimeoutError


def under_way() -> "list[FitJob[Any]]":
    """All fits of this process that have not ended."""
    return [job for job in list(_all) if job.is_running]
