"""A Monday that behaves like a Sunday is found, and is no event where it is a holiday."""

from pathlib import Path

import numpy as np
import pytest

from anomaly.domain import Dataset, FitSettings
from anomaly.forecasting import fit, load, save
from anomaly.pipeline import detect, read
from tests.support.strategies import quick_settings

ODD = np.datetime64("2024-02-12")
"""a Monday"""


@pytest.fixture(scope="module")
def building() -> Dataset:
    """8 weeks of hourly load with one Monday that is like a Sunday."""
    hours = np.arange(24 * 56)
    times = np.datetime64("2024-01-01T00", "h") + hours
    is_quiet = ((hours // 24) % 7 == 6) | (times.astype("datetime64[D]") == ODD)
    noise = np.random.default_rng(3).standard_normal(len(hours))
    load = 50 + 30 * np.sin(2 * np.pi * (hours % 24 - 6) / 24) * np.where(is_quiet, 0.2, 1.0) + noise
    rows = [f"{time}:00:00,{value:.2f}" for time, value in zip(times, load, strict=True)]
    return read("\n".join(["time,load", *rows]).encode(), name="building.csv")


def days_of_events(dataset: Dataset, **settings: object) -> list[set[str]]:
    detection = detect(fit(dataset, FitSettings(device="cpu", **settings)), dataset)
    days = dataset.series[0].times.astype("datetime64[D]")
    return [{str(day) for day in days[event.span.start : event.span.stop]} for event in detection.events]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_monday_like_a_sunday_is_the_event(building: Dataset, seed: int) -> None:
    detection = detect(fit(building, FitSettings(device="cpu", seed=seed)), building)
    (event,) = detection.events
    first, last = building.series[0].times[[event.span.start, event.span.stop - 1]]
    assert first == ODD and abs(last - (ODD + np.timedelta64(23, "h"))) <= np.timedelta64(1, "h")


@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_none_where_it_is_a_holiday(building: Dataset, seed: int) -> None:
    events = days_of_events(building, holidays="2024-02-12", seed=seed)
    assert not any(str(ODD) in days for days in events)


def test_a_kept_model_sees_the_same_calendar_in_another_file(building: Dataset, tmp_path: Path) -> None:
    fitted = fit(building, quick_settings(epochs=1, holidays="DE,2024-02-12"))
    save(fitted, tmp_path)
    again = load(tmp_path)
    assert again.preparation.calendar == fitted.preparation.calendar
    assert again.preparation.calendar.parts == ("hour", "weekday")
    one, other = detect(fitted, building), detect(again, building)
    np.testing.assert_array_equal(one.scores[0].values, other.scores[0].values)
