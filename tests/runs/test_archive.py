"""Datasets as files: each comes back as it was."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anomaly
from anomaly.domain.exceptions import RunError
from anomaly.domain.records import Dataset, Repair, TimeSeries
from anomaly.domain.times import PutBack, TimeAxis
from anomaly.reading.synthetic import DEMOS, demo_csv
from anomaly.runs.archive import pack_dataset, unpack_dataset
from tests.support.strategies import make_dataset, sine_values

PUT_BACK = (
    PutBack(
        np.datetime64("2025-10-26T02:50", "us"), np.datetime64("2025-10-26T03:00", "us"),
        np.timedelta64(3_600_000_000, "us"), np.timedelta64(600_000_000, "us"),
    ),
)  # fmt: skip


def assert_same(one: Dataset, other: Dataset) -> None:
    for series, again in zip(one.series, other.series, strict=True):
        for field in fields(TimeSeries):
            before, after = getattr(series, field.name), getattr(again, field.name)
            if isinstance(before, np.ndarray):
                assert before.dtype == after.dtype, field.name
                np.testing.assert_array_equal(before, after, err_msg=field.name)
            else:
                assert before == after, field.name
    for field in fields(Dataset):
        if field.name != "series":
            assert getattr(one, field.name) == getattr(other, field.name)


@pytest.mark.parametrize("name", DEMOS)
def test_a_dataset_comes_back_as_it_was(name: str) -> None:
    dataset = anomaly.read(demo_csv(name), name=name)
    assert_same(dataset, unpack_dataset(pack_dataset(dataset)))


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    kind=st.sampled_from(["timestamp", "number", "row"]),
    context=st.integers(0, 2),
    with_labels=st.lists(st.booleans(), min_size=4, max_size=4),
    seed=st.integers(0, 99),
)
def test_records_of_every_shape_come_back(
    lengths: list[int], kind: str, context: int, with_labels: list[bool], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    dataset = make_dataset(*(np.where(rng.random((n, 2)) < 0.2, np.nan, rng.random((n, 2))) for n in lengths))
    series = tuple(
        replace(
            one,
            name=f"Ünit {number}\n",
            times=np.datetime64("2025-01-01", "us") + np.arange(len(one)) if kind == "timestamp" else one.times,
            context=rng.random((len(one), context)),
            labels=rng.random(len(one)) < 0.5 if with_labels[number] else None,
            ignored=rng.random(len(one)) < 0.5 if with_labels[-1 - number] else None,
            row_steps=np.sort(rng.integers(0, len(one), len(one) + 2)),
        )
        for number, one in enumerate(dataset.series)
    )
    columns = replace(dataset.columns, context=tuple("xy"[:context]))
    dataset = replace(
        dataset,
        series=series,
        columns=columns,
        time_axis=TimeAxis("t", kind, put_back=PUT_BACK if context else ()),
        repairs=(Repair("a thing", 3, (1, 2)),),
        units={"a": "°C"},
    )
    assert_same(dataset, unpack_dataset(pack_dataset(dataset)))


def test_files_that_are_no_dataset_are_one_sentence() -> None:
    files = pack_dataset(make_dataset(sine_values(9)))
    for name in files:
        with pytest.raises(RunError, match="cannot be read"):
            unpack_dataset({**files, name: b"{}"})
