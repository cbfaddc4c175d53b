"""python -m anomaly, and the command `unforeseen`."""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130


def run() -> int:
    """The command line. Ctrl-C is no error, though it comes while the program is still being loaded."""
    # There is nothing to clean up yet, and an exception in the middle of an import would be told with a traceback.
    before = signal.signal(signal.SIGINT, _leave)
    from anomaly.cli import main

    signal.signal(signal.SIGINT, before)
    try:
        return main()
    except KeyboardInterrupt:
        return INTERRUPTED


def _leave(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(run())
