"""What runs in a worker process: one fit after another, telling in a folder how it goes."""

import errno
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from anomaly.domain import Dataset, Epoch, FitSettings, Pace, is_there
from anomaly.forecasting import PaceKeeper

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
PRIORITY = 10
"""as of `nice`: below that of the server"""
BEAT_SECONDS = 1.0
"""it shows that it lives so often"""
EPOCHS, STOP, STARTED, BEAT, CHECKPOINT = "epochs.jsonl", "stop", "started", "beat", "checkpoint.safetensors"
PACE, WRITING = "pace.json", ".writing"
"""files of a job's folder, and the ending of one that is not whole"""
_at_work = threading.Event()
_server = 0
"""the process that asks; 0 in that process itself"""

Result = TypeVar("Result")


def end_with(server: int) -> None:
    """End this process when the server has ended, once a fit under way has stopped. Nobody would read the result; to
    hand it over would wait for ever."""
    global _server
    _server = server
    # All that this process writes is the server's own.
    os.umask(0o077)

    def watch() -> None:
        while not _has_lost_its_server() or _at_work.is_set():
            time.sleep(BEAT_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _has_lost_its_server() -> bool:
    """Another may go on in this one's folder then: two must not. Never on Windows, where a process keeps the number of
    a parent that has gone."""
    return _server not in (0, os.getppid())


def import_torch() -> None:
    """Import what a fit needs, before it is needed."""
    from anomaly.forecasting import import_optimisers

    import_optimisers()


def work_in(
    work: Callable[..., Result], dataset: Dataset, settings: FitSettings, folder: Path, is_temporary: bool = True
) -> Result:
    """`work`, writing each epoch to the job's folder. A temporary one that is gone is a job given up; another one was
    taken away, or cannot be reached, and its job goes on. So it does where nothing can be written."""

    if hasattr(os, "setpriority"):
        # The page answers first: who looks at it waits, and a fit does not.
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    if folder.exists():
        for name in (EPOCHS, PACE):
            (folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            (folder / STARTED).write_text(str(os.getpid()))
    unwritten: list[str] = []

    def write(epoch: Epoch) -> None:
        unwritten.append(json.dumps(asdict(epoch)) + "\n")
        # Where there is no room, with the next.
        with suppress(OSError):
            _append(folder / EPOCHS, "".join(unwritten).encode())
            unwritten.clear()

    def write_pace(pace: Pace) -> None:
        with suppress(OSError):
            (folder / f"{PACE}{WRITING}").write_text(json.dumps(asdict(pace)))
            (folder / f"{PACE}{WRITING}").replace(folder / PACE)

    def should_stop() -> bool:
        return is_there(folder / STOP) or (is_temporary and not folder.exists()) or _has_lost_its_server()

    keeper = PaceKeeper(write, should_stop, write_pace)
    _at_work.set()
    try:
        with _beating(folder):
            # Once, before anything is timed.
            import_torch()
            return work(
                dataset,
                settings,
                on_epoch=keeper.on_epoch,
                should_stop=keeper.should_stop,
                checkpoint=folder / CHECKPOINT if folder.exists() else None,
            )
    finally:
        _at_work.clear()


def _append(path: Path, content: bytes) -> None:
    """All of it, or nothing: half a line would spoil the next one too. Raises OSError."""
    with path.open("ab", buffering=0) as file:
        before = file.tell()
        if file.write(content) < len(content):
            file.truncate(before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


@contextmanager
def _beating(folder: Path) -> Iterator[None]:
    """Show that this process lives, however long a step of its work takes."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS):
            with suppress(OSError):
                (folder / BEAT).touch()

    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def worker_in(folder: Path) -> int | None:
    """The process that works, or worked, in a job's folder; None where none has begun."""
    try:
        return int((folder / STARTED).read_text())
    except (OSError, ValueError):
        return None


def end_left_behind(folder: Path) -> None:
    """A worker of a server that is gone may be stopped, and not know: two must not work in one folder."""
    worker = worker_in(folder)
    with suppress(OSError):
        # Its number may be another's by now.
        if worker is not None and b"loky" in Path(f"/proc/{worker}/cmdline").read_bytes():
            os.kill(worker, KILL)
