"""What each cell remembers, and what following its gradient costs: python -m benchmarks.memory [--only NAME]

A cue decides the value 150 steps later, and nothing between tells of it. Counted is the share of the returns, after the
train span, whose sign was foreseen: about 0.5 is a guess. About five minutes on 2 cores.
"""

import time
from functools import partial

import numpy as np

from benchmarks.measuring import Measurement, run

STEPS, DELAY, TRAIN = 16_000, 150, 0.75
LAGS = 200
LEARN = {"epochs": 400, "patience": 400, "learning_rate": 0.01, "bptt_steps": 192, "device": "cpu"}
CELLS: dict[str, dict[str, object]] = {
    "lstm": {"cell": "lstm", "forget_bias": "chrono"},
    "gru": {"cell": "gru", "forget_bias": "chrono"},
    "lstm, gates at 0": {"cell": "lstm"},
    "lstm, cut at 64": {"cell": "lstm", "forget_bias": "chrono", "bptt_steps": 64},
    "rnn": {"cell": "rnn"},
    "relu": {"cell": "relu"},
    "feedforward": {"cell": "feedforward"},
}


def foresee(settings: dict[str, object]) -> tuple[float, int, float]:
    """Share of signs foreseen after the train span, effective memory in steps, seconds to fit."""
    import anomaly
    from anomaly.pipeline import forecast
    from anomaly.reading.synthetic import make_cues

    table = make_cues(STEPS, DELAY)
    dataset = anomaly.read(
        table.to_csv(index=False).encode(), anomaly.ReadSettings(channels=("value",), context=("due",))
    )
    began = time.perf_counter()
    fitted = anomaly.fit(dataset, anomaly.FitSettings(**{"train_fraction": TRAIN, **LEARN, **settings}))
    seconds = time.perf_counter() - began
    predicted = forecast(fitted, dataset)[0].predicted[:, 0]
    returns = np.flatnonzero(table["due"])
    returns = returns[returns >= TRAIN * STEPS]
    right = np.sign(predicted[returns]) == np.sign(table["value"].to_numpy()[returns])
    return float(right.mean()), fitted.reach.memory, seconds


def measure_cell(name: str) -> dict[str, float]:
    share, memory, seconds = foresee(CELLS[name])
    return {
        f"{name}: returns foreseen (share)": share,
        f"{name}: effective memory (steps)": memory,
        f"{name}: fit (s)": seconds,
    }


def follow_all() -> dict[str, float]:
    """The chart of five cells, before and after training: 10 curves of LAGS steps, on the pump demonstration."""
    import torch

    import anomaly
    from anomaly.forecasting.fitting import cut_train_spans
    from anomaly.forecasting.model.gradients import draw_network, follow_gradient
    from anomaly.reading.synthetic import demo_csv

    torch.set_num_threads(1)
    dataset = anomaly.read(demo_csv("pump"), name="pump")
    settings = anomaly.FitSettings()
    inputs, targets = cut_train_spans(dataset, settings).sample
    began = time.perf_counter()
    for cell in ("lstm", "gru", "rnn", "relu", "feedforward"):
        for seed in (0, 1):
            one = settings.model_copy(update={"cell": cell, "seed": seed})
            network = draw_network(one, inputs.shape[1], targets.shape[1])
            follow_gradient(network, inputs, targets, 1, LAGS, LAGS)
    return {"gradient chart, 5 cells (s)": time.perf_counter() - began}


def compare_pump() -> dict[str, float]:
    """What the Compare page does with five cells, in one process."""
    import anomaly
    from anomaly.evaluating.comparison import CELLS as KINDS
    from anomaly.evaluating.comparison import contend
    from anomaly.reading.synthetic import demo_csv

    dataset = anomaly.read(demo_csv("pump"), name="pump")
    settings = anomaly.FitSettings(train_fraction=0.45)
    began = time.perf_counter()
    for kind in KINDS:
        contend(dataset, settings, kind=kind, name=kind, detect_settings=anomaly.DetectSettings())
    return {"comparison of the pump, 5 cells (s)": time.perf_counter() - began}


MEASUREMENTS: dict[str, Measurement] = {
    "gradients": follow_all,
    "compare": compare_pump,
    **{name: partial(measure_cell, name) for name in CELLS},
}
GOALS = {
    "gradient chart, 5 cells (s)": 5.0,
    "comparison of the pump, 5 cells (s)": 60.0,
    "lstm: returns foreseen (share)": 0.95,
    "gru: returns foreseen (share)": 0.95,
}


if __name__ == "__main__":
    run("memory", MEASUREMENTS, GOALS)
