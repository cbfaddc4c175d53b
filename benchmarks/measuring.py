"""Measurements each in a process of its own, printed beside their goals and kept with date and machine."""

import argparse
import csv
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

RESULTS = Path(__file__).parent / "results"
Measurement = Callable[[], dict[str, float]]


def keep_table(table: "pd.DataFrame", name: str) -> None:
    """As results/NAME.csv, with date and machine."""
    made = {"date": datetime.date.today().isoformat(), "machine": f"{platform.machine()}, {os.cpu_count()} cores"}
    table.assign(**made).round(4).to_csv(RESULTS / f"{name}.csv", index=False, lineterminator="\n")


def run(
    name: str,
    measurements: Mapping[str, Measurement],
    goals: Mapping[str, float],
    compare: Callable[[dict[str, float]], dict[str, float]] = lambda _: {},
) -> None:
    """The command line of `benchmarks.NAME`. `compare` adds figures made of others."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--only", choices=measurements)
    parser.add_argument("--keep", action="store_true", help="with --only: put its figures among the kept ones")
    parser.add_argument("--inside", choices=measurements, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.inside:
        print(json.dumps(measurements[chosen.inside]()))
        return
    figures: dict[str, float] = {}
    for one in [chosen.only] if chosen.only else measurements:
        command = [sys.executable, "-m", f"benchmarks.{name}", "--inside", one]
        figures |= json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    figures |= compare(figures)
    for figure, value in figures.items():
        print(f"{figure:42}{value:10.3f}{f'   (goal: {goals[figure]:g})' if figure in goals else ''}")
    if not chosen.only or chosen.keep:
        _write(RESULTS / f"{name}.csv", figures, goals, chosen.keep)


def _write(path: Path, figures: Mapping[str, float], goals: Mapping[str, float], among: bool) -> None:
    """Where they stand `among` others, those keep their place and date."""
    kept: dict[str, list[str]] = {}
    if among and path.exists():
        with path.open(newline="") as file:
            kept = {row[0]: row for row in list(csv.reader(file))[1:]}
    today = datetime.date.today().isoformat()
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["figure", "value", "goal", "date", "machine"])
        new = {
            name: [name, f"{value:.4g}", str(goals.get(name, "")), today, machine] for name, value in figures.items()
        }
        writer.writerows((kept | new).values())
