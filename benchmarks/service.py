"""Many people, many runs, and crashes: python -m benchmarks.service [--only NAME]   (about fifteen minutes on 2 cores)

"kills" ends a process that saves runs at random moments, 200 times, and then opens every run there is. "list" fills a
store with 10,000 runs. "sessions" lets 20 sessions look at a result while two fits run, and times what a press of a
button takes until all that it changes has come (`visitor.py`; chromium and playwright begin it).
"""

import asyncio
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.measuring import Measurement, run

KILLS, RUNS, SESSIONS, FITS = 200, 10_000, 20, 2


def fit_something(folder: Path) -> Path:
    """A small fitted model, saved."""
    import anomaly
    from tests.strategies import QUICK, make_dataset, sine_values

    anomaly.save(anomaly.fit(make_dataset(sine_values(900)), QUICK), folder)
    return folder


def kills() -> dict[str, float]:
    from anomaly.exceptions import AnomalyError
    from anomaly.runs import RunStore
    from tests.test_runs import SAVER

    rng, said, lost, corrupt = random.Random(0), set(), set(), set()
    with tempfile.TemporaryDirectory() as name:
        folder, model = Path(name) / "data", fit_something(Path(name) / "model")
        for _ in range(KILLS):
            saver = subprocess.Popen([sys.executable, "-c", SAVER, folder, model], stdout=subprocess.PIPE, text=True)
            assert saver.stdout is not None
            saver.stdout.readline()
            time.sleep(rng.uniform(0.0, 0.5))
            saver.send_signal(signal.SIGKILL)
            said |= set(saver.stdout.read().split())
            saver.wait()
        store = RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)
        there = {row.id for row in store.list(most=1_000_000)}
        lost = said - there
        for one in there:
            try:
                store.open(one)
            except AnomalyError:
                corrupt.add(one)
    return {
        "kills while runs are saved": KILLS,
        "runs that had been saved": len(said),
        "of them lost": len(lost),
        "runs that cannot be opened": len(corrupt),
    }


def listing() -> dict[str, float]:
    import anomaly
    from anomaly.runs import RunStore
    from anomaly.settings import DetectSettings
    from tests.strategies import make_dataset, sine_values

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fitted, dataset = anomaly.load(fit_something(folder / "model")), make_dataset(sine_values(900))
        store = RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)
        began = time.perf_counter()
        for number in range(RUNS):
            store.save(dataset, fitted, DetectSettings(), number, name=f"run {number}")
        saved = time.perf_counter() - began
        times = {}
        for what, search in (("all", ""), ("a search", "run 77")):
            began = time.perf_counter()
            store.count(), store.list(search)
            times[f"{RUNS:,} runs: list, {what} (ms)"] = 1000 * (time.perf_counter() - began)
        return {"save a run (ms)": 1000 * saved / RUNS, **times}


def sessions() -> dict[str, float]:
    from benchmarks.visitor import visit
    from tests.browser import Server, open_page, settle

    os.environ["ANOMALY_WORKERS"] = str(FITS)
    with Server() as server:
        with open_page() as page:
            page.goto(server.address)
            page.get_by_role("button", name="Find its anomalies").nth(0).click()
            page.get_by_text("at this threshold").wait_for()
            settle(page)
            query = page.url.partition("?")[2]
            alone = _elsewhere(lambda: visit(server.address, query, 1, 10.0, 1.0))
            for _ in range(FITS):
                # Its page is closed; the fit goes on.
                page.goto(server.address)
                page.locator("input[type=file]").set_input_files(
                    {"name": "long.csv", "mimeType": "text/csv", "buffer": long_csv()}
                )
                page.get_by_role("button", name="Find anomalies").first.click()
                page.get_by_text(re.compile(r"Epoch \d+ of at most")).wait_for()
        took = asyncio.run(visit(server.address, query, SESSIONS, 40.0, 3.0))
    slow = sorted(took)[int(0.95 * len(took))]
    return {
        "one session: median rerun (ms)": 1000 * statistics.median(alone),
        f"{SESSIONS} sessions beside {FITS} fits: median rerun (ms)": 1000 * statistics.median(took),
        f"{SESSIONS} sessions beside {FITS} fits: 95 % of reruns within (ms)": 1000 * slow,
        f"{SESSIONS} sessions beside {FITS} fits: reruns": len(took),
    }


def _elsewhere(visits: Callable[[], Coroutine[Any, Any, list[float]]]) -> list[float]:
    """Playwright has a loop of its own in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(visits())).result()


def long_csv() -> bytes:
    return b"value\n" + b"".join(b"%d\n" % (step * step % 97) for step in range(300_000))


MEASUREMENTS: dict[str, Measurement] = {"list": listing, "sessions": sessions, "kills": kills}
GOALS = {
    "of them lost": 0.0,
    "runs that cannot be opened": 0.0,
    "10,000 runs: list, all (ms)": 500.0,
    "20 sessions beside 2 fits: median rerun (ms)": 300.0,
}


if __name__ == "__main__":
    run("service", MEASUREMENTS, GOALS)
