"""How fast files become datasets, and in how much memory: python -m benchmarks.reading [--only NAME]

Every measurement runs in a process of its own. Prints a table and writes it, with date and machine, to
benchmarks/results/reading.csv.
"""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measuring import Measurement, run

STEPS, CHANNELS = 1_000_000, 10
UPLOAD_STEPS = 2_100_000
"""about 200 MB"""


def make_frame(steps: int) -> pd.DataFrame:
    """A time stamp a second and CHANNELS noisy channels."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((steps, CHANNELS)).round(4)
    frame = pd.DataFrame(values, columns=[f"channel {number}" for number in range(CHANNELS)])
    frame.insert(0, "time", pd.date_range("2025-03-01", periods=steps, freq="s").strftime("%Y-%m-%d %H:%M:%S"))
    return frame


def write_wide(path: Path) -> None:
    make_frame(STEPS).to_csv(path, index=False)


def write_long(path: Path) -> None:
    """One row per measurement: time, variable, value."""
    frame = make_frame(STEPS)
    names = frame.columns[1:]
    table = {
        "time": np.repeat(frame["time"].to_numpy(), CHANNELS),
        "variable": np.tile(names.to_numpy(), STEPS),
        "value": frame[names].to_numpy().ravel(),
    }
    pd.DataFrame(table).to_csv(path, index=False)


def write_upload(path: Path) -> None:
    make_frame(UPLOAD_STEPS).to_csv(path, index=False)


@contextmanager
def written(write: Callable[[Path], None]) -> Iterator[Path]:
    """The file, written by another process: what that needs should not count here."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.csv"
        process = multiprocessing.get_context("spawn").Process(target=write, args=(path,))
        process.start()
        process.join()
        yield path


def measure(write: Callable[[Path], None], name: str) -> dict[str, float]:
    import anomaly
    import anomaly.pipeline

    with written(write) as path:
        size = path.stat().st_size
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        dataset = anomaly.read(path)
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (dataset.steps, len(dataset.monitored)) == (STEPS, CHANNELS)
    return {
        f"{name}: file (MB)": size / 1e6,
        f"{name}: read (s)": seconds,
        f"{name}: memory (times the file)": peak * 1024 / size,
    }


def wide() -> dict[str, float]:
    """A CSV of a million rows and ten channels."""
    return measure(write_wide, "wide")


def long() -> dict[str, float]:
    """The same in ten million rows."""
    return measure(write_long, "long")


def upload() -> dict[str, float]:
    """What the server holds after a large upload, beside the dataset itself."""
    import anomaly
    from tests.support.browser import Server, open_page, settle

    with written(write_upload) as path, Server() as server, open_page() as page:
        page.goto(server.address)
        page.get_by_text("Or see it at work").wait_for()
        demo = path.with_name("small.csv")
        demo.write_text("time,a\n" + "\n".join(f"{row},{row % 7}" for row in range(100)))
        page.locator("input[type=file]").set_input_files(demo)
        page.get_by_role("button", name="Find anomalies").first.wait_for()
        settle(page)
        page.get_by_role("button", name="Open another file").click()
        page.get_by_text("Or see it at work").wait_for()
        settle(page)
        before = server.memory
        began = time.perf_counter()
        page.locator("input[type=file]").set_input_files(path)
        page.get_by_text(f"{UPLOAD_STEPS:,} steps").first.wait_for()
        seconds = time.perf_counter() - began
        time.sleep(5)
        held = server.memory - before
        dataset = anomaly.read(path)
        arrays = sum(one.values.nbytes + one.times.nbytes + one.row_steps.nbytes for one in dataset.series)
        return {
            "upload: file (MB)": path.stat().st_size / 1e6,
            "upload: to the data page (s)": seconds,
            "upload: dataset (MB)": arrays / 1e6,
            "upload: held by the server (MB)": held / 1e6,
        }


MEASUREMENTS: dict[str, Measurement] = {"wide": wide, "long": long, "upload": upload}
GOALS = {
    "wide: read (s)": 3.0,
    "wide: memory (times the file)": 6.0,
    "long: read (s)": 6.0,
    "upload: held by the server (MB)": 202.0,
}
"""the last is the dataset with the place of each row"""

if __name__ == "__main__":
    run("reading", MEASUREMENTS, GOALS)
