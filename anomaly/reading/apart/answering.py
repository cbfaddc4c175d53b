"""The process that reads: one question after another from standard input, answers to what was standard output."""

import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from anomaly.domain import AnomalyError, DataError
from anomaly.reading.apart.limits import set_limits

IDLE_SECONDS, LOOK_SECONDS = 900, 1.0
LARGE_BYTES = 400 << 20
"""what a process took it keeps: one of more is not used again"""

Question = tuple[int, float, str, Callable[..., Any], tuple[Any, ...]]
"""memory in bytes and seconds that it may take, what is read, and how"""
Answer = tuple[bool, Any]
"""whether it went well; the result, or the error"""
_busy = threading.Event()
_since = time.monotonic()


def main() -> None:
    global _since
    server = os.getppid()
    answers = _take_over_output()
    # What reading needs is imported before it is asked for.
    import anomaly.reading.opening  # noqa: F401

    threading.Thread(target=_watch, args=(server,), daemon=True).start()
    while True:
        try:
            memory, seconds, name, read, given = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        _busy.set()
        set_limits(memory, seconds)
        answer = _answer(name, read, given)
        del given
        pickle.dump(answer, answers, protocol=5)
        answers.flush()
        del answer
        if _peak() > LARGE_BYTES:
            return
        _since = time.monotonic()
        _busy.clear()


def _take_over_output() -> BinaryIO:
    """What a library prints must not come between the answers."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _answer(name: str, read: Callable[..., Any], given: tuple[Any, ...]) -> Answer:
    try:
        return True, read(*given)
    except AnomalyError as error:
        return False, error
    except MemoryError:
        return False, None
    except Exception as error:
        # A mistake of this program, or of a library: whoever runs the server finds it in its log.
        traceback.print_exc()
        return False, DataError(
            f"{name} cannot be read: its reader broke off ({type(error).__name__}). Save it as CSV, or report it with "
            "the lines in the log of the server."
        )


def _peak() -> int:
    """Bytes that this process held at its most; where the system does not tell, too many to be used again."""
    try:
        # Not `getrusage`: that begins with what the server held when it started this process.
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) << 10
    except (OSError, ValueError, IndexError):
        return LARGE_BYTES + 1


def _watch(server: int) -> None:
    """End with who asks, however busy, and when nobody has asked for long."""
    while os.getppid() == server and (_busy.is_set() or time.monotonic() - _since < IDLE_SECONDS):
        time.sleep(LOOK_SECONDS)
    if os.getppid() != server and hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)  # and what it asked in turn
    os._exit(0)


if __name__ == "__main__":
    main()
