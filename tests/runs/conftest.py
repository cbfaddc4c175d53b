"""A run that two people share."""

import pytest

from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.store import RunStore
from tests.support.kept_runs import save
from tests.support.people import ADA, CLEO


@pytest.fixture
def run(store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset) -> str:
    """Ada's, which Cleo may edit."""
    ada = store.act_as(ADA)
    kept = save(ada, sine_fitted, sine_dataset)
    store.act_as(CLEO).sharing.accept(kept, ada.sharing.make_link(kept, "editor"))
    return kept
