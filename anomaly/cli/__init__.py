"""The command line: every flag drawn from the settings, every command a thin call of the functions that the pages call.

In: words after `unforeseen` or `python -m anomaly`. Out: files, and one sentence where something is wrong.
Begin in `entry.py` (which commands there are), then `commands.py` (what each does); `arguments.py` draws the flags from
the settings; `progress.py` is the bar while a network learns.
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.cli.entry import main

__getattr__, __all__ = open_face(__name__, __file__)
