"""Uneven steps: kept with their times as an input, or brought onto even ones; and where a record breaks off."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anomaly
from anomaly import Dataset, FitSettings, ReadSettings, SettingsError
from anomaly.reading.sampling import SINCE, find_breaks

RNG = np.random.default_rng(0)


def read(times: np.ndarray, *columns: np.ndarray, **settings: object) -> Dataset:
    names = ["time", *"abcdef"[: len(columns)]]
    rows = [",".join("" if np.isnan(x) else f"{x:.6g}" for x in row) for row in zip(times, *columns, strict=True)]
    return anomaly.read("\n".join([",".join(names), *rows]).encode(), ReadSettings(**settings))


def uneven(steps: int = 200) -> np.ndarray:
    return np.round(np.cumsum(RNG.exponential(1.0, steps)), 3)


def notes(dataset: Dataset) -> str:
    return " / ".join(map(str, dataset.repairs))


def test_even_steps_stay_as_they_are() -> None:
    dataset = read(np.arange(100), RNG.random(100))
    assert dataset.columns.context == () and "steps" not in notes(dataset)


def test_a_few_missing_rows_do_not_make_steps_uneven() -> None:
    times = np.delete(np.arange(200), [20, 21, 90])
    assert read(times, RNG.random(197)).columns.context == ()


def test_uneven_steps_are_kept_and_the_time_since_the_last_is_an_input() -> None:
    times = uneven()
    dataset = read(times, RNG.random(200))
    assert dataset.columns.context == (SINCE,)
    since = dataset.series[0].context[:, 0]
    gaps = np.diff(times, prepend=times[0])
    np.testing.assert_allclose(since, np.log1p(gaps / np.median(np.diff(times))), rtol=1e-6)
    assert "The steps are uneven" in notes(dataset) and "is an input" in notes(dataset)


def test_columns_measured_each_at_its_own_time_are_brought_onto_even_steps() -> None:
    times, which = uneven(400), np.arange(400) % 3
    columns = [np.where(which == column, RNG.random(400), np.nan) for column in range(3)]
    dataset = read(times, *columns)
    assert "Brought onto even steps" in notes(dataset) and "67 % of the cells would else be empty" in notes(dataset)
    assert np.isnan(dataset.series[0].values).mean() < 0.45
    assert len(dataset.series[0].row_steps) == 400


def test_channels_that_a_record_lacks_do_not_count_as_cells_that_are_empty() -> None:
    rows = [f"{time},{step % 7}.5" for step, time in enumerate(uneven())]
    whole = "\n".join(["time,a,b,c,d", *(f"{row},1.{n % 3},2.{n % 5},3.{n % 8}" for n, row in enumerate(rows))])
    less = "\n".join(["time,a", *rows])
    dataset = anomaly.read([whole.encode(), less.encode(), less.encode(), less.encode()])
    assert dataset.columns.step is None and SINCE in dataset.columns.context


def test_what_is_asked_for_is_done_whatever_the_file_is_like() -> None:
    times = uneven()
    assert read(times, RNG.random(200), sampling="resample", step=2).columns.context == ()
    assert read(np.arange(100), RNG.random(100), sampling="keep").columns.context == (SINCE,)
    assert read(times, RNG.random(200), context=()).columns.context == ()
    assert read(np.arange(100), RNG.random(100), context=(SINCE,)).columns.context == (SINCE,)


def test_a_step_that_is_asked_for_but_not_used_is_said() -> None:
    said = "A step of 5 is not used: the rows are kept as they are; sampling resample brings them onto even steps"
    assert said in notes(read(np.arange(100), RNG.random(100), step=5))
    assert said in notes(read(uneven(), RNG.random(200), step=5))
    assert "is not used" not in notes(read(uneven(), RNG.random(200), step=5, sampling="resample"))
    assert "step of 5 is not used: there is no time" in notes(read(np.arange(99), RNG.random(99), step=5, time=""))
    few = read(np.arange(9), RNG.random(9), sampling="resample")
    assert "The even steps asked for are not made: there are fewer than 20 gaps" in notes(few)


def test_a_step_far_too_small_is_refused() -> None:
    with pytest.raises(SettingsError, match="more than a hundred times"):
        read(np.arange(100) * 1000, RNG.random(100), sampling="resample", step=0.0001)


@given(st.lists(st.integers(0, 40), min_size=30, max_size=60), st.integers(1, 9))
def test_resampling_agrees_with_a_loop(gaps: list[int], step: int) -> None:
    times = np.cumsum(gaps)
    values = np.arange(len(times), dtype=float)
    dataset = read(times, values, time="time", channels=("a",), sampling="resample", step=step)
    (series,) = dataset.series
    for at, found in zip(series.times, series.values[:, 0], strict=True):
        inside = values[(times >= at) & (times < at + step)]
        assert np.isnan(found) if len(inside) == 0 else found == pytest.approx(inside.mean())
    # Every row of the file is in the step that holds its time.
    for time, place in zip(times, series.row_steps, strict=True):
        assert series.times[place] <= time < series.times[place] + step


def test_a_step_is_ignored_where_all_its_rows_are() -> None:
    rows = "\n".join(f"{t},{t},{int(t not in (0, 1, 2, 3, 5))}" for t in range(40))
    settings = ReadSettings(time="time", channels=("a",), sampling="resample", step=4, ignore="on=0")
    (series,) = anomaly.read(f"time,a,on\n{rows}".encode(), settings).series
    assert series.ignored is not None and np.flatnonzero(series.ignored).tolist() == [0]
    assert series.values[:2, 0].tolist() == [1.5, (4 + 6 + 7) / 3]


def test_labels_stay_with_their_steps() -> None:
    rows = "\n".join(f"{t / 2},{t % 7},{int(t in (10, 41))}" for t in range(60))
    dataset = anomaly.read(f"time,a,label\n{rows}".encode(), ReadSettings(sampling="resample", step=2))
    labels = dataset.series[0].labels
    assert labels is not None and np.flatnonzero(labels).tolist() == [2, 10]


def test_a_record_breaks_where_the_time_between_steps_is_far_longer_than_nearly_all() -> None:
    times = np.concatenate([np.arange(300), 1000 + np.arange(300)])
    assert find_breaks(times).tolist() == [300]
    assert find_breaks(np.arange(600)).tolist() == []
    nights = np.concatenate([day * 24 + np.arange(8) for day in range(60)])
    assert find_breaks(nights).tolist() == []


def test_breaks_never_cost_more_than_a_fifth_of_a_record() -> None:
    times = np.cumsum(np.where(np.arange(3000) % 60 == 59, 500, 1))
    assert 0 < len(find_breaks(times)) * 50 <= 600


def test_after_a_break_the_forecaster_starts_anew_and_is_not_scored_until_it_is_warm() -> None:
    times = np.concatenate([np.arange(400), 5000 + np.arange(400)])
    values = np.sin(np.arange(800) / 5)
    dataset = read(times, values)
    fitted = anomaly.fit(dataset, FitSettings(epochs=3, hidden_units=8, device="cpu"))
    found = anomaly.detect(fitted, dataset)
    alone = anomaly.detect(fitted, read(times[400:], values[400:]))
    assert np.isnan(found.scores[0].values[400 : 400 + fitted.warm_up]).all()
    np.testing.assert_allclose(
        found.forecasts[0].predicted[400:], alone.forecasts[0].predicted, rtol=1e-4, atol=1e-4, equal_nan=True
    )


def test_points_on_even_steps_have_one_line_for_each_step() -> None:
    dataset = read(np.arange(600), RNG.random(600), sampling="resample", step=4)
    detection = anomaly.detect(anomaly.fit(dataset, FitSettings(epochs=1, hidden_units=4, device="cpu")), dataset)
    assert detection.points()["time"].tolist() == list(range(0, 600, 4))


def test_another_role_does_not_undo_the_even_steps() -> None:
    times, which = uneven(400), np.arange(400) % 3
    columns = [np.where(which == column, RNG.random(400), np.nan) for column in range(3)]
    dataset = read(times, *columns)
    assert dataset.columns.step is not None
    assert read(times, *columns, channels=("a", "b"), context=("c",)).columns.step is not None
    assert read(times, *columns, sampling="keep").columns.step is None


def test_a_kept_model_reads_a_new_file_as_the_one_it_learnt_from() -> None:
    dataset = read(uneven(), RNG.random(200))
    fitted = anomaly.fit(dataset, FitSettings(epochs=2, hidden_units=6, device="cpu"))
    known = ReadSettings(channels=dataset.monitored, context=dataset.columns.context)
    rows = "\n".join(f"{t},{t % 5}" for t in range(60))
    assert len(anomaly.detect(fitted, anomaly.read(f"time,a\n{rows}".encode(), known)).scores) == 1


def test_even_steps_take_the_mean_direction_and_the_last_of_a_counter_and_a_state() -> None:
    times = np.repeat(np.arange(60) * 10.0, 2) + np.tile([0.0, 4.0], 60)
    directions, readings, states = np.tile([350.0, 30.0], 60), np.arange(120.0), np.tile([0.0, 1.0], 60)
    asked = {"channels": ("a", "b", "c"), "sampling": "resample", "step": 10}
    kinds = {"a": "angle", "b": "counter", "c": "state"}
    dataset = read(times, directions, readings, states, **asked, kinds=kinds)
    if not dataset.columns.kinds:
        pytest.fail("the kinds that were asked for are not there")
    np.testing.assert_allclose(dataset.series[0].values[:, 0], 10)
    np.testing.assert_array_equal(dataset.series[0].values[:, 1], np.arange(1, 120, 2))
    np.testing.assert_array_equal(dataset.series[0].values[:, 2], 1)
    assert "(of a counter or state the last)" in notes(dataset)
