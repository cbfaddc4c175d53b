"""How far new data have moved: against the definition written out, and on shifts that are planted."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from anomaly.domain.records import Dataset
from anomaly.forecasting.drift import (
    BINS,
    LEAST_SHARE,
    Drift,
    _describe,
    _stability_index,
    describe_inputs,
    measure_drift,
    say_drift,
)
from tests.support.strategies import make_dataset, with_kinds


def drawn(seed: int, steps: int = 2000, shift: float = 0.0, scale: float = 1.0) -> Dataset:
    values = np.random.default_rng(seed).normal(size=(steps, 2))
    values[:, 1] = shift + scale * values[:, 1]
    return make_dataset(values)


def drift_of(learnt: Dataset, new: Dataset) -> list[Drift]:
    return measure_drift(describe_inputs(learnt, [len(one) for one in learnt.series]), new)


def index_of(before: np.ndarray, after: np.ndarray) -> float:
    return _stability_index(_describe("a", before), after)


def of(name: str, found: list[Drift]) -> Drift:
    return next(one for one in found if one.channel == name)


@pytest.mark.parametrize(
    ("shift", "scale", "word"), [(0.0, 1.0, "none"), (0.4, 1.0, "some"), (1.0, 1.0, "large"), (0.0, 3.0, "large")]
)
def test_a_shift_or_a_wider_spread_is_drift(shift: float, scale: float, word: str) -> None:
    found = drift_of(drawn(0), drawn(1, shift=shift, scale=scale))
    moved = of("b", found)
    assert moved.word == word and of("a", found).word == "none"
    assert moved.after - moved.before == pytest.approx(shift, abs=0.1) and moved.spread == pytest.approx(scale, rel=0.1)
    assert found[0].channel == "b" or word == "none", "the largest first"


def test_the_index_is_that_of_its_definition() -> None:
    rng = np.random.default_rng(3)
    before, after = rng.normal(size=500), rng.normal(0.7, 1.2, 300)
    edges = np.concatenate([[-np.inf], np.quantile(before, np.arange(1, BINS) / BINS), [np.inf]])
    index = 0.0
    for low, high in pairwise(edges):
        p, q = (max(sum(low < one <= high for one in values) / len(values), LEAST_SHARE) for values in (before, after))
        index += (q - p) * np.log(q / p)
    assert index_of(before, after) == pytest.approx(index, rel=0.05)


def test_a_state_that_is_held_longer_is_drift() -> None:
    """A channel of few values, as a switch is, has no deciles to fall between."""
    before, after = (np.random.default_rng(0).random(3000) < share for share in (0.9, 0.3))
    assert index_of(before.astype(float), after.astype(float)) > 0.25
    assert index_of(before.astype(float), before[:1500].astype(float)) < 0.02
    assert index_of(np.ones(50), np.full(50, 2.0)) > 0.25, "a constant that is another one now"


def north_wind(seed: int, north: float = 0.0, first: float = 0.0) -> Dataset:
    turned = np.random.default_rng(seed).normal(north, 15, (2000, 1))
    made = make_dataset((turned - first) % 360 + first)
    return with_kinds(made, "angle")


@pytest.mark.parametrize(("north", "word"), [(0.0, "none"), (1.0, "none"), (-20.0, "large")])
@pytest.mark.parametrize("first", [0.0, -180.0])
def test_directions_drift_as_on_a_circle(north: float, word: str, first: float) -> None:
    """Half of these are near 0 and half near 360, or few and most of them."""
    (found,) = drift_of(north_wind(0, 1.0), north_wind(1, north, first))
    assert found.word == word
    assert (found.after - north + 180) % 360 == pytest.approx(180, abs=1.5) and first <= found.after < first + 360
    assert found.spread == pytest.approx(1, rel=0.1) and found.outside < 0.02 + 0.2 * (word == "large")


def test_what_a_counter_counted_while_nothing_was_written_is_no_drift() -> None:
    def meter(seed: int, late: int) -> Dataset:
        rises = np.random.default_rng(seed).random((400, 1))
        rises[350] += late
        made = make_dataset(rises.cumsum(0))
        series = replace(made.series[0], times=np.arange(400) + late * (np.arange(400) >= 350))
        return replace(made, columns=replace(made.columns, kinds=("counter",)), series=(series,))

    (found,) = drift_of(meter(0, 0), meter(0, 5000))
    assert found.outside == 0.0


def test_only_the_train_span_is_compared_with() -> None:
    learnt = drawn(0)
    learnt.series[0].values[1000:, 1] += 50
    found = measure_drift(describe_inputs(learnt, [1000]), drawn(1))
    assert of("b", found).word == "none"


def test_what_lies_outside_of_all_that_was_seen_is_counted() -> None:
    new = drawn(1)
    new.series[0].values[:200, 0] = 99.0
    assert of("a", drift_of(drawn(0), new)).outside == pytest.approx(0.1, abs=0.005)


def test_a_channel_without_a_value_is_unknown_and_context_counts() -> None:
    new = drawn(1)
    new.series[0].values[:, 0] = np.nan
    learnt = drawn(0)

    def with_context(dataset: Dataset, level: float) -> Dataset:
        columns = replace(dataset.columns, context=("valve",))
        series = replace(dataset.series[0], context=np.full((len(dataset.series[0]), 1), level))
        return replace(dataset, columns=columns, series=(series,))

    found = drift_of(with_context(learnt, 0.0), with_context(new, 1.0))
    assert of("a", found).word == "unknown" and found[-1].channel == "a"
    assert found[0].channel == "valve" and found[0].word == "large"


def test_what_moved_far_is_said_and_nothing_else() -> None:
    assert say_drift(drift_of(drawn(0), drawn(1))) is None
    said = say_drift(drift_of(drawn(0), drawn(1, shift=99.0)))
    assert said is not None and said.startswith("Not like what was learnt from: b (median -0.0") and "100 % out" in said
