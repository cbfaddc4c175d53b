"""Fits of one dataset side by side, as the page Compare holds them."""

import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anomaly.domain import AnomalyError

if TYPE_CHECKING:
    from anomaly.domain import Dataset
    from anomaly.evaluating import Contender
    from anomaly.runs import FitJob


@dataclass
class Comparison:
    """Fits of one dataset side by side, running or done."""

    dataset: "Dataset"
    owner: str
    """`Person.id` of who asked for it"""
    jobs: "dict[str, FitJob[Contender]]"
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_running(self) -> bool:
        return any(job.is_running for job in self.jobs.values())

    @property
    def contenders(self) -> "list[Contender]":
        results = [job.result for job in self.jobs.values()]
        return [one for one in results if one is not None and one.is_begun]

    @property
    def not_begun(self) -> list[str]:
        """Those that were stopped before they had learnt anything."""
        return [name for name, job in self.jobs.items() if job.result is not None and not job.result.is_begun]

    def stop(self) -> None:
        for job in self.jobs.values():
            # One that cannot be told goes on to its end.
            with suppress(AnomalyError):
                job.stop()
