"""Each device and service of the table in docs/files.md: an export of it, and what is read."""

import re
from pathlib import Path

import numpy as np
import pytest

import anomaly
from anomaly import ReadSettings
from anomaly.domain.times import to_calendar
from tests.reading.devices import loggers, plants, services, wearables, weather
from tests.reading.devices.export import Export

EXPORTS: dict[str, Export] = {
    **wearables.EXPORTS, **loggers.EXPORTS, **plants.EXPORTS, **weather.EXPORTS, **services.EXPORTS,
}  # fmt: skip
PAGE = Path(__file__).parents[3] / "docs" / "files.md"


def ends_of(dataset: anomaly.Dataset) -> tuple[str | float, str | float]:
    """The first and the last time: on the calendar, or elapsed."""
    times = dataset.series[0].times
    first, last = to_calendar(times[[0, -1]], dataset.time_axis)
    return (str(first), str(last)) if isinstance(first, np.datetime64) else (float(first), float(last))


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_read_as_the_page_says(name: str) -> None:
    export = EXPORTS[name]
    dataset = anomaly.read(export.content.encode(), ReadSettings(**export.settings), name="export.csv")
    assert dataset.monitored == export.channels
    first, last = ends_of(dataset)
    if isinstance(export.first, str):
        assert (np.datetime64(first), np.datetime64(last)) == (np.datetime64(export.first), np.datetime64(export.last))
    else:
        assert (first, last) == pytest.approx((export.first, export.last))
    assert (dataset.steps, len(dataset.series)) == (export.steps, export.records)
    assert set(export.states) <= set(dataset.columns.context)
    assert {channel: dataset.units.get(channel) for channel in export.units} == export.units
    kinds = dict(zip(dataset.monitored, dataset.columns.kinds, strict=True))
    assert {channel: kind for channel, kind in kinds.items() if kind != "value"} == export.kinds
    assert sum(int(np.isnan(one.values).sum()) for one in dataset.series) == export.missing


def test_the_rows_of_the_page_are_those_that_are_tested() -> None:
    rows = re.findall(r"^\| \*\*(.+?)\*\* \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == set(EXPORTS)
