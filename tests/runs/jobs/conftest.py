"""For the tests of what runs in worker processes."""

import pytest

from anomaly.runs.jobs import worker


@pytest.fixture(autouse=True)
def keep_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of these tests do a worker's work here, and this process has other tests to run."""
    monkeypatch.setattr(worker, "PRIORITY", 0)
