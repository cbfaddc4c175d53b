"""How far new data have moved: against the definition written out, and on shifts that are planted."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from anomaly.domain import Dataset
from anomaly.drift import BINS, LEAST_SHARE, Drift, _stability_index, measure_drift
from anomaly.settings import FitSettings
from tests.strategies import make_dataset

WHOLE = FitSettings()


def drawn(seed: int, steps: int = 2000, shift: float = 0.0, scale: float = 1.0) -> Dataset:
    values = np.random.default_rng(seed).normal(size=(steps, 2))
    values[:, 1] = shift + scale * values[:, 1]
    return make_dataset(values)


def of(name: str, found: list[Drift]) -> Drift:
    return next(one for one in found if one.channel == name)


@pytest.mark.parametrize(
    ("shift", "scale", "word"), [(0.0, 1.0, "none"), (0.4, 1.0, "some"), (1.0, 1.0, "large"), (0.0, 3.0, "large")]
)
def test_a_shift_or_a_wider_spread_is_drift(shift: float, scale: float, word: str) -> None:
    found = measure_drift(drawn(0), WHOLE, drawn(1, shift=shift, scale=scale))
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
    assert _stability_index(before, after) == pytest.approx(index, rel=0.05)


def test_a_state_that_is_held_longer_is_drift() -> None:
    """A channel of few values, as a switch is, has no deciles to fall between."""
    before, after = (np.random.default_rng(0).random(3000) < share for share in (0.9, 0.3))
    assert _stability_index(before.astype(float), after.astype(float)) > 0.25
    assert _stability_index(before.astype(float), before[:1500].astype(float)) < 0.02
    assert _stability_index(np.ones(50), np.full(50, 2.0)) > 0.25, "a constant that is another one now"


def test_only_the_train_span_is_compared_with() -> None:
    learnt = drawn(0)
    learnt.series[0].values[1000:, 1] += 50
    found = measure_drift(learnt, FitSettings(train_rows=1000), drawn(1))
    assert of("b", found).word == "none"


def test_what_lies_outside_of_all_that_was_seen_is_counted() -> None:
    new = drawn(1)
    new.series[0].values[:200, 0] = 99.0
    assert of("a", measure_drift(drawn(0), WHOLE, new)).outside == pytest.approx(0.1, abs=0.005)


def test_a_channel_without_a_value_is_unknown_and_context_counts() -> None:
    new = drawn(1)
    new.series[0].values[:, 0] = np.nan
    learnt = drawn(0)

    def with_context(dataset: Dataset, level: float) -> Dataset:
        columns = replace(dataset.columns, context=("valve",))
        series = replace(dataset.series[0], context=np.full((len(dataset.series[0]), 1), level))
        return replace(dataset, columns=columns, series=(series,))

    found = measure_drift(with_context(learnt, 0.0), WHOLE, with_context(new, 1.0))
    assert of("a", found).word == "unknown" and found[-1].channel == "a"
    assert found[0].channel == "valve" and found[0].word == "large"
