"""What a person says of events, through every new threshold, and what is proposed from it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain.detections import Event
from anomaly.domain.spans import Span
from anomaly.runs.verdicts import Verdict, find_verdict, judge, precision_so_far, propose


def event(start: int, stop: int, score: float = 4.0, record: int = 0) -> Event:
    return Event(record, Span(start, stop), start, score, "a", "above", 1.0, 0.0)


def test_a_verdict_follows_its_event_through_a_new_threshold() -> None:
    verdicts = judge((), event(100, 120), "anomaly", "wear", "a note")
    for moved in (event(105, 110), event(118, 120), event(90, 130), event(110, 130)):
        found = find_verdict(moved, verdicts)
        assert found is not None and (found.verdict, found.tag, found.note) == ("anomaly", "wear", "a note")
    assert find_verdict(event(120, 130), verdicts) is None
    assert find_verdict(event(100, 120, record=1), verdicts) is None


@pytest.mark.parametrize("other", [event(0, 1000), event(90, 131), event(119, 122), event(119, 120), event(80, 110)])
def test_a_verdict_is_not_on_an_event_that_nobody_judged(other: Event) -> None:
    """One that has swallowed it with much else, that touches it, or that is a crumb of it."""
    verdicts = judge((), event(100, 120), "expected", "wear", "a note")
    assert find_verdict(other, verdicts) is None
    assert precision_so_far([other], verdicts) == (0, 0)
    marked = judge(verdicts, other, "anomaly")
    assert set(verdicts) < set(marked), "what was said of the other stays"
    assert judge(verdicts, other, None) == verdicts


def test_a_mark_on_one_of_two_that_an_event_fell_into_leaves_the_others() -> None:
    verdicts, parts = judge((), event(0, 100), "anomaly", "wear"), [event(0, 40), event(60, 100)]
    again = judge(verdicts, parts[0], "expected", others=parts)
    assert [one.verdict for part in parts if (one := find_verdict(part, again))] == ["expected", "anomaly"]
    assert [one.verdict for one in judge(verdicts, parts[0], "expected", others=parts[:1])] == ["expected"]


def test_of_two_the_one_that_shares_most_counts() -> None:
    verdicts = (Verdict(0, Span(0, 10), "expected"), Verdict(0, Span(10, 30), "anomaly"))
    found = find_verdict(event(5, 30), verdicts)
    assert found is not None and found.verdict == "anomaly"


def test_a_new_mark_takes_the_place_of_its_events_own_and_leaves_those_of_its_parts() -> None:
    verdicts = judge(judge((), event(0, 10), "anomaly"), event(20, 30), "unsure")
    parts = tuple(verdicts)
    assert [one.span for one in judge(verdicts, event(2, 14), "expected")] == [Span(2, 14), Span(20, 30)]
    assert judge(verdicts, event(20, 30), None) == (Verdict(0, Span(0, 10), "anomaly"),)

    whole = judge(verdicts, event(0, 40), "expected")
    assert len(whole) == 3 and set(parts) < set(whole), "so low a threshold that all is one event"
    for part, word in ((event(0, 10), "anomaly"), (event(21, 29), "unsure"), (event(0, 40), "expected")):
        found = find_verdict(part, whole)
        assert found is not None and found.verdict == word
    assert judge(whole, event(0, 40), None) == parts
    assert judge(parts, event(0, 40), None) == parts, "nothing is shown, so nothing is taken off"


def test_precision_counts_what_was_decided() -> None:
    events = [event(0, 10), event(20, 30), event(40, 50), event(60, 70)]
    verdicts: tuple[Verdict, ...] = ()
    for one, word in zip(events, ("anomaly", "expected", "unsure"), strict=False):
        verdicts = judge(verdicts, one, word)
    assert precision_so_far(events, verdicts) == (1, 2)
    assert precision_so_far(events, ()) == (0, 0)


marked = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from([2.0, 3.0, 4.0, 5.0]), st.sampled_from(["anomaly", "expected", None])),
    max_size=7,
)


@given(marked)
def test_a_proposal_keeps_every_anomaly_and_drops_as_many_of_the_expected_as_any_could(
    kinds: list[tuple[int, float, str | None]],
) -> None:
    events = [event(100 * number, 100 * number + length, score) for number, (length, score, _) in enumerate(kinds)]
    verdicts: tuple[Verdict, ...] = ()
    for one, (_, _, word) in zip(events, kinds, strict=True):
        verdicts = judge(verdicts, one, word) if word else verdicts
    kept = [one for one, kind in zip(events, kinds, strict=True) if kind[2] == "anomaly"]
    expected = [one for one, kind in zip(events, kinds, strict=True) if kind[2] == "expected"]

    def survives(one: Event, level: float, length: int) -> bool:
        return one.peak_score > level and len(one.span) >= length

    most = max(
        (
            sum(not survives(one, level, length) for one in expected)
            for level, length in itertools.product([1.0, 2.0, 3.0, 4.0, 5.0], range(1, 8))
            if all(survives(one, level, length) for one in kept)
        ),
        default=0,
    )
    found = propose(events, verdicts, 1.0, lambda level, length: [e for e in events if survives(e, level, length)])
    if not kept or not most:
        assert found is None
        return
    assert found is not None and (found.kept, found.dropped) == (len(kept), most)
    assert all(survives(one, found.threshold, found.min_length) for one in kept)
    assert sum(not survives(one, found.threshold, found.min_length) for one in expected) == most


@pytest.mark.parametrize("words", [("anomaly", "anomaly"), ("expected", "expected"), ("unsure", "anomaly")])
def test_marks_of_one_kind_propose_nothing(words: tuple[str, str]) -> None:
    events = [event(0, 10, 5.0), event(20, 22, 3.0)]
    verdicts = judge(judge((), events[0], words[0]), events[1], words[1])
    assert propose(events, verdicts, 1.0, lambda *_: events) is None


def test_what_a_higher_threshold_shortens_is_looked_at_before_it_is_proposed() -> None:
    """At 3 the anomaly of ten steps is one of two: with a least length of three it would be gone."""
    events = [event(0, 10, 5.0), event(20, 22, 3.0)]
    verdicts = judge(judge((), events[0], "anomaly"), events[1], "expected")

    def find(level: float, length: int) -> list[Event]:
        left = [events[0]] if level < 3 else [event(4, 6, 5.0)]
        return [one for one in left if len(one.span) >= length]

    found = propose(events, verdicts, 1.0, find)
    assert found is not None and (found.threshold, found.min_length) in ((1.0, 3), (3.0, 1))
    assert propose(events, verdicts, 1.0, find, least=5) is not None
    assert propose(events, verdicts, 1.0, lambda *_: [], least=5) is None
