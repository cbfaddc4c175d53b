"""The server around the pages: how it ends."""

import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def end_in_order(_app: object) -> AsyncIterator[None]:
    """While the server runs, SIGTERM and Ctrl-C end it as a program that has come to its end.

    uvicorn closes well, but then sends itself the signal again, and SIGTERM ends a Python at once: tables that were set
    aside on disk would stay there, and worker processes be left alone."""
    server: Any = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)

    def leave(number: int, _frame: object) -> None:
        server.force_exit = server.should_exit and number == signal.SIGINT
        server.should_exit = True

    # Another server than uvicorn, or one in a thread, has its own way.
    if hasattr(server, "should_exit") and threading.current_thread() is threading.main_thread():
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, leave)
    yield
