"""A training progress bar for the terminal."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from anomaly.domain import Epoch


@contextmanager
def training_progress() -> Iterator[tuple[Callable[[Epoch], None], Callable[[], bool]]]:
    """Yields `on_epoch` and `should_stop` for a fit. The first Ctrl-C asks it to stop; a second one breaks off."""
    asked = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def ask(_signal: int, _frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    # Shown where someone looks; a log file gets no bar.
    bar = Progress(
        TextColumn("Training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        disable=not sys.stderr.isatty(),
    )
    task = bar.add_task("", total=None, losses="")

    def show(epoch: Epoch) -> None:
        losses = f"train {epoch.train_loss:.4f} validation {epoch.validation_loss:.4f}"
        bar.update(task, completed=epoch.number, total=epoch.epochs, losses=losses)

    try:
        with bar:
            yield show, asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
