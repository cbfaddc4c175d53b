"""Which column is the time: by its cells before its name, and told once."""

import numpy as np
import pandas as pd
import pytest

import anomaly
from anomaly import Dataset, ReadSettings

STEPS = 400
STAMPS = pd.date_range("2023-03-01 00:01", periods=STEPS, freq="5min")
VALUES = 115 + 20 * np.sin(np.arange(STEPS) / 12)


def read(columns: dict[str, object], **settings: object) -> Dataset:
    return anomaly.read(pd.DataFrame(columns).to_csv(index=False).encode(), ReadSettings(**settings), name="pump")


def spelt(form: str = "%Y-%m-%dT%H:%M:%S") -> list[str]:
    return list(STAMPS.strftime(form))


@pytest.mark.parametrize("counter", ["index", "Index", "Unnamed: 0", "Sample Index", "packet no", "row", "Nr", "seq"])
@pytest.mark.parametrize("most", [STEPS, 201], ids=["rises", "wraps"])
@pytest.mark.parametrize(
    "stamps", [spelt(), spelt()[::-1], spelt("%d.%m.%Y %H:%M")], ids=["rising", "falling", "dotted"]
)
def test_stamps_are_the_time_rather_than_a_counter(counter: str, most: int, stamps: list[str]) -> None:
    dataset = read({counter: np.arange(STEPS) % most, "EXG": VALUES, "Stamp (Formatted)": stamps})
    assert (dataset.columns.time, dataset.monitored, dataset.steps) == ("Stamp (Formatted)", ("EXG",), STEPS)
    assert len(dataset.series) == 1 and str(dataset.series[0].times[0]).startswith("2023-03-01T00:01")
    assert any(f"Column '{counter}' numbers the rows: left out" in repair.text for repair in dataset.repairs) or (
        most == STEPS
    )


def test_a_counter_may_still_be_named_as_the_time() -> None:
    assert read({"index": np.arange(STEPS), "stamp": spelt(), "v": VALUES}, time="index").columns.time == "index"


def test_numbers_finer_than_the_stamps_beside_them_stay_the_time() -> None:
    """A day beside the seconds since the start, say."""
    dataset = read({"time": np.arange(STEPS) * 300.0, "date": spelt("%Y-%m-%d"), "v": VALUES})
    assert dataset.columns.time == "time"


def test_stamps_with_holes_or_in_no_order_are_not_the_time() -> None:
    holes = [stamp if step % 3 else "" for step, stamp in enumerate(spelt())]
    assert read({"index": np.arange(STEPS), "stored": holes, "v": VALUES}).columns.time == "index"
    mixed = list(np.random.default_rng(0).permutation(spelt()))
    assert read({"index": np.arange(STEPS), "stored": mixed, "v": VALUES}).columns.time == "index"


MICROSECONDS = STAMPS.as_unit("us").astype("int64").to_numpy()


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("date_ms", MICROSECONDS // 1_000),
        ("Time_ms", MICROSECONDS / 86_400e6 + 25_569),
        ("epoch", MICROSECONDS // 1_000_000),
        ("received", MICROSECONDS * 1_000),
        ("uptime", 17 + np.arange(STEPS) * 300),
        ("Transmitter Time", 5_000_000 + np.arange(STEPS) * 300 + np.arange(STEPS) % 2),
        ("elapsed", np.arange(STEPS) * 5),
    ],
)
def test_the_same_moment_told_again_is_left_out_and_said(name: str, again: np.ndarray) -> None:
    dataset = read({"time": spelt(), "v": VALUES, name: again})
    assert dataset.monitored == ("v",) and dataset.columns.context == ()
    assert any(f"Column {name!r} tells the same moments as 'time': left out" == one.text for one in dataset.repairs)
    assert name in read({"time": spelt(), "v": VALUES, name: again}, channels=("v", name)).monitored


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("response time", VALUES),
        ("uptime", np.where(np.arange(STEPS) % 50 == 0, 0, np.arange(STEPS) % 50 * 300)),
        ("step time", np.arange(STEPS) * 300 * (1 + 0.5 * np.sin(np.arange(STEPS)))),
    ],
)
def test_what_is_called_a_time_and_measured_is_monitored(name: str, values: np.ndarray) -> None:
    assert name in read({"time": spelt(), "v": VALUES, name: values}).monitored


WRITTEN = [
    "%H:%M:%S %d/%m/%Y", "%I:%M:%S%p %b %d, %Y", "%H:%M %d.%m.%Y", "%H:%M:%S, %Y-%m-%d", "%H:%M:%S %d %B %Y",
    "%Y-%m-%d %H.%M.%S", "%d.%m.%Y %H.%M", "%d/%m/%Y %H.%M.%S", "%Y-%m-%dT%H-%M-%S", "%Y-%m-%d_%H-%M-%S",
    "%d.%m.%Y %H-%M-%S", "%Y%j %H:%M", "%Y-%j %H:%M:%S", "%Y/%j %H:%M", "%Y%m%d_%H%M%S",
]  # fmt: skip


@pytest.mark.parametrize("form", WRITTEN)
def test_times_of_day_in_front_with_points_dashes_and_days_of_the_year_are_read(form: str) -> None:
    dataset = read({"time": spelt(form), "v": VALUES})
    assert dataset.columns.time == "time"
    np.testing.assert_array_equal(dataset.series[0].times, STAMPS.to_numpy().astype("datetime64[us]"))


@pytest.mark.parametrize("name", ["MESS_DATUM", "fecha", "datum", "date", "data", "Zeitstempel"])
@pytest.mark.parametrize(("form", "step"), [("%Y%m%d%H", "h"), ("%Y%m%d", "D"), ("%Y%j", "D"), ("%Y%m%d%H%M", "h")])
def test_dates_written_as_figures_are_read_under_any_name_that_means_date(name: str, form: str, step: str) -> None:
    stamps = pd.date_range("2018-01-01", periods=STEPS, freq=step)
    dataset = read({name: stamps.strftime(form), "v": VALUES})
    assert dataset.columns.time == name
    np.testing.assert_array_equal(dataset.series[0].times, stamps.to_numpy().astype("datetime64[us]"))


@pytest.mark.parametrize("cell", ["25:00:00 14/09/2023", "2023-366 22:02", "2023-000 22:02", "2023-09-14 22.61.14"])
def test_what_is_no_moment_is_not_taken_for_one(cell: str) -> None:
    with pytest.raises(anomaly.DataError, match="expected a time in column 'time'"):
        read({"time": [cell] * 40, "v": VALUES[:40]}, time="time")


@pytest.mark.parametrize("name", ["ID", "Counter", "Lfd. Nr.", "t", "Step"])
@pytest.mark.parametrize("sign", [1, -1], ids=["rises", "falls"])
def test_rows_are_numbered_whichever_way_the_numbers_go(name: str, sign: int) -> None:
    """The newest row may come first, with the highest number."""
    dataset = read({name: (np.arange(STEPS) + 7)[::sign], "stamp": spelt()[::sign], "v": VALUES, "w": VALUES**2})
    assert (dataset.columns.time, dataset.monitored) == ("stamp", ("v", "w"))


def test_days_since_a_day_long_ago_tell_the_moment_again() -> None:
    days = [f"{738_000 + step / 288:.7f}" for step in range(STEPS)]
    assert read({"stamp": spelt(), "Matlab datenum": days, "v": VALUES}).monitored == ("v",)
