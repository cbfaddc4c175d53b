"""How far training is, for the terminal: a bar, and how long it takes yet."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from anomaly.cli.terminal import say
from anomaly.domain import Effort, Epoch, Pace, say_duration
from anomaly.forecasting import PaceKeeper

FAR_OFF = 1.5
"""times what was announced: more, or less by as much, is said where there is no bar"""
LONG = 10.0
"""seconds that are worth a word"""


@contextmanager
def training_progress(effort: Effort) -> Iterator[tuple[Callable[[Epoch], object], Callable[[], bool]]]:
    """Yields `on_epoch` and `should_stop` for a fit that was to take `effort`. The first Ctrl-C asks it to stop; a
    second one breaks off."""
    asked = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def ask(_signal: int, _frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    is_watched = sys.stderr.isatty()
    # Shown where someone looks; a log file gets no bar.
    bar = Progress(
        TextColumn("Training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[losses]}"),
        TextColumn("{task.fields[left]}"),
        console=Console(file=sys.stderr),
        disable=not is_watched,
    )
    task = bar.add_task("", total=effort.epochs, losses="", left="")

    def show(epoch: Epoch) -> None:
        losses = f"train {epoch.train_loss:.4f} validation {epoch.validation_loss:.4f}"
        bar.update(task, completed=epoch.number, total=epoch.epochs, losses=losses)

    def tell(pace: Pace) -> None:
        left = effort.left(pace)
        done = pace.epochs_before + pace.updates / effort.updates
        bar.update(task, completed=min(done, effort.epochs), left=f"at most {say_duration(left)} left")
        if not is_watched and pace.updates == 1:
            _correct(effort, pace.seconds + left)

    keeper = PaceKeeper(show, asked.is_set, tell)
    try:
        with bar:
            yield keeper.on_epoch, keeper.should_stop
    finally:
        signal.signal(signal.SIGINT, before)


def _correct(effort: Effort, seconds: float) -> None:
    """Say what it takes, where that is far from what was announced."""
    less, more = sorted((seconds, effort.seconds))
    if more > FAR_OFF * less and more > LONG:
        say(f"After the first update: about {say_duration(seconds)}.")
