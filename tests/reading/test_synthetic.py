"""The demonstration files are what the code makes, and hold what they say they hold."""

import io

import numpy as np
import pandas as pd
import pytest

from anomaly.domain.exceptions import DataError
from anomaly.reading.synthetic import DEMOS, demo_csv, make_demo
from tests.support.checkout import ROOT

DATASETS = ROOT / "datasets"
MOST_BYTES = {"pump": 500_000, "ecg": 500_000, "ward": 250_000}


def labelled_spans(table: pd.DataFrame) -> list[tuple[int, int]]:
    """Rows [start, stop) of each labelled run."""
    edges = np.diff(np.concatenate([[0], table["label"].to_numpy(), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def test_the_demos_come_in_the_order_of_the_first_screen():
    assert list(DEMOS) == ["pump", "ecg", "ward"]
    for name, demo in DEMOS.items():
        assert demo.name == name
        assert demo.title and demo.planted
        assert demo.description.endswith(".")


@pytest.mark.parametrize("name", DEMOS)
def test_the_file_in_datasets_is_byte_for_byte_what_the_code_makes(name):
    assert (DATASETS / f"{name}.csv").read_bytes() == demo_csv(name)


@pytest.mark.parametrize("name", DEMOS)
def test_the_same_bytes_come_out_twice(name):
    written = demo_csv(name)
    assert written == demo_csv(name)
    assert b"\r" not in written and b"-0," not in written
    assert len(written) < MOST_BYTES[name]


@pytest.mark.parametrize("name", DEMOS)
def test_the_file_reads_back_as_the_table(name):
    read = pd.read_csv(io.BytesIO(demo_csv(name)))
    pd.testing.assert_frame_equal(read, make_demo(name), check_dtype=False)


@pytest.mark.parametrize("name", DEMOS)
def test_labels_are_zero_and_one_and_rare(name):
    label = make_demo(name)["label"]
    assert set(label) == {0, 1}
    assert label.mean() < 0.1


@pytest.mark.parametrize("name", ["pump", "ecg"])
def test_the_first_forty_percent_is_clean(name):
    table = make_demo(name)
    clean = table.iloc[: int(len(table) * 0.4)]
    assert not clean["label"].any()
    assert not clean.isna().any(axis=None)


@pytest.mark.parametrize("name, time", [("pump", "timestamp"), ("ecg", "seconds")])
def test_what_is_planted_says_where_each_labelled_span_starts(name, time):
    table = make_demo(name)
    text = " ".join(DEMOS[name].planted)
    for start, _ in labelled_spans(table):
        assert str(table[time][start]) in text


def test_pump_has_missing_rows_and_empty_cells_that_are_not_labelled():
    table = make_demo("pump")
    steps = pd.to_datetime(table["timestamp"]).diff().dropna() / pd.Timedelta("10min")
    assert steps[steps != 1].tolist() == [41]
    empty = table[table.isna().any(axis=1)]
    assert empty.columns[empty.isna().any()].tolist() == ["flow_m3h", "vibration_mms"]
    assert len(empty) == 24
    assert not empty["label"].any()


def test_pump_pressure_is_stuck_while_the_pump_cycles():
    table = make_demo("pump")
    stuck = [table.iloc[start:stop] for start, stop in labelled_spans(table) if stop - start == 72]
    assert len(stuck) == 1
    assert stuck[0]["pressure_bar"].nunique() == 1
    assert stuck[0]["running"].nunique() == 2


def test_ward_has_forty_patients_of_unequal_length_some_of_whom_deteriorate():
    table = make_demo("ward")
    lengths = table.groupby("patient_id").size()
    assert lengths.index.tolist() == [f"P{number:02}" for number in range(1, 41)]
    assert lengths.min() == 12 and lengths.max() == 160
    assert lengths.nunique() > 30
    assert table["patient_id"].is_monotonic_increasing
    ill = table[table["label"] == 1].groupby("patient_id").size()
    assert all(name in DEMOS["ward"].planted[0] for name in ill.index)
    assert len(ill) == 7


def test_ward_labels_run_from_the_onset_to_the_end_of_the_stay():
    for _, stay in make_demo("ward").groupby("patient_id"):
        assert stay["label"].is_monotonic_increasing


def test_ward_has_scattered_empty_cells_and_one_patient_without_temperature():
    table = make_demo("ward")
    assert 0.07 < table["heart_rate"].isna().mean() < 0.09
    never = table.groupby("patient_id")["temperature"].count() == 0
    assert never[never].index.tolist() == ["P14"]


def test_time_increases_within_every_record():
    assert pd.to_datetime(make_demo("pump")["timestamp"]).diff().dropna().gt(pd.Timedelta(0)).all()
    assert make_demo("ecg")["seconds"].diff().dropna().gt(0).all()
    for _, stay in make_demo("ward").groupby("patient_id"):
        assert pd.to_datetime(stay["time"]).diff().dropna().gt(pd.Timedelta(0)).all()


def test_an_unknown_demo_is_a_sentence_with_the_nearest_name():
    with pytest.raises(DataError) as caught:
        make_demo("pmup")
    assert str(caught.value) == (
        "There is no demo called 'pmup'; expected one of pump, ecg, ward. Did you mean 'pump'?"
    )


def test_an_unknown_demo_near_to_nothing_lists_the_demos():
    with pytest.raises(DataError, match=r"expected one of pump, ecg, ward\.$"):
        demo_csv("zzz")
