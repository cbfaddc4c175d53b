"""Fixtures that several test modules share: what takes a moment to make is made once."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted, fit
from anomaly.runs.store import RunStore
from tests.support.postgres import BINARIES, run_postgres
from tests.support.strategies import make_dataset, quick_settings, sine_values

# Their assertions, too, say what they found.
pytest.register_assert_rewrite(
    *(f"tests.support.{name}" for name in ("command_line", "file_server", "fit_jobs", "pages", "workbooks"))
)

# What tests fit is not kept among the user's own runs.
_data = tempfile.TemporaryDirectory(prefix="unforeseen-tests-", ignore_cleanup_errors=True)
os.environ["ANOMALY_DATA"] = _data.name

settings.register_profile("unhurried", deadline=None)  # a busy machine is not a defect
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def sine_dataset() -> Dataset:
    """One record of 900 steps with two channels, a peak planted at step 800."""
    values = sine_values(900)
    values[800:806, 1] += 25.0
    return make_dataset(values)


@pytest.fixture(scope="session")
def sine_fitted(sine_dataset: Dataset) -> Fitted:
    """Trained on the first 70 % of `sine_dataset`."""
    return fit(sine_dataset, quick_settings(epochs=10))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    if BINARIES is None:
        pytest.skip("no PostgreSQL here: install Debian's postgresql to run these tests")
    with run_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunStore]:
    if request.param == "sqlite":
        opened = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    else:
        url = request.getfixturevalue("postgres")
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text("drop schema public cascade"))
            connection.execute(sa.text("create schema public"))
        engine.dispose()
        opened = RunStore(url, tmp_path)
    yield opened
    opened.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser test that fails is run once more: a busy machine is not a defect. No other is."""
    for item in items:
        if item.get_closest_marker("browser") is not None:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what needed to be run twice: it wavers, and wants to be mended."""
    twice = terminalreporter.stats.get("rerun", [])
    if twice:
        terminalreporter.section("passed or failed at the second try")
        for report in twice:
            terminalreporter.line(f"{report.nodeid}: {str(report.longrepr).splitlines()[-1]}")
