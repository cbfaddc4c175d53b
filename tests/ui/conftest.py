"""The pages with a file, with a result, and with a store of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from anomaly.forecasting.fitting import Fitted, fit
from anomaly.pipeline import read
from anomaly.runs.store import RunStore
from anomaly.ui.lasting import fits, keeping, opened_store
from tests.support.pages import check, choose_quick, fit_quickly, open_app, open_results, sensor_csv, upload
from tests.support.strategies import QUICK


@pytest.fixture(scope="session")
def quickly_fitted() -> Fitted:
    """To the file that `results` shows."""
    return fit(read(sensor_csv(), name="pump.csv"), QUICK)


@pytest.fixture
def results(quickly_fitted: Fitted) -> AppTest:
    """The page of results, as if the fit had just ended."""
    return open_results(sensor_csv(), quickly_fitted)


@pytest.fixture
def empty_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RunStore]:
    opened = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    monkeypatch.setattr(keeping, "_open", lambda: opened)
    monkeypatch.setattr(opened_store, "open_here", lambda: opened)
    yield opened
    for job in list(fits._running.values()):
        job.discard()
    opened.close()


@pytest.fixture
def fitted() -> AppTest:
    return fit_quickly(upload(open_app(), ("pump.csv", sensor_csv())))


@pytest.fixture
def opened() -> AppTest:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    choose_quick(app)
    return check(app.run())
