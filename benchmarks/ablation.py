"""What each part of the score and each forecaster is worth: python -m benchmarks.ablation --data DIR [DIR ...]
    [--jobs N] [--half 0|1] [--cells lstm,gru,feedforward]

Every labelled file of up to MOST_STEPS that DIR/manifest.csv lists and that holds an anomaly: no span named, default
settings but for the cell, labels never seen. Of each cell, the score with all its parts, with one of them left out, and
each alone; the error part is also measured without the forecaster of coarser steps. All at one quota, the highest 1 %
of the file's scores, so that no threshold's calibration is measured along. Means by group go to
benchmarks/results/ablation.csv.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

import anomaly
from anomaly import pipeline
from anomaly.detecting.events import find_flags
from anomaly.domain import PartName
from anomaly.domain.spans import find_runs, merge_runs
from anomaly.evaluating.metrics import vus_pr
from benchmarks.detection import DEFAULT_BUFFER
from benchmarks.first_look import judge, known_spans, list_files, make_parser
from benchmarks.measuring import keep_table

FIGURES = ["vus_pr", "first_true", "event_f1"]
PARTS: tuple[PartName, ...] = ("error", "shape", "level", "relation")
QUOTA = 0.01
"""share of a file's steps that is flagged"""
MOST_STEPS = 60_000
"""of a file; longer ones are many of few sources, and would take most of the time"""

Steps = list[dict[PartName, np.ndarray]]
"""per record: the parts (T,) of its score"""


def measure(file: Path, group: str, source: str, cells: list[str]) -> list[dict[str, object]]:
    """A row for each cell and choice of parts; none of a file without an anomaly."""
    dataset = anomaly.read(file)
    known = known_spans(dataset)
    if not len(known) or dataset.steps > MOST_STEPS:
        return []
    labels = np.concatenate([one.labels for one in dataset.series if one.labels is not None])
    rows: list[dict[str, object]] = []
    for cell in cells:
        fitted = anomaly.fit(dataset, anomaly.FitSettings(cell=cell))
        settings = anomaly.DetectSettings()
        forecasts = pipeline.forecast(fitted, dataset)
        scored = pipeline.score(fitted, forecasts, dataset, settings)
        every = [dict(one.parts) for one in scored.scores]
        finer = [one.parts for one in pipeline.score(replace(fitted, coarse=None), forecasts, dataset, settings).scores]
        one_step = [{**parts, "error": other["error"]} for parts, other in zip(every, finer, strict=True)]
        for name, chosen, steps in (
            ("all", PARTS, every),
            ("all, one-step forecaster alone", PARTS, one_step),
            *((f"without {left}", tuple(one for one in PARTS if one != left), every) for left in PARTS),
            *((f"{alone} alone", (alone,), every) for alone in PARTS),
            ("error alone, one-step forecaster alone", ("error",), one_step),
        ):
            scores = [np.sum([parts[one] for one in chosen], axis=0) for parts in steps]
            figures = _judge(scores, labels, known, scored.width)
            rows.append({"group": group, "source": source, "cell": cell, "parts": name, **figures})
    return rows


def _judge(scores: list[np.ndarray], labels: np.ndarray, known: np.ndarray, width: int) -> dict[str, float]:
    every = np.concatenate(scores)
    threshold = np.nanquantile(every, 1 - QUOTA)
    first, found, peaks = 0, [], []
    for one in scores:
        for start, stop in zip(*merge_runs(*find_runs(find_flags(one, threshold)), width, 1), strict=True):
            found.append((first + start, first + stop))
            peaks.append(np.nanmax(one[start:stop]))
        first += len(one)
    spans = np.array(found, np.int64).reshape(-1, 2)[np.argsort(-np.array(peaks), kind="stable")]
    told = judge(known, spans)
    return {
        "vus_pr": vus_pr(labels, every, DEFAULT_BUFFER),
        "first_true": told["first_true"],
        "event_f1": told["event_f1"],
    }


def main() -> None:
    parser = make_parser(__doc__ or "")
    parser.add_argument("--cells", default="lstm,gru,feedforward", help="forecasters (default: %(default)s)")
    chosen = parser.parse_args()
    files = list_files(chosen.data, chosen.half)
    rows = Parallel(chosen.jobs)(delayed(measure)(*file, chosen.cells.split(",")) for file in files)
    table = pd.DataFrame([row for part in rows for row in part])
    means = table.groupby(["cell", "parts", "group"], sort=False)[FIGURES].mean()
    over_all = table.groupby(["cell", "parts"], sort=False)[FIGURES].mean()
    print(over_all.round(3).to_string())
    print(means.round(3).to_string())
    if chosen.half is not None:
        return
    kept = pd.concat([over_all.assign(group="all").reset_index(), means.reset_index()], ignore_index=True)
    keep_table(kept, "ablation")


if __name__ == "__main__":
    main()
