"""A signal of two values that changes once or twice is watched; one that changes often is context."""

import numpy as np
import pandas as pd
import pytest

from anomaly.domain.records import Columns
from anomaly.domain.settings.reading import ReadSettings
from anomaly.pipeline import read

ROWS = 600
STEP = np.arange(ROWS)
FLOW = np.sin(STEP / 9).round(3)


def during(*spans: tuple[int, int], high: float = 1) -> np.ndarray:
    return np.where([any(start <= step < stop for start, stop in spans) for step in STEP], high, 0)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("valve_fault", during((400, 450), high=3.3)),
        ("pump", during((300, 600))),
        ("relay", during((100, 150), (400, 440))),
        ("leak alarm", during((400, 402))),
        ("door", np.where(during((200, 260)) == 1, "open", "closed")),
        ("Kontakt", np.where(during((200, 260)) == 1, "ein", "aus")),
    ],
)
def test_what_changes_once_or_twice_is_watched(name: str, cells: np.ndarray) -> None:
    columns = columns_of(name, cells)
    assert len(columns.monitored) == 2 and columns.monitored[1].partition("=")[0] == name
    assert (columns.context, columns.kinds) == ((), ("value", "state"))
    assert columns_of(name, cells, context=[name]).monitored == ("flow",)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("pump", STEP // 30 % 2),
        ("pump", during((100, 120), (200, 220), (300, 320))),
        ("pulse", during((400, 402))),
        ("cmd_3", during((400, 450))),
        ("temperature set point", during((300, 600), high=10) + 55),
        ("level", during((300, 600), high=10) + 55),
        ("holiday", during((144, 288))),
        ("site", np.where(STEP < 300, "north", "south")),
        ("door", np.where(STEP // 30 % 2 == 1, "open", "closed")),
    ],
)
def test_what_changes_often_or_is_set_is_context(name: str, cells: np.ndarray) -> None:
    columns = columns_of(name, cells)
    assert columns.monitored == ("flow",)
    assert [other.partition("=")[0] for other in columns.context] == [name]


def test_what_changes_in_each_of_many_records_is_foreseen() -> None:
    cells = np.where(STEP % 100 >= 50, 1, 0)
    columns = columns_of("heater", cells, batch=[f"B{step // 100}" for step in STEP])
    assert (columns.record, columns.monitored, columns.context) == ("batch id", ("flow",), ("heater",))


def columns_of(name: str, cells: np.ndarray, batch: list[str] | None = None, **settings) -> Columns:
    times = pd.date_range("2025-03-01", periods=ROWS, freq="min").strftime("%Y-%m-%d %H:%M")
    record = {} if batch is None else {"batch id": batch}
    text = pd.DataFrame({**record, "time": times, "flow": FLOW, name: cells}).to_csv(index=False)
    return read(text.encode(), ReadSettings(**settings), name="file.csv").columns
