"""Contenders side by side: what to take, in words, and the tables behind it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from anomaly.comparison import Contender
from anomaly.domain import Dataset, Event, Span
from anomaly.rounding import round_figures
from anomaly.times import format_times

AS_GOOD = 0.02
"""a difference in skill that is none"""
QUICKER = 0.8
"""of the time to fit: worth a word"""
MOST_COMPARED = 12
"""events side by side"""
FIGURES = ("VUS-PR", "AUC-PR", "Event precision", "Event recall", "Event F1")


@dataclass(frozen=True)
class Sighting:
    """One stretch that some contender flagged, and how high each scored it."""

    record: int
    span: Span
    heights: dict[str, float]
    """by contender, its peak score over its own threshold; those that did not flag it are missing"""
    is_known: bool | None
    """whether it touches a known anomaly; None without labels"""


def recommend(contenders: Sequence[Contender]) -> Contender | None:
    """The trained contender to take: of those whose forecasts are as good as the best, the quickest to fit."""
    trained = [one for one in contenders if one.is_trained and not math.isnan(one.skill)]
    if not trained:
        return None
    best = max(one.skill for one in trained)
    return min((one for one in trained if one.skill >= best - AS_GOOD), key=lambda one: one.seconds)


def explain_choice(contenders: Sequence[Contender], dataset: Dataset) -> str:
    """What to take and why, in a few sentences."""
    taken = recommend(contenders)
    if taken is None:
        return "Nothing trained can be judged: too few steps are left to forecast."
    parts = [f"Take {taken.name}: {_say_skill(taken)}{_say_rival(taken, contenders)}."]
    if taken.figures:
        parts.append(_say_figures(taken, contenders))
    missed = _find_missed(taken, contenders, dataset)
    if missed:
        parts.append(missed)
    return " ".join(part for part in parts if part)


def _say_skill(taken: Contender) -> str:
    if taken.skill > 0:
        return f"its forecasts are {_percent(taken.skill)} nearer than the last value"
    return (
        "no network foresees better than repeating the last value, which is "
        f"{_percent(-taken.skill / (1 - taken.skill))} nearer, and this comes closest"
    )


def _say_rival(taken: Contender, contenders: Sequence[Contender]) -> str:
    """How it stands to the next best, or to the one it is quicker than."""
    others = [one for one in contenders if one.is_trained and one is not taken and not math.isnan(one.skill)]
    if not others:
        return ""
    rival = max(others, key=lambda one: one.skill)
    if rival.skill <= taken.skill - AS_GOOD:
        return f" (the next best, {rival.name}: {_signed(rival.skill)})"
    if taken.seconds <= QUICKER * rival.seconds:
        return f", as near as {rival.name}'s, and it trains {_percent(1 - taken.seconds / rival.seconds)} faster"
    return f", as near as {rival.name}'s"


def _say_figures(taken: Contender, contenders: Sequence[Contender]) -> str:
    """How it agrees with the known anomalies, and who agrees more."""
    agreed = {one.name: one.figures["VUS-PR"] for one in contenders if not math.isnan(one.figures["VUS-PR"])}
    if taken.name not in agreed:
        return ""
    said = f"Its scores agree with the known anomalies at VUS-PR {agreed[taken.name]:.2f}"
    best = max(agreed, key=lambda name: agreed[name])
    if agreed[best] - agreed[taken.name] < AS_GOOD:
        return f"{said}, {'the most of all' if best == taken.name else 'about the most of all'}."
    return f"{said}; {best}'s agree most, {agreed[best]:.2f}."


def _find_missed(taken: Contender, contenders: Sequence[Contender], dataset: Dataset) -> str:
    """The most severe event that it flags and what sees no sequence does not."""
    sightings = [one for one in compare_events(contenders, dataset) if taken.name in one.heights]
    for blind in (one for one in contenders if one.kind in ("feedforward", "bag") and one is not taken):
        for sighting in sightings:
            if blind.name not in sighting.heights and sighting.is_known is not False:
                return f"{_capital(blind.name)} misses the event of {when(sighting, dataset)}."
    return ""


def compare_events(contenders: Sequence[Contender], dataset: Dataset) -> list[Sighting]:
    """The stretches flagged, those that more contenders flag first, then the more severe; what overlaps is one."""
    seen: list[tuple[int, Span, list[tuple[Contender, Event]]]] = []
    every = sorted(
        ((one, event) for one in contenders for event in one.events),
        key=lambda pair: (pair[1].record, pair[1].span.start),
    )
    for one, event in every:
        if seen and seen[-1][0] == event.record and event.span.start < seen[-1][1].stop:
            record, span, pairs = seen[-1]
            seen[-1] = (record, Span(span.start, max(span.stop, event.span.stop)), [*pairs, (one, event)])
        else:
            seen.append((event.record, event.span, [(one, event)]))
    sightings = [_sight(record, span, pairs, dataset) for record, span, pairs in seen]
    return sorted(sightings, key=lambda one: (-len(one.heights), -max(one.heights.values())))


def _sight(record: int, span: Span, pairs: list[tuple[Contender, Event]], dataset: Dataset) -> Sighting:
    heights: dict[str, float] = {}
    for one, event in pairs:
        height = event.peak_score / one.threshold if one.threshold > 0 else math.inf
        heights[one.name] = max(height, heights.get(one.name, 0.0))
    labels = dataset.series[record].labels
    is_known = bool(labels[span.start : span.stop].any()) if labels is not None else None
    return Sighting(record, span, heights, is_known)


def when(sighting: Sighting, dataset: Dataset) -> str:
    """The record, where there are several, and the time an event starts."""
    series = dataset.series[sighting.record]
    time = next(iter(format_times(series.times[sighting.span.start : sighting.span.start + 1], dataset.time_axis)))
    return f"{series.name}, {time}" if len(dataset.series) > 1 else str(time)


def comparison_table(contenders: Sequence[Contender]) -> pd.DataFrame:
    """One line for each: what it gave and what it took. Unknown is NaN."""
    rows = []
    for one in contenders:
        settings = one.fitted.settings
        row = {
            "name": one.name,
            "kind": one.kind,
            "skill": one.skill,
            "seasonal_skill": one.seasonal_skill,
            "mean_residual": one.error,
            "validation_loss": one.validation_loss,
            "memory_steps": float(one.fitted.reach.memory) if one.is_trained else math.nan,
            "parameters": one.parameters,
            "fit_seconds": one.seconds,
            "epochs": len(one.fitted.epochs),
            "events": len(one.events),
            **{_column(name): one.figures[name] for name in FIGURES if name in one.figures},
            "hidden_units": settings.hidden_units,
            "layers": settings.layers,
            "bptt_steps": settings.bptt_steps,
        }
        rows.append(row)
    table = pd.DataFrame(rows)
    for name in table.select_dtypes("float").columns:
        table[name] = round_figures(table[name].to_numpy())
    return table.astype({"name": "str", "kind": "str"})


def _column(figure: str) -> str:
    return figure.lower().replace("-", "_").replace(" ", "_")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _signed(share: float) -> str:
    return f"{_percent(share)} nearer" if share > 0 else f"{_percent(-share)} further"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
