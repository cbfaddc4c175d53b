"""What a reader may come to: functions that it is asked to call."""

import os
import subprocess
import sys
import time
from pathlib import Path


class Grows:
    """Takes too much when it is handed over."""

    def __reduce__(self) -> tuple[type, tuple[int]]:
        return bytes, (len(fill_memory()),)


def fill_memory() -> bytes:
    return bytearray(2 << 30)


def fill_memory_at_the_end() -> Grows:
    return Grows()


def abort() -> None:
    os.abort()


def leave() -> None:
    os._exit(3)


def divide() -> float:
    return 1 / 0


def chatter() -> str:
    print("between the answers", flush=True)
    os.write(1, b"and below Python")
    return "said"


def sleep(told: Path | None = None) -> None:
    if told is not None:
        told.write_text(str(os.getpid()))
    time.sleep(600)


def ask_another(told: Path) -> None:
    """As a workbook is first read in a process of its own."""
    code = f"import os, pathlib, time; pathlib.Path({str(told)!r}).write_text(str(os.getpid())); time.sleep(600)"
    subprocess.run([sys.executable, "-c", code], check=False)


def take_much() -> int:
    assert sum(bytearray(500 << 20)[:: 1 << 12]) == 0
    bytearray(b"x") * (450 << 20)
    return os.getpid()


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
