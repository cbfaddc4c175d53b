"""What a person sees who is told nothing: python -m benchmarks.first_look --data DIR [DIR ...] [--jobs N] [--half 0|1]
    [--discords]

Every labelled file that DIR/manifest.csv lists: no span named, default settings, labels never seen. A row a file goes
to benchmarks/results/first_look.csv; means by group and source are printed. Beside ours, in the same run: a rolling
robust z-score beyond 3.5 (Iglewicz & Hoaglin 1993) and, with --discords, the matrix profile where it lies three
standard deviations above its mean (stumpy, to be installed for this; files of up to MOST_CELLS comparisons).

--half measures one half of the sources (by the sha256 of the name): to choose on one and confirm on the other.
"""

import argparse
import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

import anomaly
from anomaly.domain.records import Dataset
from anomaly.domain.spans import find_runs, overlaps_any
from anomaly.forecasting.preparation import find_dominant_period, last_observed
from benchmarks.measuring import keep_table

FIGURES = ["first_true", "event_f1", "false_events", "iou", "start_error", "end_error", "clean_events", "clean_silent"]
ROBUST_Z = 3.5
ROLLING = 301
"""steps"""
DISCORD_DEVIATIONS = 3.0
MOST_CELLS = 2_000_000_000

Spans = np.ndarray
"""(N, 2) first steps and stops, the most severe first"""


def measure(file: Path, group: str, source: str, discords: bool) -> list[dict[str, object]]:
    """A row for each detector."""
    dataset = anomaly.read(file)
    known = known_spans(dataset)
    began = time.perf_counter()
    fitted = anomaly.fit(dataset)
    detection = anomaly.detect(fitted, dataset)
    ours = time.perf_counter() - began
    firsts = np.cumsum([0, *map(len, dataset.series)])
    found = [
        (firsts[event.record] + event.span.start, firsts[event.record] + event.span.stop) for event in detection.events
    ]
    rows = [("unforeseen", np.array(found, np.int64).reshape(-1, 2), ours)]
    for name, find in (("robust z", find_outliers), ("discords", find_discords)):
        if name == "discords" and not (discords and dataset.steps**2 * len(dataset.monitored) <= MOST_CELLS):
            continue
        began = time.perf_counter()
        rows.append(
            (name, find(np.concatenate([series.values for series in dataset.series])), time.perf_counter() - began)
        )
    return [
        {
            "group": group,
            "source": source,
            "file": file.name,
            "detector": name,
            **judge(known, spans),
            "seconds": seconds,
        }
        for name, spans, seconds in rows
    ]


def known_spans(dataset: Dataset) -> np.ndarray:
    """(N, 2) the known anomalies, of all records one after another; a new record begins a new one."""
    spans, first = [], 0
    for series in dataset.series:
        labels = np.zeros(len(series), bool) if series.labels is None else series.labels
        spans += [(first + start, first + stop) for start, stop in zip(*find_runs(labels), strict=True)]
        first += len(series)
    return np.array(spans, np.int64).reshape(-1, 2)


def judge(known: np.ndarray, found: Spans) -> dict[str, float]:
    """How found events (N, 2) agree with the known anomalies (M, 2); errors of bounds as shares of their length."""
    if not len(known):
        return {"clean_events": len(found), "clean_silent": float(not len(found))}
    is_true = overlaps_any(*found.T, *known.T)
    # Looked up in spans that must be in time order; those found are ranked.
    hits = int(overlaps_any(*known.T, *found[np.argsort(found[:, 0], kind="stable")].T).sum())
    false = int((~is_true).sum())
    best = np.array([_best(start, stop, found) for start, stop in known])
    with np.errstate(invalid="ignore"):
        start_error, end_error = (np.nanmean(one) if np.isfinite(one).any() else np.nan for one in best[:, 1:].T)
    return {
        "first_true": float(len(found) > 0 and is_true[0]),
        "event_f1": 2 * hits / (2 * hits + false + len(known) - hits),
        "false_events": false,
        "iou": float(best[:, 0].mean()),
        "start_error": float(start_error),
        "end_error": float(end_error),
    }


def _best(start: int, stop: int, found: Spans) -> tuple[float, float, float]:
    """Of the event that agrees best with one known anomaly: intersection over union, errors of both bounds."""
    if not len(found):
        return 0.0, np.nan, np.nan
    common = np.maximum(np.minimum(found[:, 1], stop) - np.maximum(found[:, 0], start), 0)
    shares = common / (np.maximum(found[:, 1], stop) - np.minimum(found[:, 0], start))
    at = int(np.argmax(shares))
    if not common[at]:
        return 0.0, np.nan, np.nan
    length = stop - start
    return float(shares[at]), abs(found[at, 0] - start) / length, abs(found[at, 1] - stop) / length


def find_outliers(values: np.ndarray) -> Spans:
    """Runs of (T, C) in which any channel lies beyond ROBUST_Z median absolute deviations of the steps around it."""
    frame = pd.DataFrame(values)
    rolling = frame.rolling(ROLLING, center=True, min_periods=20)
    apart = (frame - rolling.median()).abs()
    spread = 1.4826 * apart.rolling(ROLLING, center=True, min_periods=20).median()
    z = (apart / spread.where(spread > 0)).max(axis=1).fillna(0.0).to_numpy()
    return _runs(z, ROBUST_Z)


def find_discords(values: np.ndarray) -> Spans:
    """Stretches of (T, C), as long as its period, whose nearest neighbour is DISCORD_DEVIATIONS beyond the mean."""
    import stumpy

    complete = last_observed(values)
    width = max(8, find_dominant_period([(complete - complete.mean(0)) / np.maximum(complete.std(0), 1e-12)]))
    moving = np.flatnonzero(complete.std(0) > 0)
    profiles = [stumpy.stump(complete[:, channel].astype(float), width)[:, 0].astype(float) for channel in moving]
    profile = np.mean([np.where(np.isfinite(one), one, 0.0) for one in profiles], 0)
    steps = np.zeros(len(values))
    high = np.flatnonzero(profile > profile.mean() + DISCORD_DEVIATIONS * profile.std())
    for start in high:
        steps[start : start + width] = np.maximum(steps[start : start + width], profile[start])
    return _runs(steps, 0.0)


def _runs(scores: np.ndarray, threshold: float) -> Spans:
    """The runs of scores (T,) above a threshold, those that reach highest first."""
    starts, stops = find_runs(scores > threshold)
    peaks = np.array([scores[start:stop].max() for start, stop in zip(starts, stops, strict=True)])
    return np.stack([starts, stops], 1)[np.argsort(-peaks, kind="stable")]


def report(table: pd.DataFrame) -> None:
    for detector, part in table.groupby("detector", sort=False):
        figures = [name for name in FIGURES if name in part]
        print(f"\n{detector}\n{part.groupby('group', sort=False)[figures].mean().round(2).to_string()}")
        score, silent = part["event_f1"].mean(), part["clean_silent"].mean()
        print(f"balance {(score + silent) / 2:.2f} (event F1 {score:.2f}, clean files silent {silent:.2f})")
        print(f"median seconds {part['seconds'].median():.2f}")
    ours = table[table["detector"] == "unforeseen"]
    by_source = ours.groupby(["group", "source"], sort=False)[[name for name in FIGURES if name in ours]].mean()
    print(f"\nunforeseen, by source\n{by_source.round(2).to_string()}")


def list_files(folders: list[Path], half: int | None) -> list[tuple[Path, str, str]]:
    """(file, group, source) of every manifest, of one half of the sources where that is asked for."""
    files = []
    for folder in folders:
        manifest = pd.read_csv(folder / "manifest.csv")
        groups = manifest.get("group", manifest["file"].str.split("/").str[0])
        for name, group, source in zip(manifest["file"], groups, manifest["source"], strict=True):
            if half is None or int(hashlib.sha256(str(source).encode()).hexdigest(), 16) % 2 == half:
                files.append((folder / name, str(group), str(source)))
    return [one for one in files if one[0].exists()]


def make_parser(doc: str) -> argparse.ArgumentParser:
    """What every measure over such files is told; `doc` of its module."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders with a manifest.csv")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="files at once (default: all cores)")
    parser.add_argument("--half", type=int, choices=(0, 1), help="one half of the sources")
    return parser


def main() -> None:
    parser = make_parser(__doc__ or "")
    parser.add_argument("--discords", action="store_true", help="measure the matrix profile too")
    chosen = parser.parse_args()
    files = list_files(chosen.data, chosen.half)
    rows = Parallel(chosen.jobs)(delayed(measure)(*file, chosen.discords) for file in files)
    table = pd.DataFrame([row for part in rows for row in part])
    report(table)
    if chosen.half is not None:
        return
    keep_table(table, "first_look")


if __name__ == "__main__":
    main()
