"""Tables -> records in time order, and the list of what was repaired."""

import io

import numpy as np
import pandas as pd
import pytest

from anomaly.domain.exceptions import DataError
from anomaly.domain.records import Dataset, Repair
from anomaly.domain.settings.reading import ReadSettings
from anomaly.pipeline import read


def dataset_of(*lines: str, **settings) -> Dataset:
    return read("\n".join(lines).encode(), ReadSettings(**settings), name="pump.csv")


def test_a_clean_file_needs_no_repair() -> None:
    dataset = dataset_of("time,flow", "0,1", "1,5", "2,3")
    (series,) = dataset.series
    assert dataset.repairs == ()
    assert series.name == "pump"
    assert series.times.tolist() == [0, 1, 2]
    assert series.values.tolist() == [[1], [5], [3]]
    assert series.context.shape == (3, 0)
    assert series.labels is None
    assert series.row_steps.tolist() == [0, 1, 2]


def test_rows_are_sorted_by_time_and_the_late_ones_reported() -> None:
    dataset = dataset_of("time,flow", "2025-01-01,1", "2025-01-04,4", "2025-01-02,2", "2025-01-03,3", time="time")
    (series,) = dataset.series
    assert series.values[:, 0].tolist() == [1, 2, 3, 4]
    assert (np.diff(series.times) > np.timedelta64(0)).all()
    assert dataset.repairs == (Repair("Record 'pump': 1 row out of time order: sorted by time", 1, (4,)),)


def test_repeated_rows_count_once_but_each_keeps_its_line() -> None:
    dataset = dataset_of("time,flow", "0,1", "1,5", "1,5", "2,3", "1,5", time="time")
    (series,) = dataset.series
    assert series.times.tolist() == [0, 1, 2]
    assert series.row_steps.tolist() == [0, 1, 1, 1, 2]
    repeated = dataset.repairs[-1]
    assert "2 rows repeated to the last cell: counted once" in repeated.text
    assert (repeated.count, repeated.lines) == (2, (4, 6))


def test_repeated_rows_with_missing_cells_count_once_too() -> None:
    (series,) = dataset_of("time,flow,level", "0,,1", "0,,1", "1,2,0", "2,3,2", time="time").series
    assert series.row_steps.tolist() == [0, 0, 1, 2]


def test_rows_of_one_time_but_other_values_are_kept() -> None:
    dataset = dataset_of("time,flow", "0,1", "1,5", "1,6", "2,3", time="time")
    (series,) = dataset.series
    assert series.values[:, 0].tolist() == [1, 5, 6, 3]
    assert series.row_steps.tolist() == [0, 1, 2, 3]
    (repair,) = dataset.repairs
    assert "1 row with the time of the row before but other values: kept" in repair.text
    assert repair.lines == (4,)


def test_rows_that_differ_only_in_their_label_are_kept() -> None:
    (series,) = dataset_of("time,flow,label", "0,1,0", "1,5,0", "1,5,1", "2,3,0", time="time").series
    assert series.labels.tolist() == [False, False, True, False]


def test_rows_without_a_time_column_are_never_repeats() -> None:
    (series,) = dataset_of("flow,level", "1,2", "1,2", "1,3").series
    assert series.row_steps.tolist() == [0, 1, 2]


def test_records_come_in_the_order_of_the_file_and_may_have_any_length() -> None:
    lines = ["patient,hour,pulse", "z,0,61", "z,1,62", "b,0,80", "z,2,63", "a,1,72", "a,0,71"]
    dataset = dataset_of(*lines, record="patient", time="hour")
    assert [series.name for series in dataset.series] == ["z", "b", "a"]
    assert [len(series) for series in dataset.series] == [3, 1, 2]
    assert dataset.series[2].values[:, 0].tolist() == [71, 72]
    assert dataset.steps == 6
    assert [str(repair) for repair in dataset.repairs] == [
        "Record 'a': 1 row out of time order: sorted by time (line 7)"
    ]


def test_records_without_a_time_count_their_own_rows() -> None:
    dataset = dataset_of("unit,flow", "1,5", "2,6", "1,7", "2,8")
    assert [series.name for series in dataset.series] == ["1", "2"]
    assert [series.times.tolist() for series in dataset.series] == [[0, 1], [0, 1]]


def test_records_of_several_files_carry_the_name_of_their_file(tmp_path) -> None:
    for name in ("north", "south"):
        (tmp_path / f"{name}.csv").write_text("unit,flow\n1,5\n1,6\n2,7\n2,8\n")
    dataset = read([tmp_path / "north.csv", tmp_path / "south.csv"])
    assert [series.name for series in dataset.series] == ["north/1", "north/2", "south/1", "south/2"]


def test_a_row_without_a_record_is_refused_with_its_line() -> None:
    with pytest.raises(DataError, match=r"pump, line 3: expected a record name in column 'unit', found an empty cell"):
        dataset_of("unit,flow", "a,1", ",2", "a,3", record="unit")


def test_infinities_become_missing_and_are_reported() -> None:
    dataset = dataset_of("flow,level", "1,3", "inf,4", "2,5", "-inf,6")
    np.testing.assert_array_equal(dataset.series[0].values[:, 0], [1, np.nan, 2, np.nan])
    assert str(dataset.repairs[0]) == (
        "2 values of 'flow' are infinite, or beyond 1.8e+308, more than can be held: taken as missing (lines 3, 5)"
    )


def test_missing_cells_stay_as_holes() -> None:
    dataset = dataset_of("flow,level", "1,3", ",4", "2,", "3,7")
    np.testing.assert_array_equal(dataset.series[0].values, [[1, 3], [np.nan, 4], [2, np.nan], [3, 7]])
    assert dataset.repairs[-1].count == 2


def test_constant_columns_are_noted() -> None:
    dataset = dataset_of("flow,level,valve", "1,3,0", "5,3,0", "2,3,0")
    assert dataset.monitored == ("flow",)
    assert str(dataset.repairs[-1]) == "Columns 'level', 'valve' never change: they carry nothing"


def test_a_file_whose_only_channel_is_constant_can_be_read() -> None:
    dataset = dataset_of("flow", "3", "3", "3")
    assert dataset.monitored == ("flow",)
    assert str(dataset.repairs[-1]) == "Column 'flow' never changes: it carries nothing"


@pytest.mark.parametrize(
    "cells",
    ["0 1 0 1", "0 1 - 1", "false true false TRUE", "False True - True", "no yes - yes", "normal anomaly - Anomaly"],
)
def test_labels_may_be_figures_words_or_empty(cells: str) -> None:
    rows = [f"{n},{cell}" for n, cell in enumerate(cells.split())]
    (series,) = dataset_of("flow,truth", *rows, labels="truth").series
    assert series.labels.tolist() == [False, True, False, True]


@pytest.mark.parametrize("cell", ["2", "0.5", "perhaps"])
def test_a_label_that_is_neither_0_nor_1_is_refused_with_its_line(cell: str) -> None:
    with pytest.raises(DataError, match=f"pump, line 4: expected 0 or 1 in the label column 'truth', found '{cell}'"):
        dataset_of("flow,truth", "1,0", "2,1", f"3,{cell}", "4,0", labels="truth")


def test_lines_are_those_of_the_file_when_blank_lines_come_between() -> None:
    dataset = dataset_of("", "time,flow", "", "0,1", "2,2", "", "", "1,3", "3,inf", time="time")
    assert [repair.lines for repair in dataset.repairs if repair.lines] == [(9,), (8,)]


def test_only_the_first_few_lines_are_listed() -> None:
    rows = [f"{n},inf" for n in range(10)]
    dataset = dataset_of("flow,level", *rows, "10,1")
    assert str(dataset.repairs[0]).endswith("(lines 2, 3, 4, 5, 6, …)")
    assert dataset.repairs[0].count == 10


def test_every_number_that_can_be_held_is_a_value() -> None:
    dataset = read(b"time,flow\n1,1.5\n2,1.7e308\n3,-1e200\n4,5e-324\n")
    np.testing.assert_array_equal(dataset.series[0].values[:, 0], [1.5, 1.7e308, -1e200, 5e-324])
    assert not any("infinite" in str(repair) for repair in dataset.repairs)


def test_a_number_too_large_to_be_held_is_missing_and_not_simply_called_infinite() -> None:
    dataset = read(b"time,flow\n1,1.5\n2,1e400\n3,2\n4,2.5\n")
    assert np.isnan(dataset.series[0].values[1])
    assert "1 value of 'flow' is infinite, or beyond 1.8e+308, more than can be held: taken as missing (line 3)" in map(
        str, dataset.repairs
    )


COURSE = [20 + n % 7 for n in range(40)]


def of_course(**instead: float) -> Dataset:
    """A channel of 40 steps; `instead`: the values of some, as "step_4"."""
    rows = [f"{n},{instead.get(f'step_{n}', value)},{n % 3}" for n, value in enumerate(COURSE)]
    return dataset_of("time,flow,level", *rows)


@pytest.mark.parametrize("code", [-9999, -999, 9999, 99999, -99.9, -99.99, -999.9, 999])
def test_a_code_far_from_all_that_was_measured_is_missing_and_said(code: float) -> None:
    dataset = of_course(step_3=code, step_9=code)
    assert np.flatnonzero(np.isnan(dataset.series[0].values[:, 0])).tolist() == [3, 9]
    assert str(dataset.repairs[0]) == (
        f"pump: 2 cells of 'flow' are {code:g}, far from all other values: taken as missing; name it as measured, "
        "if that is wrong (lines 5, 11)"
    )


@pytest.mark.parametrize(
    "instead",
    [
        {"step_3": -999},
        {"step_3": -998, "step_9": -998},
        {"step_3": 99, "step_9": 99},
        {"step_3": -999, "step_9": -999, "step_12": -700, "step_20": 300},
    ],
)
def test_one_value_alone_an_odd_one_and_a_near_one_are_no_codes(instead: dict[str, float]) -> None:
    assert np.isfinite(of_course(**instead).series[0].values).all()


def test_a_channel_of_two_states_has_no_code_but_one_that_stands_still_may() -> None:
    for code, missing in ((999, 0), (-999, 10)):
        dataset = dataset_of("time,flow,level", *(f"{n},{0 if n % 4 else code},{n % 3}" for n in range(40)))
        at = dataset.monitored.index("flow") if "flow" in dataset.monitored else None
        part = dataset.series[0].context[:, 0] if at is None else dataset.series[0].values[:, at]
        assert np.isnan(part).sum() == missing


def test_two_codes_of_one_channel_are_both_missing_and_other_channels_keep_their_own_values() -> None:
    rows = [f"{n},{[-999, -9999][n % 2] if n < 6 else n % 5},{-999 + n % 40}" for n in range(60)]
    dataset = dataset_of("time,flow,level", *rows)
    assert np.isnan(dataset.series[0].values[:, 0]).sum() == 6 and np.isfinite(dataset.series[0].values[:, 1]).all()


def test_a_code_is_one_in_all_files_though_it_stands_but_once_in_some() -> None:
    rows = [f"{n},{n % 5}" for n in range(30)]
    first, second = ["30,-999"], ["30,-999", "31,-999"]
    dataset = read(["\n".join(["time,flow", *rows, *more]).encode() for more in (first, second)], name="pump.csv")
    assert [int(np.isnan(one.values).sum()) for one in dataset.series] == [1, 2]
    assert [repair.count for repair in dataset.repairs[:2]] == [1, 2]


def test_a_code_in_single_precision_is_one_too() -> None:
    values = np.array([n % 5 for n in range(30)], np.float32)
    values[[4, 8]] = -99.9
    frame = pd.DataFrame({"flow": values, "level": np.arange(30.0) % 7})
    frame.to_parquet(buffer := io.BytesIO())
    assert np.isnan(read(buffer.getvalue(), name="pump.parquet").series[0].values).sum() == 2
