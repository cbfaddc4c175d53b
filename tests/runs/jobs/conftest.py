"""No fit outlives its test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from anomaly.runs.jobs.job import FitJob


@pytest.fixture(autouse=True)
def no_job_outlives_its_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folders: list[Path] = []
    start = FitJob.__init__

    def remember(job: FitJob, *arguments: object, **named: object) -> None:
        start(job, *arguments, **named)
        folders.append(job._folder)

    monkeypatch.setattr(FitJob, "__init__", remember)
    yield
    for folder in folders:
        if folder.exists():
            (folder / "stop").touch()
