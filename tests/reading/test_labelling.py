"""Known anomalies from a file of their own: the steps they mean, and one sentence where they mean none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anomaly
from anomaly import DataError, Dataset, ReadSettings, label_dataset
from anomaly.reading.formats.files import read_table
from tests.support.strategies import make_dataset

STAMPS = [f"2025-03-01T{hour:02}:00" for hour in range(20)]
NUMBERED = anomaly.read(("t,a\n" + "\n".join(f"{step},{step % 3}.5" for step in range(20))).encode(), name="m.csv")
DATED = anomaly.read(
    ("t,a\n" + "\n".join(f"{stamp},{step % 3}.5" for step, stamp in enumerate(STAMPS))).encode(), name="m.csv"
)
WARD = anomaly.read(
    ("bed,t,a\n" + "\n".join(f"{step // 10 + 3},{step % 10},{step % 3}.5" for step in range(20))).encode(),
    ReadSettings(record="bed"),
    name="m.csv",
)


def label(dataset: Dataset, *lines: str) -> Dataset:
    return label_dataset(dataset, read_table("\n".join(lines).encode(), "known.csv"))


def steps(dataset: Dataset) -> list[list[int]]:
    return [np.flatnonzero(series.labels).tolist() for series in dataset.series]


@pytest.mark.parametrize("header", ["start,end", "End,Start", "begin,stop", " FROM ,to", "note,start,end"])
def test_a_window_holds_its_start_and_its_end_however_they_are_spelt(header: str) -> None:
    cells = {"start": "3", "begin": "3", "from": "3", "end": "5", "stop": "5", "to": "5", "note": "x"}
    row = ",".join(cells[name.strip().lower()] for name in header.split(","))
    assert steps(label(NUMBERED, header, row)) == [[3, 4, 5]]


def test_windows_may_overlap_fall_between_steps_and_reach_beyond_the_record() -> None:
    lines = ("start,end", "3,5", "4,6", "8.2,8.8", "9.5,10", "17,99", "-7,0")
    assert steps(label(NUMBERED, *lines)) == [[0, 3, 4, 5, 6, 10, 17, 18, 19]]


def test_a_window_of_time_stamps_is_compared_as_time() -> None:
    assert steps(label(DATED, "start,end", "2025-03-01 03:00,2025-03-01T05:59:59")) == [[3, 4, 5]]
    assert steps(label(DATED, "start,end", "2025-03-01T04:00+01:00,2025-03-01T05:00Z")) == [[3, 4, 5]]


def test_a_time_without_a_zone_is_told_as_the_dataset_tells_it() -> None:
    rows = "\n".join(f"{stamp}+02:00,{step % 3}.5" for step, stamp in enumerate(STAMPS))
    zoned = anomaly.read(f"t,a\n{rows}".encode())
    assert steps(label(zoned, "start,end", "2025-03-01T03:00,2025-03-01T05:00")) == [[3, 4, 5]]
    assert steps(label(zoned, "start,end", "2025-03-01T03:00Z,2025-03-01T05:00Z")) == [[5, 6, 7]]


def test_a_record_column_says_whose_anomaly_it_is_and_without_one_it_is_everyones() -> None:
    assert steps(label(WARD, "start,end,record", "1,3,4", "8,8,3")) == [[8], [1, 2, 3]]
    assert steps(label(WARD, "start,end", "1,3")) == [[1, 2, 3], [1, 2, 3]]


@pytest.mark.parametrize("word", ["anomaly", "1", "true", "outlier-2"])
@pytest.mark.parametrize("none", ["", "0", "None", "false", "NaN"])
def test_trainset_labels_are_the_steps_that_have_one(word: str, none: str) -> None:
    rows = [f"a,{stamp}Z,0.5,{word if step in (2, 3, 9) else none}" for step, stamp in enumerate(STAMPS)]
    assert steps(label(DATED, "series,timestamp,value,label", *rows)) == [[2, 3, 9]]


def test_a_trainset_file_in_which_nothing_is_labelled_knows_of_no_anomaly() -> None:
    labelled = label(NUMBERED, "series,timestamp,value,label", "a,3,1,0", "a,4,1,0")
    assert labelled.has_labels and steps(labelled) == [[]]


def test_labels_from_a_file_take_the_place_of_the_datasets_own_and_leave_all_else() -> None:
    dataset = make_dataset(np.zeros((10, 1)), labels=np.ones(10, bool))
    labelled = label(dataset, "start,end", "3,5")
    assert steps(labelled) == [[3, 4, 5]]
    assert steps(dataset) == [list(range(10))]
    assert labelled.series[0].values is dataset.series[0].values and labelled.columns == dataset.columns


@given(
    windows=st.lists(st.tuples(st.integers(-3, 22), st.integers(0, 9), st.sampled_from("34")), min_size=1, max_size=8),
    by_record=st.booleans(),
)
def test_windows_agree_with_a_loop(windows: list[tuple[int, int, str]], by_record: bool) -> None:
    rows = [f"{start},{start + length},{bed}" for start, length, bed in windows]
    wanted = [
        [
            step
            for step in range(10)
            if any(start <= step <= start + length and (bed == name or not by_record) for start, length, bed in windows)
        ]
        for name in ("3", "4")
    ]
    lines = ["start,end,record" if by_record else "start,end,note", *rows]
    if any(wanted):
        assert steps(label(WARD, *lines)) == wanted
    else:
        with pytest.raises(DataError, match="lies in m"):
            label(WARD, *lines)


@pytest.mark.parametrize(
    ("dataset", "lines", "said"),
    [
        (NUMBERED, ("a,b", "1,2"), ("expected columns start and end, or series, timestamp, value, label", "'a', 'b'")),
        (NUMBERED, ("start,b", "1,2"), ("expected columns start and end", "'start', 'b'")),
        (NUMBERED, ("start,end", f"{STAMPS[0]},{STAMPS[1]}"), ("expected numbers in column 'start'", STAMPS[0])),
        (DATED, ("start,end", "3,5"), ("expected time stamps in column 'start'", "column 't' of m, found '3'")),
        (DATED, ("start,end", f"{STAMPS[0]},soon"), ("line 2: expected a time in column 'end'", "found 'soon'")),
        (WARD, ("start,end,record", "1,3,4", "1,3,9"), ("names the record '9', which m does not have",)),
        (WARD, ("start,end,record", "1,3,4", "1,3,"), ("names the record '", "which m does not have")),
        (WARD, ("start,end,record", "1,3,x", "1,3,"), ("names the record '', which m does not have",)),
        (NUMBERED, ("start,end", "20,30", "41,42"), ("No anomaly of known", "goes from 0 to 19")),
        (DATED, ("start,end", "2026-03-01,2026-03-02"), ("No anomaly of known", "their zone")),
        (NUMBERED, ("start,end", "1,3", "9,5"), ("line 3: expected an end that is not before", "'5' after '9'")),
        (NUMBERED, ("series,timestamp,value,label", "a,99,1,1"), ("No anomaly of", "goes from 0 to 19")),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_one_sentence_of_what_was_expected_and_found(
    dataset: Dataset, lines: tuple[str, ...], said: tuple[str, ...]
) -> None:
    with pytest.raises(DataError) as refused:
        label(dataset, *lines)
    sentence = str(refused.value)
    assert "known" in sentence and sentence.endswith(".") and "\n" not in sentence
    assert all(part in sentence for part in said), sentence


def test_anomalies_that_lie_nowhere_are_counted_and_a_later_file_forgets_them() -> None:
    labelled = label(NUMBERED, "start,end", "3,5", "41,42", "8.2,8.8")
    assert str(labelled.repairs[-1]) == (
        "2 of 3 known anomalies of known lie at no step of a record: left out (lines 3, 4)"
    )
    assert label(labelled, "start,end", "3,5").repairs == NUMBERED.repairs


def test_a_file_on_disk_is_read_like_an_uploaded_one(tmp_path: Path) -> None:
    (tmp_path / "known.csv").write_text("start;end\n3;5\n")
    assert steps(label_dataset(NUMBERED, read_table(tmp_path / "known.csv"))) == [[3, 4, 5]]


def test_a_trainset_label_that_means_normal_is_no_anomaly() -> None:
    lines = ["series,timestamp,value,label", "a,1,0,normal", "a,2,0,no", "a,3,0,anomaly"]
    assert steps(label_dataset(NUMBERED, read_table("\n".join(lines).encode(), "known.csv"))) == [[3]]


@pytest.mark.parametrize(("form", "order"), [("%d/%m/%Y %H:%M", "day"), ("%m/%d/%Y %H:%M", "month")])
def test_dates_of_a_few_anomalies_are_read_in_the_order_of_the_dataset(form: str, order: str) -> None:
    times = pd.date_range("2025-03-01", periods=24 * 40, freq="h")
    rows = [f"{time},{step % 7}.5" for step, time in enumerate(times.strftime(form))]
    dataset = anomaly.read("\n".join(["t,a", *rows]).encode())
    assert dataset.time_axis.order == order
    start, end = times[[240, 242]].strftime(form)
    assert steps(label(dataset, "start,end", f"{start},{end}")) == [[240, 241, 242]]
    # A file of another custom that cannot be meant so is read by itself.
    other = "%m/%d/%Y %H:%M" if order == "day" else "%d/%m/%Y %H:%M"
    for custom in (other, "%d.%m.%Y %H:%M"):
        start, end = times[[480, 482]].strftime(custom)
        assert steps(label(dataset, "start,end", f"{start},{end}")) == [[480, 481, 482]]
    start, end = times[[250, 252]].strftime("%d.%m.%Y %H:%M")
    assert steps(label(dataset, "start,end", f"{start},{end}")) == [[250, 251, 252]]


def test_anomalies_after_the_clock_was_put_back_lie_where_the_dataset_has_them() -> None:
    times = pd.date_range("2025-10-25", periods=24 * 6, freq="h", tz="Europe/Berlin")
    local = times.strftime("%Y-%m-%d %H:%M")
    dataset = anomaly.read("\n".join(["t,a", *(f"{t},{n % 7}.5" for n, t in enumerate(local))]).encode())
    for step in (5, 26, 28, 60, 143):
        assert steps(label(dataset, "start,end", f"{local[step]},{local[step]}")) == [[step]]
    # The hour that is written twice is the first of the two, unless the file itself tells all of its hours.
    assert local[26] == local[27] and steps(label(dataset, "start,end", f"{local[27]},{local[27]}")) == [[26]]
    every = [f"a,{t},1,{int(n in (27, 60))}" for n, t in enumerate(local)]
    assert steps(label(dataset, "series,timestamp,value,label", *every)) == [[27, 60]]


def test_the_clock_put_forward_again_ends_the_shift() -> None:
    local = pd.date_range("2024-10-25", periods=24 * 200, freq="h", tz="Europe/Berlin").strftime("%Y-%m-%d %H:%M")
    dataset = anomaly.read("\n".join(["t,a", *(f"{t},{n % 7}.5" for n, t in enumerate(local))]).encode())
    assert steps(label(dataset, "start,end", f"{local[3000]},{local[3000]}")) == [[3000]]
    assert steps(label(dataset, "start,end", f"{local[4700]},{local[4700]}")) == [[4700]]
