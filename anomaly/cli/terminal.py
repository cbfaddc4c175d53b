"""What is said on the terminal: one line a sentence, and nothing that a file could steer the terminal with."""

import io
import os
import sys
import unicodedata
from contextlib import suppress
from typing import TextIO

from anomaly.domain import SettingsError

STEERING = ("Cc", "Cf", "Zl", "Zp", "Cs")
"""Unicode categories of control characters, of those that turn the direction of writing, of line ends, and of what a
file name that is no UTF-8 becomes"""


def prepare_streams() -> None:
    """A terminal that knows ASCII alone shows the rest as escapes, rather than a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a line at once. Raises SettingsError where it cannot be, as on a full disk."""
    try:
        print(printable(text), file=stream or sys.stdout, flush=True)
    except BrokenPipeError:
        # Who read it has gone, as `head` does: no more is said, and the work goes on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())
    except OSError as error:
        raise SettingsError(f"Standard output cannot be written: {error.strerror}.") from None


def complain(text: str) -> None:
    """An error's sentence, on one line of stderr; where that cannot be written either, the exit status tells."""
    with suppress(SettingsError):
        say(" ".join(text.split()), sys.stderr)


def printable(line: str) -> str:
    """`line` with what would steer a terminal as escapes: "\\x1b[2J" is shown, not obeyed."""
    if line.isascii() and line.isprintable():
        return line
    return "".join(
        character.encode("unicode_escape", "backslashreplace").decode()
        if unicodedata.category(character) in STEERING and character not in "\u200d\ufe0f"
        else character
        for character in line
    )
