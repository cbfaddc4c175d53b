"""How much memory and time the reading of one upload may take."""

import math
import os
import time
from pathlib import Path

from anomaly.domain import SettingsError
from anomaly.reading.formats.budget import Budget

GIGABYTES, SECONDS = "ANOMALY_READ_GB", "ANOMALY_READ_SECONDS"
"""in the environment: the most memory and time that reading one upload may take"""
USUAL_SECONDS = 120.0
SHARE = 3
"""of the machine's memory, the part that one reading may take: two go on at once"""
LEAST_BYTES, BYTES_PER_CELL, BYTES_PER_BYTE = 1 << 30, 24, 4
"""a cell is there as text, as a typed column and in the dataset; the file itself more than once"""
CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def most_seconds() -> float:
    """Raises SettingsError."""
    return _from_environment(SECONDS) or USUAL_SECONDS


def most_memory(given: int) -> int:
    """Bytes that reading an upload of so many bytes may take. Raises SettingsError."""
    told = _from_environment(GIGABYTES)
    needed = LEAST_BYTES + BYTES_PER_CELL * Budget.of(given).cells + BYTES_PER_BYTE * given
    return int(told * (1 << 30)) if told else min(needed, machine_memory() // SHARE)


def machine_memory() -> int:
    """Bytes that this machine, or the container it is, has."""
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        whole = 16 << 30  # a system that does not tell
    for path in CGROUPS:
        try:
            whole = min(whole, int(Path(path).read_text()))
        except (OSError, ValueError):  # there is none, or it is "max"
            continue
    return whole


def set_limits(memory: int, seconds: float) -> None:
    """Let this process take so much more than it has, where the system knows such limits."""
    try:
        import resource

        # Of addresses: what is reserved and never used counts, and a process has much of it from the beginning.
        size = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        # Of all cores: where who asked was killed, nobody looks at the clock.
        used = time.process_time() + seconds * (os.cpu_count() or 1)
        for limit, wanted in ((resource.RLIMIT_AS, size + memory), (resource.RLIMIT_CPU, math.ceil(used))):
            _, most = resource.getrlimit(limit)
            resource.setrlimit(limit, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
    except (ImportError, ValueError, OSError):
        pass


def _from_environment(name: str) -> float:
    """A number; zero where none is named."""
    wanted = os.environ.get(name, "").strip()
    try:
        number = float(wanted or 0)
    except ValueError:
        number = -1
    if not 0 <= number < math.inf or (wanted and not number):
        raise SettingsError(f"{name}: expected a number above 0, found {wanted!r}.")
    return number
