"""Workbooks that claim more cells than memory may hold are first read in a process of their own, which may die."""

import os
import subprocess
import sys

from anomaly.domain import DataError

LEAST_MEMORY, MEMORY_PER_BYTE, MOST_MEMORY = 1 << 30, 32, 4 << 30
"""bytes: a cell takes at least six in the file and about a hundred while it is read"""
SECONDS = 120
SCRIPT = """
import io, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
except (ImportError, ValueError, OSError):
    pass  # there, memory itself is the limit
from python_calamine import CalamineWorkbook
try:
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    for place in range(len(workbook.sheets_metadata)):
        for row in workbook.get_sheet_by_index(place).iter_rows():
            pass
except BaseException as error:
    # A panic of the reader, which is no Exception, may be for want of memory too.
    sys.exit(1 if isinstance(error, Exception) and not isinstance(error, MemoryError) else 2)
"""


def rehearse(content: bytes, name: str, unpacked: int) -> None:
    """Raises DataError where reading a workbook ends the process, as where it claims more cells than memory holds: that
    cannot be caught in the process itself. What else is wrong is told when it is read. `unpacked`: its size in bytes.
    """
    memory = min(LEAST_MEMORY + MEMORY_PER_BYTE * unpacked, MOST_MEMORY)
    # Without -P, what lies in the working folder could take the place of a module.
    command = [sys.executable, "-P", "-c", SCRIPT, str(memory)]
    try:
        ended = subprocess.run(
            command,
            input=content,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"RUST_BACKTRACE": "0"},  # to write one without memory never ends
            timeout=SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        ended = -1
    except OSError:
        return  # no process can be had here: then there is no rehearsal
    if ended not in (0, 1):
        raise DataError(
            f"{name} is no sound workbook (its reader broke off, or ran out of memory or time): expected "
            "one that a spreadsheet opens. Open it there and save it as .xlsx."
        )
