"""Many people, many runs, and crashes: python -m benchmarks.service [--only NAME]   (about fifteen minutes on 2 cores)

"kills" ends a process that saves runs at random moments, 200 times, and then opens every run there is; "all-kills" ends
one that begins fits, saves runs, or replaces a model or results, 200 times, and looks after each for all that it had
said to be kept; "fit-kills" ends one that learns and saves, 50 times, each time gone on with by the next, and compares
the weights. "list" fills a
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

KILLS, FIT_KILLS, RUNS, SESSIONS, FITS = 200, 50, 10_000, 20, 2
FITTER = """
import sys
from pathlib import Path
from anomaly import DetectSettings, FitSettings
from anomaly.runs.jobs.worker import CHECKPOINT
from anomaly.runs import RunStore
from anomaly.forecasting import fit
from tests.support.strategies import make_dataset, sine_values
folder = Path(sys.argv[1])
store = RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)
store.sweep()
settings = FitSettings(epochs=400, patience=400, device="cpu")
print("ready", flush=True)
while True:
    broken = store.workshop.broken_off()
    if broken:
        dataset, settings = store.workshop.take_up(broken[0])
        place = broken[0].folder
    else:
        dataset = make_dataset(sine_values(3000))
        place = store.workshop.begin(dataset, settings)
    print("begun", place.name, flush=True)
    fitted = fit(dataset, settings, on_epoch=lambda epoch: print("learnt", place.name, flush=True),
                      checkpoint=place / CHECKPOINT)
    store.save(dataset, fitted, DetectSettings(), None, run=place.name)
    print("kept", place.name, flush=True)
    store.workshop.remove(place.name)
    if sys.argv[2] == "last" and not store.workshop.broken_off():
        break
"""


def fit_something(folder: Path) -> Path:
    """A small fitted model, saved."""
    import anomaly
    from tests.support.strategies import QUICK, make_dataset, sine_values

    anomaly.save(anomaly.fit(make_dataset(sine_values(900)), QUICK), folder)
    return folder


def kills() -> dict[str, float]:
    from anomaly.domain.exceptions import AnomalyError
    from anomaly.runs.store import RunStore
    from tests.support.kept_runs import SAVER

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


def all_kills() -> dict[str, float]:
    """In turn while fits are begun and learn, runs saved, a model replaced, and results: after each kill what had been
    said to be kept is looked for, and read."""
    from tests.support import kept_runs

    rng, said, lost = random.Random(0), 0, 0
    fits: set[str] = set()
    runs: set[str] = set()
    last = {"model": 0, "results": 0}
    replaced = {
        "model": (kept_runs.MODELS, kept_runs.kept_model),
        "results": (kept_runs.RESULTS, kept_runs.kept_results),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, model = folder / "data", fit_something(folder / "first")
        for number in range(KILLS):
            kind, after = ("fits", "runs", "model", "results")[number % 4], rng.uniform(0.0, 1.5)
            if kind == "fits":
                new = set(kept_runs.run_and_kill(kept_runs.BEGINNER, after=after, data=data))
                fits |= new
                lost += len(kept_runs.lost_fits(data, new))
            elif kind == "runs":
                new = set(kept_runs.run_and_kill(kept_runs.SAVER, data, model, after=after))
                runs |= new
                lost += len(kept_runs.lost_runs(data, new))
            else:
                script, read = replaced[kind]
                new = set(kept_runs.run_and_kill(script, model, folder / kind, last[kind] + 1, after=after))
                last[kind] = max([last[kind], *map(int, new)])
                # The next may have been whole too; it is the one before that is gone then.
                found = read(folder / kind) if last[kind] else 0
                lost += found not in (last[kind], last[kind] + 1)
                last[kind] = found
            said += len(new)
        lost += len(kept_runs.lost_fits(data, fits)) + len(kept_runs.lost_runs(data, runs))
    return {
        "kills while anything is kept": KILLS,
        "said to be kept (fits, runs, models, results)": said,
        "of what was said to be kept, lost": lost,
    }


def fit_kills() -> dict[str, float]:
    """Every fit that had learnt anything is kept in the end, with the weights of one that nobody killed."""
    import numpy as np

    import anomaly
    from anomaly.runs.store import RunStore
    from tests.support.strategies import make_dataset, sine_values

    rng, said = random.Random(0), {"learnt": set(), "kept": set()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def start(which: str) -> "subprocess.Popen[str]":
            command = [sys.executable, "-c", FITTER, name, which]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            process.stdout.readline()
            return process

        for number in range(FIT_KILLS + 1):
            process = start("last" if number == FIT_KILLS else "more")
            if number < FIT_KILLS:
                time.sleep(rng.uniform(0.0, 5.0))
                process.send_signal(signal.SIGKILL)
            for line in process.communicate()[0].splitlines():
                what, run = line.split()
                said.get(what, set()).add(run)
        store = RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)
        settings = anomaly.FitSettings(epochs=400, patience=400, device="cpu")
        whole = anomaly.fit(make_dataset(sine_values(3000)), settings).forecaster.network.state_dict()
        there = {row.id for row in store.list(most=1_000_000)}
        other = 0
        for run in there:
            weights = store.open(run)[1].forecaster.network.state_dict()
            other += any(not np.array_equal(weights[name], value) for name, value in whole.items())
    return {
        "kills while it learns": FIT_KILLS,
        "fits that had begun to learn": len(said["learnt"]),
        "of them not kept in the end": len((said["learnt"] | said["kept"]) - there),
        "kept with other weights than unbroken": other,
    }


def listing() -> dict[str, float]:
    import anomaly
    from anomaly.domain.settings.detecting import DetectSettings
    from anomaly.runs.store import RunStore
    from benchmarks.visitor import open_often
    from tests.support.browser import Server
    from tests.support.strategies import make_dataset, sine_values

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
        with Server(folder) as server:
            # The first one imports what the others find.
            _, *took = asyncio.run(open_often(server.address, "runs", 8))
        times[f"{RUNS:,} runs: the page Runs (ms)"] = 1000 * statistics.median(took)
        return {"save a run (ms)": 1000 * saved / RUNS, **times}


def sessions() -> dict[str, float]:
    from benchmarks.visitor import visit
    from tests.support.browser import Server, open_page, settle

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


MEASUREMENTS: dict[str, Measurement] = {
    "list": listing,
    "sessions": sessions,
    "kills": kills,
    "all-kills": all_kills,
    "fit-kills": fit_kills,
}
GOALS = {
    "of them lost": 0.0,
    "of what was said to be kept, lost": 0.0,
    "runs that cannot be opened": 0.0,
    "of them not kept in the end": 0.0,
    "kept with other weights than unbroken": 0.0,
    "10,000 runs: the page Runs (ms)": 500.0,
    "20 sessions beside 2 fits: median rerun (ms)": 300.0,
}


if __name__ == "__main__":
    run("service", MEASUREMENTS, GOALS)
