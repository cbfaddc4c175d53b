"""Records whose column is called by a name nobody foresaw, or written once for each block."""

import numpy as np
import pandas as pd
import pytest

import anomaly
from anomaly import Dataset, ReadSettings

RNG = np.random.default_rng(0)


def read(frame: pd.DataFrame, **settings: object) -> Dataset:
    return anomaly.read(frame.to_csv(index=False).encode(), ReadSettings(**settings), name="plant.csv")


def notes(dataset: Dataset) -> str:
    return " / ".join(map(str, dataset.repairs))


def plant(column: str, names: list, steps: int = 40, stamps: bool = True) -> pd.DataFrame:
    """Machines of equal times, one after the other."""
    times = pd.date_range("2025-03-01", periods=steps, freq="h").strftime("%d.%m.%Y %H:%M") if stamps else range(steps)
    parts = [
        pd.DataFrame(
            {
                column: name,
                "time": times,
                "flow": RNG.normal(10 * place, 1, steps).round(2),
                "level": RNG.integers(50, 90, steps),
            }
        )
        for place, name in enumerate(names)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("column", ["Maschine", "Anlage", "pump_no", "PID", "serial_number", "Pat.-Nr.", "gizmo"])
@pytest.mark.parametrize("names", [["A", "B", "C"], [4711, 4712, 4720]])
@pytest.mark.parametrize("side_by_side", [False, True])
@pytest.mark.parametrize("stamps", [False, True])
def test_a_record_is_found_whatever_it_is_called(column: str, names: list, side_by_side: bool, stamps: bool) -> None:
    frame = plant(column, names, stamps=stamps)
    frame = frame.sort_values("time", kind="stable") if side_by_side else frame
    dataset = read(frame)
    assert (dataset.columns.record, dataset.columns.time) == (column, "time")
    assert (dataset.monitored, [len(one) for one in dataset.series]) == (("flow", "level"), [40, 40, 40])
    assert all((np.diff(one.times) > np.zeros(1, np.diff(one.times).dtype)).all() for one in dataset.series)


def test_what_was_taken_for_the_record_is_said_and_can_be_undone() -> None:
    frame = plant("gizmo", ["A", "B"])
    assert "Column 'gizmo' tells 2 records apart" in notes(read(frame))
    assert read(frame, record="").columns.record is None


def test_the_newest_row_may_come_first() -> None:
    assert len(read(plant("gizmo", ["A", "B", "C"])[::-1]).series) == 3


def single(count: int = 300) -> pd.DataFrame:
    rows = np.arange(count)
    return pd.DataFrame(
        {
            "time": pd.date_range("2025-03-01", periods=count, freq="min").strftime("%Y-%m-%d %H:%M:%S"),
            "flow": RNG.normal(0, 1, count).round(3),
            "rate": RNG.integers(60, 90, count),
            "state": np.array(["on", "off", "idle"])[rows // 20 % 3],
            "batch": rows // 30,
        }
    )


def repeated(frame: pd.DataFrame) -> pd.DataFrame:
    extra = frame.iloc[::4].assign(rate=lambda rows: rows["rate"] + 1)
    return pd.concat([frame, extra]).sort_values("time", kind="stable")


def late(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[np.argsort(np.arange(len(frame)) + 9 * (np.arange(len(frame)) % 50 == 3), kind="stable")]


def set_back(frame: pd.DataFrame) -> pd.DataFrame:
    times = pd.to_datetime(frame["time"]) - pd.to_timedelta((np.arange(len(frame)) >= 150) * 86_400, unit="s")
    return frame.assign(time=times.dt.strftime("%Y-%m-%d %H:%M:%S"))


@pytest.mark.parametrize(
    "spoil", [lambda frame: frame, repeated, late, set_back, lambda f: f.sample(frac=1, random_state=0)]
)
def test_states_batches_and_whole_numbers_of_one_series_are_no_records(spoil) -> None:
    assert read(spoil(single())).columns.record is None


@pytest.mark.parametrize(
    ("column", "names"), [("patient", ["p7", "p8", "p9"]), ("Anlage", ["A", "B", "C"]), ("case", [7, 8, 9])]
)
def test_a_name_written_once_for_its_block_is_filled_down_and_said(column: str, names: list) -> None:
    frame = plant(column, names)
    frame[column] = frame[column].mask(frame[column].duplicated())
    dataset = read(frame)
    assert [(one.name, len(one)) for one in dataset.series] == [(str(name), 40) for name in names]
    said = [repair for repair in dataset.repairs if "filled down" in repair.text]
    assert (said[0].text, said[0].count) == (f"{column!r} stands only in the first row of each block: filled down", 117)


def test_numbers_measured_now_and_then_are_not_filled_down() -> None:
    frame = single().drop(columns=["state", "batch"])
    frame["lactate"] = np.where(np.arange(300) % 30 == 0, np.arange(300), np.nan)
    assert np.isnan(read(frame).series[0].values[:, 2]).sum() == 290


def test_rows_that_only_a_column_left_out_tells_apart_are_no_repeats() -> None:
    frame = pd.DataFrame({"time": np.repeat(np.arange(30), 2), "flow": 1.5, "level": np.repeat(np.arange(30) % 7, 2)})
    assert read(frame, time="time").steps == 30
    frame["note"] = [f"{'ab'[row % 2]}{row}" for row in range(60)]
    assert read(frame, time="time", record="").steps == 60
    numbered = frame.drop(columns="note").assign(row=np.arange(60))
    assert read(numbered, time="time", channels=("flow", "level"), context=()).steps == 30


def test_a_long_table_keeps_the_records_of_a_name_of_its_own_apart() -> None:
    rows = [f"{a},2025-03-01 {h:02}:00,{w},{RNG.normal():.2f}" for h in range(20) for a in (1, 2) for w in ("T", "p")]
    dataset = anomaly.read("\n".join(["Anlage,zeit,was,wert", *rows]).encode())
    assert (dataset.columns.record, dataset.monitored, len(dataset.series)) == ("Anlage", ("T", "p"), 2)
    assert "averaged" not in notes(dataset)


@pytest.mark.parametrize("head", ["unit,cycle,s1,s2", "engine_id,n,s1,s2", "unit,cycle,setting,s1"])
def test_what_counts_from_the_start_of_each_record_is_the_time(head: str) -> None:
    rows = [f"{unit},{cycle},{cycle % 7}.5,{cycle % 5}.1" for unit in (1, 2, 3) for cycle in range(1, 31)]
    dataset = anomaly.read("\n".join([head, *rows]).encode())
    names = head.split(",")
    assert (dataset.columns.record, dataset.columns.time, dataset.monitored) == (names[0], names[1], tuple(names[2:]))


def test_cycles_that_are_not_in_front_are_the_time_where_nothing_else_is() -> None:
    rows = [f"{n % 7}.5,{n}" for n in range(1, 40)]
    assert anomaly.read("\n".join(["s1,cycle", *rows]).encode()).columns.time == "cycle"
    assert (
        anomaly.read("\n".join(["s1,cycle,time", *(f"{row},{n}" for n, row in enumerate(rows))]).encode()).columns.time
        == "time"
    )


def test_of_a_number_and_a_text_that_name_the_variable_the_text_is_taken() -> None:
    items = ((211, "Heart Rate", 80), (618, "Respiratory Rate", 16))
    rows = [f"{p},2025-03-01 {h:02}:00,{n},{t},{v + h % 5}" for p in (11, 12) for h in range(20) for n, t, v in items]
    dataset = anomaly.read("\n".join(["hadm_id,charttime,itemid,label,valuenum", *rows]).encode())
    assert dataset.monitored == ("Heart Rate", "Respiratory Rate")
    mixed = [row.replace("Respiratory Rate", "Heart Rate" if n % 3 else "other") for n, row in enumerate(rows)]
    dataset = anomaly.read("\n".join(["hadm_id,charttime,itemid,label,valuenum", *mixed]).encode())
    assert dataset.monitored == ("211", "618")
