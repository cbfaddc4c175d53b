"""What looks like a form of some device and is an ordinary table, or the form written by another device."""

import numpy as np
import pytest

import anomaly
from anomaly import DataError
from tests.reading.devices.export import EPOCH, HUMID, ISO, SPACED, WARM, lines, stamps

MINUTES = [*stamps("%Y-%m-%d %H:%M", "15min"), "2023-03-02 06:01"]
ZONED = [f"{minute.replace(' ', 'T')}Z" for minute in MINUTES]


def read(text: str) -> anomaly.Dataset:
    return anomaly.read(text.encode(), name="table.csv")


@pytest.mark.parametrize(
    "interval",
    [
        lambda s: f"{MINUTES[s]} - {MINUTES[s + 1]}",
        lambda s: f"{MINUTES[s]} – {MINUTES[s + 1][-5:]}",
        lambda s: f"{MINUTES[s]} bis {MINUTES[s + 1]}",
        lambda s: f"{ZONED[s]}/{ZONED[s + 1]}",
        lambda s: f"{ZONED[s]}/PT15M",
    ],
)
def test_the_start_of_an_interval_is_its_time(interval: object) -> None:
    dataset = read(lines("when,flow", lambda s: f"{interval(s)},{WARM[s]:.2f}"))
    assert (dataset.columns.time, dataset.monitored, dataset.steps) == ("when", ("flow",), 120)
    assert dataset.series[0].times[[0, -1]].astype("datetime64[m]").astype(str).tolist() == [
        "2023-03-01T00:01", "2023-03-02T05:46",
    ]  # fmt: skip
    assert any("holds intervals" in str(repair) for repair in dataset.repairs)


@pytest.mark.parametrize("word", ["{} - {}", "{} to {}", "{}/{}"])
def test_two_numbers_in_a_cell_are_no_interval_of_times(word: str) -> None:
    dataset = read(lines("time,flow,range", lambda s: f"{ISO[s]},{WARM[s]:.2f},{word.format(s, s + 7)}"))
    assert (dataset.columns.time, dataset.monitored) == ("time", ("flow",))


def test_more_than_a_tenth_without_a_time_is_refused() -> None:
    rows = ["time,flow", *(f",{step}.5" for step in range(20)), *(f"{ISO[s]},{WARM[s]:.2f}" for s in range(100))]
    with pytest.raises(DataError, match="line 2: expected a time"):
        read("\n".join(rows))


def test_a_first_column_that_counts_is_the_time_where_there_is_no_other() -> None:
    dataset = read(lines("shot,flow,level", lambda s: f"{s + 1},{WARM[s]:.2f},{HUMID[s]:.1f}"))
    assert (dataset.columns.time, dataset.monitored) == ("shot", ("flow", "level"))


@pytest.mark.parametrize("start", [0.5, 3, 100])
def test_a_first_column_that_rises_otherwise_is_measured(start: float) -> None:
    dataset = read(lines("load,time,flow", lambda s: f"{start + s},{SPACED[s]},{WARM[s]:.2f}"))
    assert dataset.monitored == ("load", "flow")


def test_numbers_of_no_epoch_that_fall_are_no_time() -> None:
    newest_first = lines("ts,flow", lambda s: f"{EPOCH[-1 - s]},{WARM[s]:.2f}")
    assert read(newest_first).columns.time == "ts"
    assert read(lines("ts,flow", lambda s: f"{500 - s}.5,{WARM[s]:.2f}")).columns.time is None


def test_names_with_a_delimiter_too_many_stay_the_names() -> None:
    for head in ("time,flow,level,", "time,flow,level,\ns,l,m"):
        dataset = read(lines(head, lambda s: f"{s * 0.5},{WARM[s]:.2f},{HUMID[s]:.1f}"))
        assert (dataset.columns.time, dataset.monitored) == ("time", ("flow", "level"))


@pytest.mark.parametrize(
    ("cell", "said"),
    [("[{:.1f}]", "in brackets"), ("${:.2f}", "unit '$'"), ("€ {:.2f}", "unit '€'"), ("£{:.2f}", "unit '£'")],
)
def test_what_stands_round_each_number_is_taken_off_and_said(cell: str, said: str) -> None:
    dataset = read(lines("time,cost", lambda s: f"{ISO[s]},{cell.format(WARM[s])}"))
    assert dataset.monitored == ("cost",)
    np.testing.assert_allclose(dataset.series[0].values[:, 0], WARM, atol=0.051)
    assert any(said in str(repair) for repair in dataset.repairs)
