"""Asking a process to read: it is ended where it takes too much memory or time, or where who asked has left."""

import atexit
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar, cast

from anomaly.domain import AnomalyError, DataError
from anomaly.reading.apart.answering import Answer, Question
from anomaly.reading.apart.limits import GIGABYTES, SECONDS, most_memory, most_seconds

AT_ONCE = 2
LOOK_SECONDS = 0.1
PACKAGES = Path(__file__).parents[3]
"""the folder that `anomaly` lies in"""
Result = TypeVar("Result")
_turns = threading.BoundedSemaphore(AT_ONCE)
_idle: "list[_Reader]" = []
_taking = threading.Lock()


def read_apart(
    read: Callable[..., Result], *given: object, name: str, size: int, on_wait: Callable[[], object] = lambda: None
) -> Result:
    """`read(*given)`, a function of this package, in a process of its own.

    `name` is what is read, `size` its bytes. `on_wait` is called several times a second; what it raises ends the
    reading. Raises DataError where that takes too much memory or time, else what `read` raises.
    """
    memory, seconds = most_memory(size), most_seconds()
    question: Question = (memory, seconds, name, read, given)
    with _turn(on_wait):
        try:
            reader = _take()
        except OSError:
            return read(*given)  # no process can be had here
        try:
            answer = reader.ask(question, on_wait)
            if answer is None and reader.has_left:
                # It was idle for long, and ended just then.
                reader.end()
                reader = _Reader()
                answer = reader.ask(question, on_wait)
        except TimeoutError:
            raise DataError(
                f"{name} took more than {seconds:g} seconds to read: expected a smaller table. Keep the rows and "
                f"columns you want, save them as CSV, or have {SECONDS} allow more."
            ) from None
        finally:
            _put_back(reader)
    went_well, result = (False, None) if answer is None else answer
    if went_well:
        return cast(Result, result)
    if isinstance(result, AnomalyError):
        raise result
    raise DataError(
        f"{name} cannot be read: it takes more than {memory / (1 << 30):.2g} GB of memory, or its reader broke off. "
        "Expected a smaller table: keep the rows and columns you want, save them as CSV, or have "
        f"{GIGABYTES} allow more."
    )


def prepare_reader() -> None:
    """Have a process ready, which takes a second to import what reading needs."""

    def start() -> None:
        with suppress(OSError):
            _put_back(_take())

    if not _idle:
        threading.Thread(target=start, daemon=True).start()


class _Reader:
    """The process, between two questions at rest. Raises OSError where none can be had."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            # Without -P, what lies in the working folder could take the place of a module.
            [sys.executable, "-P", "-m", "anomaly.reading.apart.answering"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Whom it asks in turn is ended with it; and Ctrl-C is for the server, which then ends it.
            start_new_session=True,
            env=os.environ
            | {
                "PYTHONPATH": os.pathsep.join(filter(None, (str(PACKAGES), os.environ.get("PYTHONPATH")))),
                "RUST_BACKTRACE": "0",  # to write one without memory never ends
            },
        )
        self.is_at_rest = True

    @property
    def has_left(self) -> bool:
        """Whether it ended by itself, and in order."""
        return self._process.wait() == 0

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: Question, on_wait: Callable[[], object]) -> Answer | None:
        """None where it ended. Raises TimeoutError, and what `on_wait` raises; it is ended then."""
        _, seconds, *_ = question
        answers: list[Answer] = []
        self.is_at_rest = False
        exchange = threading.Thread(target=self._exchange, args=(question, answers), daemon=True)
        exchange.start()
        until = time.monotonic() + seconds
        try:
            while exchange.is_alive():
                exchange.join(LOOK_SECONDS)
                on_wait()
                if time.monotonic() > until:
                    raise TimeoutError
        except BaseException:
            self.end()
            raise
        self.is_at_rest = bool(answers)
        return answers[0] if answers else None

    def _exchange(self, question: Question, answers: list[Answer]) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        # It may end at any time.
        with suppress(OSError, EOFError, ValueError, pickle.UnpicklingError):
            pickle.dump(question, self._process.stdin, protocol=5)
            self._process.stdin.flush()
            answers.append(pickle.load(self._process.stdout))

    def end(self) -> None:
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL) if hasattr(os, "killpg") else self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert pipe is not None
                pipe.close()


@contextmanager
def _turn(on_wait: Callable[[], object]) -> Iterator[None]:
    while not _turns.acquire(timeout=LOOK_SECONDS):
        on_wait()
    try:
        yield
    finally:
        _turns.release()


def _take() -> _Reader:
    with _taking:
        while _idle:
            reader = _idle.pop()
            if reader.is_alive:
                return reader
            reader.end()
    return _Reader()


def _put_back(reader: _Reader) -> None:
    with _taking:
        if reader.is_at_rest and reader.is_alive and not _idle:
            _idle.append(reader)
            return
    reader.end()


@atexit.register
def _end_all() -> None:
    with _taking:
        while _idle:
            _idle.pop().end()
