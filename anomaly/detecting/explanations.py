"""Why an event: what its leading channel did, in one sentence made of the numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from anomaly.domain import Event, Forecast, PartName, Scores, Span, find_runs, tell_apart, units_of

FEW_STEPS = 3
"""steps with more than half the largest |residual|: at most so many make a spike"""
CLEAR_SPIKE = 3.0
"""expected bands; a spike that large is told as one whatever else its stretch is like"""
FEWEST_FLAT = 6
"""equal values in a row before a channel counts as stuck"""
FEWEST_BEFORE = 20
"""steps before an event that it is compared with; as many as it lasts where that is more"""
CLEAR_SHIFT = 2.0
"""standard deviations of the steps before"""
ROUNDING = 1e-15
"""share of a level: medians no farther apart differ by rounding"""
FEWEST_TREND = 8
CLEAR_TREND = 0.8
"""correlation of the residuals with time"""
FAR_OUTSIDE = 0.1
"""share of the range of the train span's values: farther outside it, the kind is out of range"""
LEAST_SHARE = 0.1
MOST_NAMED = 3
LARGEST = float(np.finfo(float).max)


@dataclass(frozen=True)
class Explanation:
    """What happened in one event."""

    kind: str
    """spike, flat line, level shift, drift, variance, out of range, shape, relation, state, or departure where it is
    none of these"""
    part: PartName
    """the largest part of the score at its highest"""
    shares: tuple[tuple[str, float], ...]
    """channels and their share of that part of the score, largest first, summing to 1"""
    reference_steps: int
    """reference scores at least as high as the event's peak"""
    sentence: str


def explain(
    event: Event,
    forecast: Forecast,
    scores: Scores,
    reference: np.ndarray,
    channels: tuple[str, ...],
    half_band: np.ndarray,
    ranges: np.ndarray,
    units: Mapping[str, str] | None = None,
) -> Explanation:
    """The explanation of one event of `forecast`'s record; `reference` (N,) are the reference scores.

    `half_band` (C,) and `ranges` (2, C) as in `Detection`; `units` of the channels that have one.
    """
    units = {channel: f" {unit}" for channel, unit in (units or {}).items()}
    span = slice(event.span.start, event.span.stop)
    highest = event.span.start + int(np.nanargmax(scores.values[span]))
    part = scores.leading_part(highest)
    shares = _share_out(scores, span, part, channels)
    leading = channels.index(event.channel)
    kind, what = _tell(event, forecast, leading, float(half_band[leading]), part, len(channels), units)
    named = event.channel
    if kind in ("relation", "departure"):
        named = shares[0][0] if part != "error" and shares else named
        foremost = channels.index(named)
        outside = _tell_outside(event, forecast, foremost, named, ranges, units)
        if outside is not None:
            kind, what = "out of range", outside
        elif part == "shape" and kind == "departure":
            kind, what = "shape", _tell_shape(event, forecast, foremost, named)
        elif part == "level":
            kind, what = _tell_level(event, forecast, foremost, named, units)
        elif part == "relation":
            kind, what = "relation", _tell_relation(event, forecast, foremost, named)
    above = int((reference >= event.peak_score).sum())
    return Explanation(
        kind, part, shares, above, f"{what}{_name_others(shares, named)}; {_rarity(above, len(reference))}."
    )


def _share_out(scores: Scores, span: slice, part: PartName, channels: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    total = np.nansum(scores.shared_out(part)[span], axis=0, dtype=float)
    if not total.sum() > 0:
        return ()
    order = np.argsort(-total, kind="stable")
    return tuple((channels[channel], float(total[channel] / total.sum())) for channel in order if total[channel] > 0)


def _tell(
    event: Event, forecast: Forecast, leading: int, band: float, part: PartName, channels: int, units: Mapping[str, str]
) -> tuple[str, str]:
    """The kind of event and what the leading channel did."""
    if forecast.kind_of(leading) == "state":
        return "state", _tell_state(event, forecast, leading)
    start, stop = event.span.start, event.span.stop
    first = max(0, start - max(stop - start, FEWEST_BEFORE))
    values, predicted = forecast.compared(leading, slice(first, stop))
    predicted = predicted[start - first :]
    # Numbers of extreme size are compared as parts of one: of their own they overflow, or are 0 when squared.
    (size,) = units_of(np.concatenate([values, predicted])[:, None])
    before, inside, band = values[: start - first] / size, values[start - first :] / size, band / size
    residuals = inside - predicted / size
    name, unit = _name(event.channel, forecast, leading), units.get(event.channel, "")
    seen, foreseen = (f"{figure}{unit}" for figure in tell_apart(event.observed, event.expected))
    stuck = _longest_flat(inside)
    near = stuck.start - FEW_STEPS <= event.peak - start < stuck.stop + FEW_STEPS
    long = len(stuck) >= max(FEWEST_FLAT, len(inside) // 5) and len(stuck) > 3 * len(_longest_flat(before))
    if long and (near or part != "error"):
        level = _on_circle(inside[stuck.start] * size, forecast, leading)
        return "flat line", f"{name} stayed at {level:.4g}{unit} for {len(stuck):,} steps"
    apart = np.nan_to_num(np.abs(residuals))
    outside, large = apart > band, apart > apart.max(initial=0.0) / 2
    # A spike comes back; the last steps of a climb do not.
    known = np.flatnonzero(np.isfinite(residuals))
    returned = large.any() and np.flatnonzero(large)[-1] < known[-1]
    few = 0 < outside.sum() <= 2 * FEW_STEPS and large.sum() <= FEW_STEPS
    stayed = _shift(*(one / size for one in _around(event, forecast, leading)))
    clear = part == "error" or apart.max(initial=0.0) > CLEAR_SPIKE * band
    if few and clear and stayed is None and (returned or len(inside) <= FEW_STEPS):
        count = int(large.sum())
        verb = "dropped" if event.direction == "below" else "jumped"
        return "spike", f"{name} {verb} to {seen} for {count} step{'s' * (count > 1)} where {foreseen} was expected"
    shifted = _shift(before, inside) or stayed
    if shifted is not None:
        was, became = tell_apart(*(_on_circle(one * size, forecast, leading) for one in shifted))
        return "level shift", f"{name} moved from about {was} to about {became}{unit}"
    drifted = _trend(residuals, band)
    if drifted is not None:
        # From one end of what can be held to the other is farther than that.
        far, way = min(abs(drifted), LARGEST / size) * size, "up" if drifted > 0 else "down"
        return "drift", f"{name} drifted {way}, by {far:.3g}{unit} from what was expected"
    usual = before[np.isfinite(before)]
    if channels > 1 and len(usual) and usual.min() <= event.observed / size <= usual.max() and outside.any():
        return (
            "relation",
            f"{name} was {seen}, not unusual by itself, where the other channels led to expect {foreseen}",
        )
    return "departure", f"{name} was {seen} where {foreseen} was expected"


def _tell_state(event: Event, forecast: Forecast, channel: int) -> str:
    """What state the channel was in, for how long, and which was expected where that is another."""
    values = forecast.series.values[:, channel]
    starts, stops = find_runs(values == event.observed)
    stay = int(np.searchsorted(stops, event.peak, "right"))
    steps = int(stops[stay] - starts[stay]) if stay < len(stops) else 0
    seen, foreseen = tell_apart(event.observed, event.expected)
    stayed = f"{event.channel} was {seen} for {steps:,} step{'s' * (steps != 1)}"
    return stayed if event.observed == event.expected else f"{stayed} where {foreseen} was expected"


def _name(channel: str, forecast: Forecast, position: int) -> str:
    return f"the rise of {channel}" if forecast.kind_of(position) == "counter" else channel


def _on_circle(level: float, forecast: Forecast, channel: int) -> float:
    """A level as the file has it: an angle within its circle."""
    circle = forecast.circles.get(channel)
    return level if circle is None else float(circle.place(np.array(level)))


def _tell_shape(event: Event, forecast: Forecast, channel: int, name: str) -> str:
    width = max((profile.width for profile in forecast.profiles.shape), default=len(event.span))
    name = _name(name, forecast, channel)
    return f"the course of {name} over up to {width:,} steps is unlike any other that was learnt"


def _tell_level(event: Event, forecast: Forecast, channel: int, name: str, units: Mapping[str, str]) -> tuple[str, str]:
    """Whether it is the mean or the spread of the event's steps that differs from the rest of the record, and how."""
    start, stop = event.span.start, event.span.stop
    values, _ = forecast.compared(channel, slice(None))
    (size,) = units_of(values[:, None])
    inside, rest = values[start:stop] / size, np.concatenate([values[:start], values[stop:]]) / size
    inside, rest = inside[np.isfinite(inside)], rest[np.isfinite(rest)]
    name, unit = _name(name, forecast, channel), units.get(name, "")
    steps = f"for {stop - start:,} step{'s' * (stop - start != 1)}"
    if not len(inside) or not len(rest):
        return "level shift", f"{name} kept an unusual level {steps}"
    apart = abs(inside.mean() - rest.mean()) / (rest.std() or 1.0)
    wider = abs(np.log((inside.std() or 1e-9) / (rest.std() or 1e-9)))
    if wider > apart:
        seen, usual = tell_apart(inside.std() * size, rest.std() * size)
        return "variance", f"{name} varied by {seen}{unit} {steps} where {usual}{unit} is usual"
    seen, usual = tell_apart(*(_on_circle(one * size, forecast, channel) for one in (inside.mean(), rest.mean())))
    return "level shift", f"{name} was about {seen}{unit} {steps} where {usual}{unit} is usual"


def _tell_relation(event: Event, forecast: Forecast, channel: int, name: str) -> str:
    steps = len(event.span)
    return f"{_name(name, forecast, channel)} did not go with the other channels for {steps:,} step{'s' * (steps != 1)}"


def _tell_outside(
    event: Event, forecast: Forecast, channel: int, name: str, ranges: np.ndarray, units: Mapping[str, str]
) -> str | None:
    """How far the channel went outside the values of the train span; None where not far."""
    if forecast.kind_of(channel) in ("angle", "state"):
        return None
    values, _ = forecast.compared(channel, slice(event.span.start, event.span.stop))
    name = _name(name, forecast, channel)
    low, high = ranges[:, channel]
    (size,) = units_of(np.append(values, ranges[:, channel])[:, None])
    beyond = np.nan_to_num(np.fmax(values / size - high / size, low / size - values / size), nan=-np.inf)
    step = int(np.argmax(beyond))
    if not beyond[step] > FAR_OUTSIDE * (high / size - low / size):
        return None
    reached, lowest, highest = tell_apart(values[step], low, high)
    unit = units.get(name, "")
    usual = f"outside the {lowest} to {highest}{unit} of" if low < high else f"where it was always {lowest}{unit} in"
    return f"{name} reached {reached}{unit}, {usual} the train span"


def _longest_flat(values: np.ndarray) -> Span:
    """The most equal values in a row."""
    starts, stops = find_runs(np.diff(values) == 0)
    if not len(starts):
        return Span(0, min(len(values), 1))
    longest = int(np.argmax(stops - starts))
    return Span(int(starts[longest]), int(stops[longest]) + 1)


def _shift(before: np.ndarray, inside: np.ndarray) -> tuple[float, float] | None:
    """The medians before and inside, where they are clearly apart and either part is steady beside that."""
    before, inside = before[np.isfinite(before)], inside[np.isfinite(inside)]
    if len(before) < FEWEST_BEFORE or len(inside) < FEWEST_BEFORE:
        return None
    was, became = float(np.median(before)), float(np.median(inside))
    clear = CLEAR_SHIFT * max(float(before.std()), float(inside.std()))
    rounding = ROUNDING * max(abs(was), abs(became))
    return (was, became) if abs(became - was) > max(clear, rounding) else None


def _around(event: Event, forecast: Forecast, channel: int) -> tuple[np.ndarray, np.ndarray]:
    """The steps before and after an event, as many as a whole stretch has: a season is on either side the same."""
    width = min((profile.width for profile in forecast.profiles.level), default=FEWEST_BEFORE)
    first = max(0, event.span.start - width)
    values, _ = forecast.compared(channel, slice(first, event.span.stop + width))
    return values[: event.span.start - first], values[event.span.stop - first :]


def _trend(residuals: np.ndarray, band: float) -> float | None:
    """How far the residuals went from the event's start to its end, where they went steadily and beyond the band."""
    residuals = residuals[np.isfinite(residuals)]
    if len(residuals) < FEWEST_TREND or residuals.std() == 0:
        return None
    time = np.arange(len(residuals))
    slope = float(np.polyfit(time, residuals, 1)[0])
    steady = abs(float(np.corrcoef(time, residuals)[0, 1])) >= CLEAR_TREND
    return slope * len(residuals) if steady and abs(slope) * len(residuals) > band else None


def _name_others(shares: tuple[tuple[str, float], ...], named: str) -> str:
    """The other channels with a large share, and that of the channel named, where it is less."""
    others = [(name, share) for name, share in shares if name != named and share >= LEAST_SHARE][: MOST_NAMED - 1]
    if not others:
        return ""
    own = dict(shares).get(named, 0.0)
    told = ", ".join(f"{name} ({100 * share:.0f} %)" for name, share in others)
    return f", together with {told}" + (f", itself {100 * own:.0f} %" if own < others[0][1] else "")


def _rarity(above: int, steps: int) -> str:
    if above == 0:
        return (
            f"its score is higher than any of the {steps:,} steps of the train span" if steps else "nothing to compare"
        )
    return f"a score that one in {max(steps // above, 1):,} steps of the train span reaches"
