"""What a page said was kept is there whatever moment the server is killed in."""

import random
from pathlib import Path

import anomaly
from anomaly.forecasting.fitting import Fitted
from tests.support.kept_runs import (
    BEGINNER,
    MODELS,
    RESULTS,
    kept_model,
    kept_results,
    lost_fits,
    run_and_kill,
)


def test_fits_that_wait_or_have_just_begun_are_found_again(tmp_path: Path) -> None:
    said: set[str] = set()
    # At once: before any worker has begun.
    for after in (0.0, random.Random(0).uniform(0.1, 0.6), 1.3):
        said |= set(run_and_kill(BEGINNER, after=after, data=tmp_path))
        assert lost_fits(tmp_path, said) == set()
    assert len(said) >= 3


def test_a_model_that_is_replaced_is_one_of_the_two(tmp_path: Path, sine_fitted: Fitted) -> None:
    anomaly.save(sine_fitted, tmp_path / "first")
    last, rng = 0, random.Random(1)
    for _ in range(2):
        said = run_and_kill(MODELS, tmp_path / "first", tmp_path / "model", last + 1, after=rng.uniform(0.2, 0.4))
        last = int(said[-1]) if said else last
        assert last >= 1 and kept_model(tmp_path / "model") in (last, last + 1)
        last += 1


def test_results_that_are_replaced_are_one_of_the_two(tmp_path: Path, sine_fitted: Fitted) -> None:
    anomaly.save(sine_fitted, tmp_path / "first")
    last, rng = 0, random.Random(2)
    for _ in range(2):
        said = run_and_kill(RESULTS, tmp_path / "first", tmp_path / "results", last + 1, after=rng.uniform(1.0, 1.5))
        last = int(said[-1]) if said else last
        assert last >= 1 and kept_results(tmp_path / "results") in (last, last + 1)
        last += 1
