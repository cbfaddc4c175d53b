"""How silent it is where nothing is wrong: python -m benchmarks.silence [--seeds N] [--jobs N] [--long]

Made series without any anomaly, of many families and lengths, each fitted and judged told nothing. A row a series goes
to benchmarks/results/silence.csv: its highest score, the highest of each part of it, and the false alarms that are
expected above that score. Printed: by family the share that stays silent at several rates, and what nine of ten reach,
where each family has one vote. --long adds one series of 1,000,000 steps of each of LONG.
"""

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy.signal import lfilter

import anomaly
from anomaly.detecting.rates import find_rate
from benchmarks.measuring import keep_table

RATES = (1.0, 0.1, 0.01)
SHORTEST, LONGEST = 1_500, 15_000
LONG = ("noise", "autoregressive", "season", "random walk", "eight channels")
LONG_STEPS = 1_000_000
Family = Callable[[np.random.Generator, int], np.ndarray]


def autoregressive(rng: np.random.Generator, steps: int, memory: float, channels: int = 1) -> np.ndarray:
    """(steps, channels)"""
    noise = rng.standard_normal((steps + 500, channels))
    return lfilter([1], [1, -memory], noise, axis=0)[500:]


def switch(rng: np.random.Generator, steps: int, off: tuple[int, int], on: tuple[int, int]) -> np.ndarray:
    """(steps,) 0 and 1 in turn, each for a random time."""
    state, position, is_on = np.zeros(steps), 0, False
    while position < steps:
        length = int(rng.integers(*(on if is_on else off)))
        state[position : position + length] = is_on
        position, is_on = position + length, not is_on
    return state


def heart_beats(rng: np.random.Generator, steps: int) -> np.ndarray:
    values, position = np.zeros(steps), 0
    while position < steps:
        length = int(rng.normal(80, 4))
        phase = np.arange(length) / length
        beat = 1.5 * np.exp(-(((phase - 0.3) / 0.02) ** 2)) - 0.3 * np.exp(-(((phase - 0.36) / 0.02) ** 2))
        beat += 0.3 * np.exp(-(((phase - 0.6) / 0.05) ** 2))
        values[position : position + length] = beat[: max(0, min(length, steps - position))]
        position += length
    return values + 0.03 * rng.standard_normal(steps) + 0.1 * np.sin(2 * np.pi * np.arange(steps) / 900)


def season(rng: np.random.Generator, steps: int, *parts: tuple[float, float]) -> np.ndarray:
    """A sum of sines: (height, share of the longest period)."""
    period, time_ = rng.uniform(20, 200), np.arange(steps)
    return sum((height * np.sin(2 * np.pi * time_ * times / period) for height, times in parts), np.zeros(steps))


def machine(rng: np.random.Generator, steps: int) -> np.ndarray:
    """Power and vibration of a machine that switches on and off."""
    on = switch(rng, steps, (40, 200), (20, 100))
    power = 0.2 + 3 * on + 0.05 * rng.standard_normal(steps) * (1 + on)
    return np.stack([power, 0.1 + 1.5 * on + 0.02 * rng.standard_normal(steps) * (1 + 3 * on)], 1)


def modes(rng: np.random.Generator, steps: int) -> np.ndarray:
    level, position = np.zeros(steps), 0
    while position < steps:
        length = int(rng.integers(80, 400))
        level[position : position + length] = rng.choice([0.0, 2.0, 5.0])
        position += length
    return level + 0.2 * autoregressive(rng, steps, 0.7)[:, 0]


def together(rng: np.random.Generator, steps: int, factors: int, channels: int) -> np.ndarray:
    common = autoregressive(rng, steps, 0.9, factors) @ rng.standard_normal((factors, channels))
    return common + 0.5 * autoregressive(rng, steps, 0.5, channels)


def counts(rng: np.random.Generator, steps: int) -> np.ndarray:
    hour = np.arange(steps)
    mean = 20 + 12 * np.sin(2 * np.pi * hour / 24) + 6 * np.cos(2 * np.pi * hour / 168)
    return rng.poisson(np.maximum(mean, 0.5)).astype(float)


FAMILIES: dict[str, Family] = {
    "noise": lambda rng, steps: rng.standard_normal(steps),
    "heavy tails": lambda rng, steps: rng.standard_t(4, steps),
    "skewed": lambda rng, steps: rng.exponential(size=steps),
    "volatile": lambda rng, steps: np.exp(0.1 * autoregressive(rng, steps, 0.99)[:, 0]) * rng.standard_normal(steps),
    "autoregressive": lambda rng, steps: autoregressive(rng, steps, rng.uniform(0.5, 0.98)),
    "season": lambda rng, steps: season(rng, steps, (1, 1)) + rng.uniform(0.02, 0.4) * rng.standard_normal(steps),
    "two seasons": lambda rng, steps: season(rng, steps, (1, 1), (0.6, 0.137)) + 0.1 * rng.standard_normal(steps),
    "counts by hour and day": counts,
    "random walk": lambda rng, steps: np.cumsum(rng.standard_normal(steps)),
    "trend": lambda rng, steps: 5 * rng.uniform(0.5, 2) * np.arange(steps) / 1_000 + rng.standard_normal(steps),
    "season and trend": lambda rng, steps: (
        season(rng, steps, (1, 1)) + 4 * np.arange(steps) / steps + 0.1 * rng.standard_normal(steps)
    ),
    "switch": lambda rng, steps: (
        rng.uniform(1, 5) * switch(rng, steps, (20, 120), (10, 80)) + 0.1 * rng.standard_normal(steps)
    ),
    "machine": machine,
    "modes": modes,
    "heart beats": heart_beats,
    "eight channels": lambda rng, steps: together(rng, steps, 3, 8),
    "thirty channels": lambda rng, steps: together(rng, steps, 4, 30),
}


def measure(name: str, seed: int, steps: int | None = None) -> dict[str, object]:
    """One series of a family."""
    rng = np.random.default_rng([seed, *name.encode()])
    drawn = int(np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST))))
    values = FAMILIES[name](rng, steps or drawn)
    table = pd.DataFrame(values.reshape(len(values), -1)).add_prefix("channel ")
    dataset = anomaly.read(table.round(5).to_csv(index=False).encode(), name=f"{name} {seed}.csv")
    began = time.perf_counter()
    detection = anomaly.detect(anomaly.fit(dataset), dataset)
    seconds = time.perf_counter() - began
    scores = detection.scores[0]
    highest, width = float(np.nanmax(scores.values)), detection.settings.smoothing
    assert isinstance(width, int), "what was smoothed over is a number by now"
    return {
        "family": name,
        "seed": seed,
        "steps": len(values),
        "width": width,
        "events": len(detection.events),
        "highest": highest,
        "false_alarms_expected": find_rate(highest, detection.scored_steps, width),
        **{f"highest_{part}": float(np.nanmax(part_scores)) for part, part_scores in scores.parts.items()},
        "seconds": seconds,
    }


def report(table: pd.DataFrame) -> None:
    short = table[table["steps"] <= LONGEST]
    by_family = short.groupby("family", sort=False)
    silent = pd.DataFrame(
        {f"silent at {rate:g}": by_family["false_alarms_expected"].apply(lambda x, rate=rate: (x > rate).mean())
         for rate in RATES}
    )  # fmt: skip
    print(pd.concat([silent, by_family["highest"].agg(["mean", "max"])], axis=1).round(2).to_string())
    print(f"\nover all families: {silent.mean().round(3).to_dict()}")
    parts = [name for name in table if name.startswith("highest")]
    print(f"nine of ten reach at most\n{by_family[parts].quantile(0.9).quantile(0.9).round(2).to_string()}")
    print(table[table["steps"] > LONGEST][["family", "steps", "events", "highest", "seconds"]].round(2).to_string())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="series of each family (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="series at once (default: all cores)")
    parser.add_argument("--long", action="store_true", help=f"series of {LONG_STEPS:,} steps too")
    chosen = parser.parse_args()
    wanted = [(name, seed, None) for seed in range(chosen.seeds) for name in FAMILIES]
    rows = Parallel(chosen.jobs)(delayed(measure)(*one) for one in wanted)
    if chosen.long:
        rows += [measure(name, 0, LONG_STEPS) for name in LONG]
    table = pd.DataFrame(rows)
    report(table)
    keep_table(table, "silence")


if __name__ == "__main__":
    main()
