"""Many people, many runs, and crashes: python -m benchmarks.service [--only NAME]   (about fifteen minutes on 2 cores)

"kills" ends a process that saves runs at random moments, 200 times, and then opens every run there is. "list" fills a
store with 10,000 runs. "sessions" lets 20 browser pages look at a result while two fits run, and times what a press of
a button takes until the page is drawn (needs chromium and playwright).
"""

import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import Measurement, run

KILLS, RUNS, SESSIONS, PRESSES = 200, 10_000, 20, 3


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
    from tests.browser import Server, open_page, settle

    took: list[float] = []
    with Server() as server, open_page() as first:
        first.goto(server.address)
        first.get_by_role("button", name="Find its anomalies").nth(0).click()
        first.get_by_text("at this threshold").wait_for()
        settle(first)
        pages = [first.context.browser.new_page() for _ in range(SESSIONS)]  # type: ignore[union-attr]
        for page in pages:
            page.goto(first.url)
            page.get_by_text("at this threshold").wait_for()
            settle(page)
        fits = [first.context.browser.new_page() for _ in range(2)]  # type: ignore[union-attr]
        for page in fits:
            page.goto(server.address)
            page.locator("input[type=file]").set_input_files(
                {"name": "long.csv", "mimeType": "text/csv", "buffer": long_csv()}
            )
            page.get_by_role("button", name="Find anomalies").first.click()
            page.get_by_text("Learning what usually comes next").wait_for()
        for _ in range(PRESSES):
            for page in pages:
                button = page.get_by_role("button", name="Next")
                if button.is_disabled():
                    button = page.get_by_role("button", name="Previous")
                page.evaluate(
                    "window.states = []; new MutationObserver(() => window.states.push(performance.now()))"
                    ".observe(document.querySelector('[data-testid=stApp]'), {attributes: true,"
                    " attributeFilter: ['data-test-script-state']})"
                )
                began = page.evaluate("performance.now()")
                button.click()
                page.wait_for_function("() => window.states.length >= 2")
                settle(page)
                took.append(page.evaluate("window.states.at(-1)") - began)
    return {
        f"{SESSIONS} sessions beside 2 fits: median rerun (ms)": statistics.median(took),
        f"{SESSIONS} sessions beside 2 fits: slowest rerun (ms)": max(took),
        f"{SESSIONS} sessions beside 2 fits: reruns lost": SESSIONS * PRESSES - len(took),
    }


def long_csv() -> bytes:
    return b"value\n" + b"".join(b"%d\n" % (step * step % 97) for step in range(300_000))


MEASUREMENTS: dict[str, Measurement] = {"list": listing, "sessions": sessions, "kills": kills}
GOALS = {
    "of them lost": 0.0,
    "runs that cannot be opened": 0.0,
    "10,000 runs: list, all (ms)": 500.0,
    "20 sessions beside 2 fits: median rerun (ms)": 300.0,
    "20 sessions beside 2 fits: reruns lost": 0.0,
}


if __name__ == "__main__":
    run("service", MEASUREMENTS, GOALS)
