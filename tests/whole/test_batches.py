"""Batches of unequal length, runs among pauses: told nothing, the odd one is the first event."""

import numpy as np
import pytest

from anomaly.detecting.detection import Detection
from anomaly.domain.spans import Span
from anomaly.forecasting.fitting import fit
from anomaly.pipeline import detect
from tests.support.strategies import make_dataset, quick_settings

SETTINGS = quick_settings(train_fraction=None)
BATCHES, ODD = 40, 23


def batch(rng: np.random.Generator, steps: int) -> np.ndarray:
    """(T, 2): heated, held, cooled; and a pressure that swings once."""
    share = np.linspace(0, 1, steps)
    heat = 20 + 60 * np.clip(share * 4, 0, 1) * np.clip((1 - share) * 5, 0, 1)
    clean = np.stack([heat, 5 + 3 * np.sin(2 * np.pi * share)], 1)
    return clean + rng.standard_normal(clean.shape) * [0.5, 0.1]


def odd_batch(rng: np.random.Generator, fault: str) -> np.ndarray:
    steps = {"twice as long": 200, "half as long": 50}.get(fault, 100)
    values = batch(rng, steps)
    if fault == "upside down":
        values[:, 0] = 100 - values[:, 0]
    return values


@pytest.mark.parametrize("fault", ["twice as long", "half as long", "upside down"])
def test_the_odd_one_of_forty_batches_of_unequal_length_is_found_first(fault: str) -> None:
    rng = np.random.default_rng(5)
    records = [batch(rng, int(rng.integers(90, 111))) for _ in range(BATCHES)]
    records[ODD] = odd_batch(rng, fault)
    dataset = make_dataset(*records)
    found = detect(fit(dataset, SETTINGS), dataset)
    assert found.events and found.events[0].record == ODD


def run_among_pauses(fault: str) -> tuple[Detection, Span]:
    """25 runs of 40 to 70 steps, hundreds of steps apart; and where the odd one lies, or should."""
    rng, parts, odd = np.random.default_rng(2), [], Span(0, 0)
    for number in range(25):
        parts.append(np.zeros(int(rng.integers(300, 500))))
        steps = int(rng.integers(40, 70))
        up = np.clip(np.linspace(0, 6, steps), 0, 1)
        run = 10 * up * up[::-1] + 0.5 * np.sin(np.arange(steps))
        if number == 17:
            run = {"climbs": np.linspace(0, 10, steps), "is long": run.repeat(2), "is missing": 0 * run}[fault]
            before = sum(map(len, parts))
            odd = Span(before, before + len(run))
        parts.append(run)
    values = np.concatenate(parts)
    dataset = make_dataset((values + 0.2 * rng.standard_normal(len(values)))[:, None])
    return detect(fit(dataset, SETTINGS), dataset), odd


@pytest.mark.parametrize("fault", ["climbs", "is long", "is missing"])
def test_the_odd_run_among_long_pauses_is_found_first(fault: str) -> None:
    found, odd = run_among_pauses(fault)
    assert found.events
    first = found.events[0].span
    assert first.start < odd.stop + 5 and odd.start - 5 < first.stop
