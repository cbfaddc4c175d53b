"""Fixtures that several test modules share: what takes a moment to make is made once."""

import os
import tempfile

import pytest
from hypothesis import settings

from anomaly.domain import Dataset
from anomaly.fitting import Fitted, fit
from tests.strategies import make_dataset, quick_settings, sine_values

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
