"""Files that are there whole or not at all, whatever ends the process that writes them."""

import os
from collections.abc import Mapping
from pathlib import Path

BESIDE = ".new"
"""ending of a file that is written and not yet in its place"""


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files that belong together, the one that tells of the others last. Each is written beside the one it
    replaces and brought to the disk; then all take their places, in this order. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in contents:
        if (folder / name).is_dir():
            raise IsADirectoryError(21, "a folder has that name", str(folder / name))
    try:
        for name, content in contents.items():
            with (folder / f"{name}{BESIDE}").open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
    except OSError:
        for name in contents:
            (folder / f"{name}{BESIDE}").unlink(missing_ok=True)
        raise
    for name in contents:
        (folder / f"{name}{BESIDE}").replace(folder / name)
