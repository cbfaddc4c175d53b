"""How good it is: python -m benchmarks.detection --data DIR [--jobs N] [--span leading|whole] [--sets A,B]
    [--fit cell=gru ...]

One configuration, the defaults, for every labelled file that DIR/manifest.csv lists under uni/ and multi/. Learns from
the leading `train_rows` steps the manifest names, or from the whole file; labels are for the measure alone. Prints mean
VUS-PR by source and over all, beside the published figures of others in DIR/published_*.csv, and writes a row per file
to benchmarks/results/detection_SPAN.csv, unless other settings are tried with --fit.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

import anomaly
from anomaly.detecting.agreement import evaluate_events, evaluate_points
from anomaly.detecting.events import find_flags
from anomaly.domain.spans import find_runs, merge_runs
from anomaly.evaluating.metrics import affiliation, auc_pr, vus_pr
from benchmarks.measuring import keep_table

SETS = ("uni", "multi")
DEFAULT_BUFFER = 100
"""steps, for files that nothing was published of"""
FIGURES = ["vus_pr", "auc_pr", "event_f1", "best_event_f1", "point_f1", "affiliation_f1"]
TRIED = np.concatenate([np.linspace(0.5, 0.99, 50), 1 - np.geomspace(1e-2, 1e-5, 50)])
"""quantiles of a file's own scores tried for the best threshold possible"""


def measure(data: Path, row: dict[str, object], span: str, others: dict[str, str]) -> dict[str, object]:
    """Fit, detect and compare one file."""
    dataset = anomaly.read(data / str(row["file"]))
    settings = anomaly.FitSettings(train_rows=row["train_rows"] if span == "leading" else None, **others)
    began = time.perf_counter()
    fitted = anomaly.fit(dataset, settings)
    fit_seconds = time.perf_counter() - began
    began = time.perf_counter()
    detection = anomaly.detect(fitted, dataset)
    detect_seconds = time.perf_counter() - began
    series, scores = dataset.series[0], detection.scores[0].values
    labels, gap = series.labels, detection.settings.merge_gap
    spans = np.array(sorted((event.span.start, event.span.stop) for event in detection.events), np.int64).reshape(-1, 2)
    points = evaluate_points(labels, detection.flags(0))
    near = affiliation(labels, *spans.T)
    tried = np.nanquantile(scores, TRIED)
    buffer = DEFAULT_BUFFER if np.isnan(row["vus_buffer"]) else int(row["vus_buffer"])
    return {
        "set": str(row["file"]).split("/")[0],
        "source": row["source"],
        "file": Path(str(row["file"])).name,
        "vus_pr": vus_pr(labels[series.row_steps], scores[series.row_steps], buffer),
        "auc_pr": auc_pr(labels, scores),
        "event_f1": evaluate_events(labels, *spans.T).f1,
        "best_event_f1": max(event_f1(labels, scores, value, gap) for value in tried),
        "point_f1": points.f1,
        "affiliation_f1": near.f1,
        "fit_seconds": fit_seconds,
        "detect_seconds": detect_seconds,
    }


def event_f1(labels: np.ndarray, scores: np.ndarray, threshold: float, merge_gap: int) -> float:
    return evaluate_events(labels, *merge_runs(*find_runs(find_flags(scores, threshold)), merge_gap, 1)).f1


def peers(data: Path, name: str) -> pd.Series:
    """Mean published VUS-PR of each peer over the set's files, the best first."""
    return pd.read_csv(data / f"published_{name}.csv").drop(columns="file").mean().sort_values(ascending=False)


def report(table: pd.DataFrame, data: Path) -> None:
    for name in table["set"].unique():
        part = table[table["set"] == name]
        by_source = part.groupby("source")[FIGURES].mean()
        print(f"\n{name}: {len(part)} files\n{by_source.round(3).to_string()}")
        print(f"files with equal weight    {part['vus_pr'].mean():.3f}")
        print(f"sources with equal weight  {by_source['vus_pr'].mean():.3f}")
        print(f"event F1, of the best      {part['event_f1'].mean() / part['best_event_f1'].mean():.2f}")
        print(f"median seconds a file      {(part['fit_seconds'] + part['detect_seconds']).median():.2f}")
        if (data / f"published_{name}.csv").exists():
            best = ", ".join(f"{peer} {value:.3f}" for peer, value in peers(data, name).head(4).items())
            print(f"published (by files)       {best}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv, uni/ and multi/")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="files at once (default: all cores)")
    parser.add_argument("--span", choices=("leading", "whole"), default="leading", help="what is learnt from")
    parser.add_argument("--sets", default=",".join(SETS), help="folders of DIR (default: %(default)s)")
    parser.add_argument("--fit", nargs="*", default=[], metavar="NAME=VALUE", help="settings other than the defaults")
    chosen = parser.parse_args()
    others = dict(one.split("=", 1) for one in chosen.fit)
    manifest = pd.read_csv(chosen.data / "manifest.csv")
    manifest = manifest[manifest["file"].str.split("/").str[0].isin(chosen.sets.split(","))]
    rows = Parallel(chosen.jobs)(
        delayed(measure)(chosen.data, row, chosen.span, others) for row in manifest.to_dict(orient="records")
    )
    table = pd.DataFrame(rows)
    report(table, chosen.data)
    if chosen.sets != ",".join(SETS) or others:
        return
    keep_table(table, f"detection_{chosen.span}")


if __name__ == "__main__":
    main()
