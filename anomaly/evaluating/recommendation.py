"""Contenders side by side: what to take, in words, and the tables behind it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from anomaly.domain import Dataset, Event, Span, format_times, round_figures
from anomaly.evaluating.comparison import FEWEST_JUDGED, Contender, judged_spans

AS_GOOD = 0.02
"""smaller differences in VUS-PR, event F1 or skill do not count"""
LONGER = 1.25
"""a contender that takes so many times as long is called slower"""
NO_NEARER = 0.005
"""a skill that is printed as 0 %"""
MOST_COMPARED = 12
"""events side by side"""
SIZES = ("hidden_units", "layers", "bptt_steps")
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
    """The trained contender to take: of those as good as the best, the quickest to fit, or the best where one of them
    was stopped and its time says nothing. What counts is VUS-PR where there are labels, else skill, and then no
    contender below 0 is as good as one above. None where nothing trained can be judged."""
    trained = [one for one in contenders if one.is_trained and not math.isnan(_worth(one))]
    if not trained:
        return None
    best = max(trained, key=_worth)
    as_good = [one for one in trained if _worth(one) >= _worth(best) - AS_GOOD and _worth(one) * _worth(best) >= 0]
    # Scores that agree as well can still find fewer of the known anomalies at their threshold.
    found = [one.figures.get("Event F1", math.nan) for one in as_good]
    most = max((figure for figure in found if not math.isnan(figure)), default=-math.inf)
    as_good = [one for one, figure in zip(as_good, found, strict=True) if not figure < most - AS_GOOD]
    best = max(as_good, key=_worth)
    if any(one.was_stopped for one in as_good):
        return best
    return min(as_good, key=lambda one: one.seconds)


def _worth(one: Contender) -> float:
    agreement = one.figures.get("VUS-PR", math.nan)
    return one.skill if math.isnan(agreement) else agreement


def explain_choice(contenders: Sequence[Contender], dataset: Dataset) -> str:
    """What to take and why, in a few sentences."""
    taken = recommend(contenders)
    if not any(one.is_trained for one in contenders):
        return "There is no trained network among them to take."
    if taken is None:
        return "Nothing trained can be judged: too few steps are left to forecast."
    others = [one for one in contenders if one.is_trained and one is not taken and not math.isnan(_worth(one))]
    rival = max(others, key=lambda one: (_worth(one), -one.seconds), default=None)
    is_known = not math.isnan(taken.figures.get("VUS-PR", math.nan))
    if is_known:
        nearness = "" if math.isnan(taken.skill) else f"Its forecasts are {_against_last(taken.skill)}."
        parts = [_say_agreement(taken, rival), nearness, _say_untrained(taken, contenders)]
    else:
        parts = [_say_forecasts(taken, rival)]
    judged = sum(len(span) for span in judged_spans(dataset, taken.fitted.settings))
    few = f"That is judged on {judged} steps alone: too few to tell." if judged < FEWEST_JUDGED else ""
    return " ".join(part for part in (*parts, few, _find_missed(taken, contenders, dataset)) if part)


def _say_agreement(taken: Contender, rival: Contender | None) -> str:
    own = taken.figures["VUS-PR"]
    said = f"Take {taken.name}: of the networks its scores agree "
    if rival is None:
        return f"Take {taken.name}: its scores agree with the known anomalies at VUS-PR {own:.2f}."
    other = rival.figures["VUS-PR"]
    if other <= own - AS_GOOD:
        return f"{said}most with the known anomalies (VUS-PR {own:.2f}; the next, {rival.name}: {other:.2f})."
    return (
        f"{said}with the known anomalies as well as any (VUS-PR {own:.2f}; {rival.name}"
        f"{_say_speed(taken, rival).removesuffix(',')}: {other:.2f})."
    )


def _say_untrained(taken: Contender, contenders: Sequence[Contender]) -> str:
    """That a contender without training agrees as well, or better, with the known anomalies; else empty."""
    agreed = {one.name: one.figures["VUS-PR"] for one in contenders if not one.is_trained}
    best = max(agreed, key=lambda name: agreed[name], default=None)
    if best is None or not agreed[best] > taken.figures["VUS-PR"] - AS_GOOD:
        return ""
    is_more = agreed[best] >= taken.figures["VUS-PR"] + AS_GOOD
    return f"Without training, {best} agrees {'more' if is_more else 'as well'}: {agreed[best]:.2f}."


def _say_forecasts(taken: Contender, rival: Contender | None) -> str:
    if taken.skill > -NO_NEARER:
        said = f"Take {taken.name}: its forecasts are {_against_last(taken.skill)}"
    else:
        nearer = _percent(-taken.skill / (1 - taken.skill))
        said = f"Take {taken.name}: no network foresees better than repeating the last value, which is {nearer} nearer"
    if rival is None:
        return f"{said}."
    if rival.skill <= taken.skill - AS_GOOD:
        return f"{said} (the next best, {rival.name}: {_say_nearness(rival.skill)})."
    return f"{said}. {_capital(rival.name)}{_say_speed(taken, rival)} foresees as well."


def _say_speed(taken: Contender, rival: Contender) -> str:
    """That the rival takes longer, where it does; of two that both ran to their end."""
    if taken.was_stopped or rival.was_stopped or rival.seconds < LONGER * taken.seconds:
        return ""
    return f", which takes {rival.seconds / taken.seconds:.1f} times as long,"


def _against_last(skill: float) -> str:
    nearness = _say_nearness(skill)
    return f"{nearness} as the last value" if nearness == "as near" else f"{nearness} than the last value"


def _say_nearness(skill: float) -> str:
    if abs(skill) < NO_NEARER:
        return "as near"
    return f"{_percent(skill)} nearer" if skill > 0 else f"{_percent(-skill)} further"


def _find_missed(taken: Contender, contenders: Sequence[Contender], dataset: Dataset) -> str:
    """That a feedforward network or bag misses an event that `taken` flags; else empty."""
    sightings = [one for one in compare_events(contenders, dataset) if taken.name in one.heights]
    for blind in (one for one in contenders if one.kind in ("feedforward", "bag") and one is not taken):
        for sighting in sightings:
            if blind.name not in sighting.heights and sighting.is_known is not False:
                return f"{_capital(blind.name)} misses the event of {when(sighting, dataset)}."
    return ""


def compare_events(contenders: Sequence[Contender], dataset: Dataset) -> list[Sighting]:
    """The stretches flagged, sorted by how many contenders flag them, then by severity; overlapping events are one."""
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
    """One line per contender: results, cost and settings. Unknown is NaN."""
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
            "memory_goes_on": one.is_trained and one.fitted.reach.is_cut,
            "parameters": one.parameters,
            "fit_seconds": one.seconds,
            "epochs": len(one.fitted.epochs),
            "events": len(one.events),
            **{_column(name): one.figures[name] for name in FIGURES if name in one.figures},
            **{name: float(getattr(settings, name)) if one.is_trained else math.nan for name in SIZES},
            "stopped": one.was_stopped,
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


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
