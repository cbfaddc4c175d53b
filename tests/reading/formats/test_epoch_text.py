"""Moments counted from 1970 in text."""

import json

import numpy as np
import pytest

import anomaly
from anomaly.domain.times import to_calendar


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("name", ["time", "created_at"])
@pytest.mark.parametrize(
    "form", ['"{}"', "{}", "{} s", "{}.5 s", "/Date({}000)/", "/Date({}000+0100)/", "{}000L", "'{}'", "{}000 ms"]
)
def test_text_that_counts_from_1970_is_a_time(form: str, name: str, kind: str) -> None:
    cells = [form.format(1677628860 + 60 * n) for n in range(30)]
    if kind == "csv":
        content = "\n".join([f"{name},v", *(f"{cell},{n % 7}.5" for n, cell in enumerate(cells))])
    else:
        content = json.dumps([{name: cell.strip('"'), "v": n % 7 + 0.5} for n, cell in enumerate(cells)])
    dataset = anomaly.read(content.encode())
    assert dataset.columns.time == name
    calendar = to_calendar(dataset.series[0].times, dataset.time_axis).astype("datetime64[s]")
    wanted = np.datetime64("2023-03-01T00:01") + np.arange(30) * np.timedelta64(1, "m")
    np.testing.assert_array_equal(calendar, wanted)


@pytest.mark.parametrize("cells", [[f"{n}L" for n in range(30)], [f"{300_000_000 + n * n}.5 kg" for n in range(30)]])
def test_other_text_is_none(cells: list[str]) -> None:
    content = "\n".join(["a,v", *(f"{cell},{n % 7}.5" for n, cell in enumerate(cells))])
    assert anomaly.read(content.encode()).columns.time != "a"
