"""How fast it is: python -m benchmarks.speed [--only NAME]   (about three minutes on 2 cores)

Every measurement runs in a process of its own. Prints a table and writes it, with date and machine, to
benchmarks/results/speed.csv. The yardstick is what most detectors do instead: an LSTM trained on overlapping windows.
"""

import resource
import subprocess
import sys
import time

import numpy as np

from benchmarks.measuring import Measurement, run

EPOCHS, SMALL, SMALL_TRAIN, LARGE = 60, 7_500, 3_000, 1_000_000
YARDSTICK_WINDOW, YARDSTICK_BATCH = 150, 128


def make_series(steps: int) -> bytes:
    """A CSV of one noisy periodic channel."""
    rng = np.random.default_rng(0)
    values = np.sin(2 * np.pi * np.arange(steps) / 50) + 0.1 * rng.standard_normal(steps)
    return ("value\n" + "\n".join(f"{value:.5f}" for value in values) + "\n").encode()


def small() -> dict[str, float]:
    """Fit and detect on a small series, all epochs run; imports are not counted."""
    import torch._dynamo  # noqa: F401 - torch's optimisers import it at their first use

    import anomaly
    import anomaly.forecasting.model.training
    import anomaly.pipeline

    dataset = anomaly.read(make_series(SMALL), name="small")
    settings = anomaly.FitSettings(train_rows=SMALL_TRAIN, epochs=EPOCHS, patience=EPOCHS)
    began = time.perf_counter()
    fitted = anomaly.fit(dataset, settings)
    fit_seconds = time.perf_counter() - began
    began = time.perf_counter()
    anomaly.detect(fitted, dataset)
    return {"small: fit (s)": fit_seconds, "small: detect (s)": time.perf_counter() - began}


def yardstick() -> dict[str, float]:
    """The same network, epochs and rows, on every overlapping window of YARDSTICK_WINDOW steps; imports not counted."""
    import torch._dynamo
    from torch import nn

    values = torch.tensor(np.loadtxt(make_series(SMALL).decode().splitlines()[1:]), dtype=torch.float32)[:, None]
    windows = values.unfold(0, YARDSTICK_WINDOW + 1, 1).transpose(1, 2)
    train = windows[: SMALL_TRAIN - YARDSTICK_WINDOW]
    recurrent, head = nn.LSTM(1, 64, batch_first=True), nn.Linear(64, 1)
    optimizer = torch.optim.AdamW([*recurrent.parameters(), *head.parameters()], lr=5e-3)

    def predict(part: torch.Tensor) -> torch.Tensor:
        return head(recurrent(part[:, :-1])[0][:, -1])

    began = time.perf_counter()
    for _ in range(EPOCHS):
        for batch in train[torch.randperm(len(train))].split(YARDSTICK_BATCH):
            optimizer.zero_grad()
            nn.functional.mse_loss(predict(batch), batch[:, -1]).backward()
            optimizer.step()
    fit_seconds = time.perf_counter() - began
    began = time.perf_counter()
    with torch.no_grad():
        for batch in windows.split(1024):
            predict(batch)
    return {"yardstick: fit (s)": fit_seconds, "yardstick: forecast (s)": time.perf_counter() - began}


def large() -> dict[str, float]:
    """A million rows: an epoch, forecast and score, a moved threshold, peak memory."""
    import anomaly
    from anomaly import pipeline

    began = time.perf_counter()
    dataset = anomaly.read(make_series(LARGE), name="large")
    read_seconds = time.perf_counter() - began
    fitted = anomaly.fit(dataset, anomaly.FitSettings(epochs=2, patience=2))
    settings = anomaly.DetectSettings()
    began = time.perf_counter()
    scored = pipeline.score(fitted, pipeline.forecast(fitted, dataset), dataset, settings)
    score_seconds = time.perf_counter() - began
    moves = []
    for quantile in (0.99, 0.993, 0.996, 0.999, 0.9995):
        began = time.perf_counter()
        pipeline.flag(scored, settings.model_copy(update={"threshold_rule": "quantile", "threshold": quantile}))
        moves.append(time.perf_counter() - began)
    return {
        "large: make and read (s)": read_seconds,
        "large: one epoch (s)": fitted.epochs[-1].seconds / len(fitted.epochs),
        "large: forecast and score (s)": score_seconds,
        "large: threshold move (ms)": 1000 * float(np.median(moves)),
        "large: peak memory (GB)": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }


def start() -> dict[str, float]:
    """From nothing to the help text, and to the first page in a browser (where chromium and playwright are there)."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "anomaly", "--help"], check=True, capture_output=True)
    figures = {"start: --help (s)": time.perf_counter() - began}
    try:
        from tests.support.browser import Server, open_page
    except ImportError:
        return figures
    with open_page() as page:
        began = time.perf_counter()
        with Server() as server:
            page.goto(server.address)
            page.get_by_text("Or see it at work").wait_for()
            figures["start: first page (s)"] = time.perf_counter() - began
    return figures


MEASUREMENTS: dict[str, Measurement] = {
    "start": start,
    "small": small,
    "yardstick": yardstick,
    "large": large,
}
GOALS = {
    "small: fit (s)": 3.0,
    "small: detect (s)": 0.2,
    "large: one epoch (s)": 6.0,
    "large: forecast and score (s)": 3.0,
    "large: threshold move (ms)": 50.0,
    "large: peak memory (GB)": 1.5,
    "start: --help (s)": 1.0,
    "start: first page (s)": 3.0,
}


def compare(figures: dict[str, float]) -> dict[str, float]:
    if not {"small: fit (s)", "yardstick: fit (s)"} <= figures.keys():
        return {}
    return {"small: times as fast as the yardstick": figures["yardstick: fit (s)"] / figures["small: fit (s)"]}


if __name__ == "__main__":
    run("speed", MEASUREMENTS, GOALS, compare)
