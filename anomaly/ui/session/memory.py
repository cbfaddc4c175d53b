"""Memory that was freed goes back to the system."""

import ctypes
import gc
from contextlib import suppress

import pyarrow as pa

M_MMAP_THRESHOLD = -3


def return_large_blocks() -> None:
    """Have arrays of a megabyte and more go back to the system when they are freed, instead of being kept for later."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1 << 20)


def release_memory() -> None:
    """Give back what parsing took: allocators keep it for the next time, and a server has many visitors."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    # Only glibc knows it.
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
