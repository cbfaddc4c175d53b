"""What events and their sentences say of angles, counters and states."""

import numpy as np
import pytest

from anomaly.detecting.events import find_events
from anomaly.detecting.explanations import Explanation, explain
from anomaly.domain.detections import Event
from anomaly.domain.forecasts import Forecast
from anomaly.domain.kinds import Circle, find_rises
from anomaly.domain.settings.reading import Kind
from tests.support.strategies import make_scores, make_series

STEPS = 200
CIRCLE = Circle(360.0, 0.0)


def event_of(
    kind: Kind, values: np.ndarray, predicted: np.ndarray, surprise: np.ndarray, effect: float = 0.0
) -> tuple[Event, Explanation]:
    """The one event, where `surprise` (T,) is above 1; the band is 3 own units."""
    forecast = Forecast(
        make_series(values[:, None]),
        predicted[None, :, None],
        kinds=(kind,),
        circles={0: CIRCLE} if kind == "angle" else {},
        rises={0: find_rises(values)} if kind == "counter" else {},
    )
    scores = make_scores(surprise, surprise[:, None])
    (event,) = find_events(0, forecast, scores, 1.0, 0, 1, ("x",), min_effect={"x": effect})
    ranges = np.array([[0.0], [5.0]])
    return event, explain(event, forecast, scores, np.zeros(10), ("x",), np.array([3.0]), ranges)


def surprise_at(start: int, stop: int, peak: int | None = None) -> np.ndarray:
    surprise = np.zeros(STEPS)
    surprise[start:stop] = 5.0
    surprise[start if peak is None else peak] = 6.0
    return surprise


def test_an_angle_differs_by_the_short_way() -> None:
    values, predicted = np.full(STEPS, 355.0), np.full(STEPS, 2.0)
    values[100:102] = 8.0
    event, found = event_of("angle", values, predicted, surprise_at(100, 102), effect=5.5)
    assert (event.direction, event.observed, event.expected) == ("above", 8.0, 2.0)
    assert found.sentence.startswith("x jumped to 8 for 2 steps where 2 was expected")
    values[100:102] = 340.0
    event, _ = event_of("angle", values, predicted, surprise_at(100, 102))
    assert (event.direction, event.expected) == ("below", 2.0)


def test_a_direction_that_turns_across_north_moves_by_the_short_way() -> None:
    rng = np.random.default_rng(0)
    values = (350 + rng.standard_normal(STEPS)) % 360
    values[100:140] = (20 + rng.standard_normal(40)) % 360
    _, found = event_of("angle", values, np.full(STEPS, 350.0), surprise_at(100, 140))
    assert found.kind == "level shift"
    was, became = (float(word) for word in found.sentence.split(";")[0].split() if word[0].isdigit())
    assert abs(was - 350) < 1 and abs(became - 20) < 1


def test_a_counter_is_told_by_its_rise() -> None:
    rises = np.full(STEPS, 2.0)
    rises[100] = 40.0
    values = 1e5 + np.cumsum(rises)
    predicted = np.append(values[0], values[:-1] + 2.0)
    event, found = event_of("counter", values, predicted, surprise_at(100, 101), effect=37.5)
    assert (event.observed, event.expected) == (40.0, 2.0)
    assert found.sentence.startswith("the rise of x jumped to 40 for 1 step where 2 was expected")


def test_a_counter_that_stalls_is_a_flat_line() -> None:
    rises = 2 + 0.1 * np.random.default_rng(0).standard_normal(STEPS)
    rises[100:140] = 0.0
    values = 1e5 + np.cumsum(rises)
    _, found = event_of("counter", values, np.append(values[0], values[:-1] + 2.0), surprise_at(100, 140))
    assert found.sentence.startswith("the rise of x stayed at 0 for 40 steps")


@pytest.mark.parametrize(
    ("expected", "sentence"),
    [(0.0, "x was 3.3 for 40 steps where 0 was expected"), (3.3, "x was 3.3 for 40 steps;")],
)
def test_a_state_is_told_with_its_whole_stay(expected: float, sentence: str) -> None:
    values = np.zeros(STEPS)
    values[100:140] = 3.3
    predicted = np.where(values > 0, expected, 0.0)
    event, found = event_of("state", values, predicted, surprise_at(110, 130))
    assert (found.kind, event.observed, event.expected) == ("state", 3.3, expected)
    assert found.sentence.startswith(sentence)
