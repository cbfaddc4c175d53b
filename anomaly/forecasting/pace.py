"""How far training is, told by how often it asks whether to stop: before every update, in the first epoch too."""

import time
from collections.abc import Callable

from anomaly.domain import Epoch, Pace

TOLD_SECONDS = 0.5
"""least time between two tellings"""


class PaceKeeper:
    """Stands between a fit and its `on_epoch` and `should_stop`; calls `tell` with the pace, at the first update at
    once and then every TOLD_SECONDS or later."""

    def __init__(
        self,
        on_epoch: Callable[[Epoch], object],
        should_stop: Callable[[], bool],
        tell: Callable[[Pace], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_epoch, self._should_stop, self._tell, self._clock = on_epoch, should_stop, tell, clock
        self._before, self._asked = 0, 0
        self._began = self._told = 0.0

    def on_epoch(self, epoch: Epoch) -> None:
        # What a checkpoint holds is told again before the first update.
        self._before += not self._asked
        self._on_epoch(epoch)

    def should_stop(self) -> bool:
        now = self._clock()
        self._began = self._began if self._asked else now
        if self._asked and (self._asked == 1 or now - self._told >= TOLD_SECONDS):
            self._tell(Pace(self._asked, now - self._began, self._before))
            self._told = now
        self._asked += 1
        return self._should_stop()
