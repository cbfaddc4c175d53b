"""Records that several columns name together: found by looking, named by settings, not seen where there are none."""

import io
import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import anomaly
from anomaly.domain.exceptions import SettingsError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.reading import ReadSettings
from anomaly.pipeline import same_columns
from tests.support.strategies import quick_settings

STEPS = 60


def table(names: dict[str, list[object]], seed: int = 0) -> pd.DataFrame:
    """A row for each hour and each combination of the names, one record after another."""
    rng = np.random.default_rng(seed)
    times = pd.date_range("2025-03-01", periods=STEPS, freq="h").astype(str)
    parts = [
        pd.DataFrame(dict(zip(names, values, strict=True)) | {"time": times, "temp": rng.normal(20, 1, STEPS).round(3)})
        for values in itertools.product(*names.values())
    ]
    whole = pd.concat(parts, ignore_index=True)
    return whole.assign(flow=rng.normal(5, 1, len(whole)).round(3))


SITES: dict[str, list[object]] = {"site": ["north", "south"], "sensor": ["s1", "s2", "s3"]}


def read(frame: pd.DataFrame, **settings: object) -> Dataset:
    return anomaly.read(frame.to_csv(index=False).encode(), ReadSettings(**settings))


def side_by_side(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("time", kind="stable", ignore_index=True)


@pytest.mark.parametrize("order", [pd.DataFrame.copy, side_by_side], ids=["one after another", "side by side"])
@pytest.mark.parametrize(
    "names",
    [
        SITES,
        {"patient_id": [11, 12], "stay_id": [1, 2, 3]},
        {"plant": ["a", "b"], "line": ["x", "y"], "machine": ["m1", "m2"]},
    ],
    ids=["words", "numbers", "three"],
)
def test_records_named_by_several_columns_are_kept_apart(names: dict, order) -> None:
    frame = table(names)
    dataset = read(order(frame))
    assert dataset.columns.record == " / ".join(names)
    assert [len(one) for one in dataset.series] == [STEPS] * (len(frame) // STEPS)
    assert dataset.monitored == ("temp", "flow") and dataset.columns.context == ()
    groups = {" / ".join(map(str, key)): part for key, part in frame.groupby(list(names))}
    for one in dataset.series:
        np.testing.assert_array_equal(one.values, groups[one.name][["temp", "flow"]])
    said = [str(repair) for repair in dataset.repairs]
    assert len(said) == 1 and "tell the records apart together" in said[0] and "such as" in said[0]


def test_a_long_table_is_told_apart_too() -> None:
    frame = table(SITES).melt(["site", "sensor", "time"], var_name="variable", value_name="value")
    dataset = read(frame)
    assert dataset.columns.record == "site / sensor" and dataset.monitored == ("temp", "flow")
    assert [len(one) for one in dataset.series] == [STEPS] * 6


def test_of_the_names_only_those_that_are_needed_are_taken() -> None:
    frame = table(SITES)
    frame.insert(0, "country", frame["site"].map({"north": "NO", "south": "IT"}))
    frame.insert(3, "state", np.where(np.arange(len(frame)) % 7 < 3, "on", "off"))
    dataset = read(frame)
    assert dataset.columns.record == "site / sensor"
    assert "state=on" in dataset.columns.context or "state=off" in dataset.columns.context
    alone = read(table({"site": ["north"], "sensor": ["s1", "s2", "s3"]}))
    assert alone.columns.record == "sensor"


def test_another_choice_holds() -> None:
    frame = table(SITES)
    for record, count in (("", 1), ("site", 2), ("sensor", 3), ("site / sensor", 6), ("sensor / site", 6)):
        dataset = read(frame, record=record)
        assert (dataset.columns.record or "", len(dataset.series)) == (record, count)
    with pytest.raises(SettingsError, match="has no column 'site / sensr'"):
        read(frame, record="site / sensr")
    kept = read(frame, channels=("temp",), record="site / sensor", context=("site",))
    assert kept.columns.context == ("site=south",)


def test_a_model_reads_the_next_file_in_the_same_way() -> None:
    fitted = anomaly.fit(read(table(SITES)), quick_settings(epochs=1))
    next_month = table({"site": ["west"], "sensor": ["s1", "s2"]}, seed=1)
    again = anomaly.read(next_month.to_csv(index=False).encode(), same_columns(fitted))
    assert [one.name for one in again.series] == ["west / s1", "west / s2"]


def test_files_of_one_site_each_are_named_alike(tmp_path: Path) -> None:
    north, south = table(SITES), table({"site": ["west"], "sensor": ["s1"]})
    north.to_csv(tmp_path / "north.csv", index=False)
    south.to_csv(tmp_path / "south.csv", index=False)
    dataset = anomaly.read([tmp_path / "south.csv", tmp_path / "north.csv"])
    assert sorted(one.name for one in dataset.series) == [
        *(f"north/north / s{n}" for n in (1, 2, 3)), *(f"north/south / s{n}" for n in (1, 2, 3)), "south/west / s1"
    ]  # fmt: skip


def coarse_stamps(rng: np.random.Generator) -> pd.DataFrame:
    """Ten rows a second, the second alone written down, beside two states."""
    times = pd.date_range("2025-03-01", periods=60, freq="s").repeat(10).astype(str)
    states = {name: rng.choice(["a", "b", "c"], 600) for name in ("mode", "status")}
    return pd.DataFrame({"time": times, **states, "x": rng.normal(size=600)})


def states_that_change(rng: np.random.Generator) -> pd.DataFrame:
    frame = table({"sensor": ["s1"]})
    return frame.assign(mode=rng.choice(["a", "b"], len(frame)), status=rng.choice(["u", "v"], len(frame)))


def repeated_rows(rng: np.random.Generator) -> pd.DataFrame:
    frame = states_that_change(rng)
    return side_by_side(pd.concat([frame, frame.assign(temp=frame["temp"] + 1)], ignore_index=True))


@pytest.mark.parametrize("make", [coarse_stamps, states_that_change, repeated_rows])
@pytest.mark.parametrize("seed", range(10))
def test_states_of_one_series_name_no_records(make, seed: int) -> None:
    dataset = read(make(np.random.default_rng(seed)))
    assert len(dataset.series) == 1 and dataset.columns.record is None


def test_a_ratio_of_two_columns_is_a_channel() -> None:
    frame = table({"sensor": ["s1"]}).drop(columns="sensor")
    frame["temp / flow"] = frame["temp"] / frame["flow"]
    assert read(frame).monitored == ("temp", "flow", "temp / flow")


def test_a_workbook_and_a_compressed_file_are_no_different() -> None:
    frame, file = table(SITES), io.BytesIO()
    frame.to_parquet(file)
    assert anomaly.read(file.getvalue(), name="x.parquet").columns.record == "site / sensor"
