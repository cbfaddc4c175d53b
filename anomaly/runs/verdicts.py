"""What a person says of events, and what follows from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from anomaly.domain import Event, Span

Word = Literal["anomaly", "expected", "unsure"]
WORDS: tuple[Word, ...] = get_args(Word)
OF_EVENT, OF_VERDICT = 2, 10
"""An event is still the one that was judged where the two share at least half of its steps and a tenth of what was
judged: a higher threshold cuts an event down to its peak, a lower one joins it with much that nobody judged."""
MOST_TRIED = 12
"""of the proposals that look best by the events as they are now"""


@dataclass(frozen=True)
class Verdict:
    """A person's judgement of one stretch of one record."""

    record: int
    span: Span
    verdict: Word
    tag: str = ""
    note: str = ""


@dataclass(frozen=True)
class Proposal:
    """A threshold and a least length that would have kept what was marked anomaly, and dropped what was expected."""

    threshold: float
    min_length: int
    kept: int
    """anomalies"""
    dropped: int
    """expected events"""


def find_verdict(event: Event, verdicts: Sequence[Verdict]) -> Verdict | None:
    """The verdict on the event, also at another threshold than it was given at (OF_EVENT, OF_VERDICT). Of several the
    one that shares most steps with it, of those that share as many the shortest; None where there is none."""
    near = [one for one in verdicts if _is_on(one, event)]
    return max(near, key=lambda one: (_shared(event.span, one.span), -len(one.span)), default=None)


def _is_on(one: Verdict, event: Event) -> bool:
    shared = _shared(event.span, one.span) if one.record == event.record else 0
    return shared > 0 and OF_EVENT * shared >= len(event.span) and OF_VERDICT * shared >= len(one.span)


def judge(
    verdicts: Sequence[Verdict],
    event: Event,
    word: Word | None,
    tag: str = "",
    note: str = "",
    others: Sequence[Event] = (),
) -> tuple[Verdict, ...]:
    """All verdicts after `event` was marked; None only takes the mark off.

    The one on it until now gives way, unless it is the one on another of the events as they are now (`others`) too:
    what was said of that stays. So does what was said of the parts of an event, where all is one.
    """
    before = find_verdict(event, verdicts)
    is_shared = word is not None and any(
        one.span != event.span and find_verdict(one, verdicts) == before for one in others if one.record == event.record
    )
    rest = [
        one for one in verdicts if (one != before or is_shared) and (one.record, one.span) != (event.record, event.span)
    ]
    new = [] if word is None else [Verdict(event.record, event.span, word, tag, note)]
    return tuple(sorted([*rest, *new], key=lambda one: (one.record, one.span.start)))


def precision_so_far(events: Sequence[Event], verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """(marked as anomaly, marked as anomaly or expected) among the events."""
    words = [one.verdict for event in events if (one := find_verdict(event, verdicts)) is not None]
    return words.count("anomaly"), words.count("anomaly") + words.count("expected")


def propose(
    events: Sequence[Event],
    verdicts: Sequence[Verdict],
    threshold: float,
    find: Callable[[float, int], Sequence[Event]],
    least: int = 1,
) -> Proposal | None:
    """The lowest threshold and least length, at or above those now (`threshold`, `least`), that keep every event marked
    as anomaly and drop most of those marked as expected; None where nothing would be dropped, or nothing is marked.

    `find` gives the events at a threshold and least length: a higher threshold also shortens events, so what a choice
    keeps is known only then.
    """
    marked = [(event, one.verdict) for event in events if (one := find_verdict(event, verdicts)) is not None]
    kept = [event for event, word in marked if word == "anomaly"]
    dropped = [event for event, word in marked if word == "expected"]
    if not kept or not dropped:
        return None
    lowest, shortest = min(event.peak_score for event in kept), min(len(event.span) for event in kept)
    choices = []
    for level in {threshold, *(event.peak_score for event in dropped if threshold < event.peak_score < lowest)}:
        for length in {least, *(len(event.span) + 1 for event in dropped if least <= len(event.span) < shortest)}:
            gone = sum(event.peak_score <= level or len(event.span) < length for event in dropped)
            choices.append((-gone, level, length))
    for gone, level, length in sorted(choices)[:MOST_TRIED]:
        left = find(level, length) if gone else ()
        lost = [sum(not _is_among(event, left) for event in some) for some in (kept, dropped)]
        if gone and not lost[0] and lost[1]:
            return Proposal(level, length, len(kept), lost[1])
    return None


def _is_among(event: Event, others: Sequence[Event]) -> bool:
    return any(one.record == event.record and _shared(one.span, event.span) for one in others)


def _shared(one: Span, other: Span) -> int:
    return max(0, min(one.stop, other.stop) - max(one.start, other.start))
