"""How far back a model looks, and how far it would have to, in words that agree with the numbers."""

import re
from dataclasses import replace

import numpy as np
import pytest

import anomaly
from anomaly.domain.durations import say_duration
from anomaly.domain.forecasts import Reach
from anomaly.domain.settings.fitting import FitSettings
from anomaly.forecasting.fitting import Fitted
from anomaly.forecasting.memory import describe_memory, say_steps, suggest_bptt
from anomaly.reading.synthetic import demo_csv
from tests.support.strategies import make_dataset


def dataset_of(step: str | None, steps: int = 400, period: int | None = None) -> anomaly.Dataset:
    rng = np.random.default_rng(0)
    values = np.sin(2 * np.pi * np.arange(steps) / period) if period else rng.standard_normal(steps)
    if step is None:
        return anomaly.read(("value\n" + "\n".join(f"{v:.4f}" for v in values)).encode())
    times = np.datetime64("2025-01-01T00:00:00") + np.arange(steps) * np.timedelta64(int(step), "s")
    return anomaly.read(
        ("time,value\n" + "\n".join(f"{t},{v:.4f}" for t, v in zip(times, values, strict=True))).encode()
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.083, "0.083 s"), (9.96, "10 s"), (59.6, "1 min"), (119.7, "2 min"), (3599.7, "1 h"), (12_900, "3 h 35 min")],
)
def test_lengths_of_time_are_rounded_before_they_are_parted(seconds: float, said: str) -> None:
    assert say_duration(seconds) == said


def test_steps_are_told_in_the_users_own_time() -> None:
    assert say_steps(43, dataset_of("300")) == "43 steps (3 h 35 min)"
    assert say_steps(1, dataset_of("86400")) == "1 step (1 d)"
    assert say_steps(1_200, dataset_of(None)) == "1,200 steps"


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ([1.0, 0.5, 0.02, 0.001], "This model looks back about 2 steps (10 min)."),
        ([1.0, 0.5, 0.4], "This model looks back at least 2 steps (10 min)."),
        ([1.0, 0.001], "This model looks back at the last step alone."),
    ],
)
def test_the_memory_is_one_sentence(sine_fitted: Fitted, after: list[float], said: str) -> None:
    fitted = replace(sine_fitted, reach=Reach(np.ones(len(after)), np.array(after)))
    assert describe_memory(fitted, dataset_of("300")) == said


def test_a_period_beyond_the_truncation_is_told_with_the_steps_that_reach_over_it() -> None:
    found = suggest_bptt(dataset_of("300", 2880, period=288), FitSettings())
    assert found is not None
    steps, sentence = found
    assert steps == 320
    assert re.search(r"repeats about every 28[89] steps \(1 d\)", sentence)
    assert "after 64 steps" in sentence and "Use 320 BPTT steps where" in sentence


@pytest.mark.parametrize(
    ("period", "settings"),
    [(288, {"bptt_steps": 320}), (288, {"cell": "feedforward"}), (40, {}), (None, {})],
)
def test_nothing_is_suggested_where_it_would_not_help(period: int | None, settings: dict[str, object]) -> None:
    assert suggest_bptt(dataset_of("300", 2000, period), FitSettings(**settings)) is None


@pytest.mark.parametrize("length", [300, 1000, 3000])
def test_noise_repeats_by_chance_and_nothing_is_suggested(length: int) -> None:
    """White noise, and its running sum."""
    rng = np.random.default_rng(length)
    noise = rng.normal(size=(20, length, 1))
    found = [suggest_bptt(make_dataset(one), FitSettings()) for one in (*noise, *noise.cumsum(1))]
    assert sum(one is not None for one in found) <= 1


def test_what_is_not_learnt_from_suggests_nothing() -> None:
    dataset = dataset_of("300", 2880, period=288)
    assert suggest_bptt(dataset, FitSettings(train_rows=300)) is None


def test_the_pump_repeats_daily() -> None:
    found = suggest_bptt(anomaly.read(demo_csv("pump"), name="pump"), FitSettings())
    assert found is not None and found[0] == 160 and "144 steps (1 d)" in found[1]
