"""python -m anomaly, and the command `unforeseen`."""

import sys

INTERRUPTED = 130


def run() -> int:
    """The command line. Ctrl-C is no error, though it comes while the program is still being loaded."""
    try:
        from anomaly.cli import main

        return main()
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(run())
