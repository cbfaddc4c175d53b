"""What lasts is found from data to events: by the right part of the score, on the right channel, in any unit."""

from functools import cache

import numpy as np
import pytest

from anomaly.detecting.detection import Detection
from anomaly.domain.detections import PartName, Scores
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.forecasting.fitting import fit
from anomaly.pipeline import detect
from tests.support.strategies import make_dataset, quick_settings, sine_values

STEPS, BEGIN, PERIOD = 3_000, 2_400, 25
SETTINGS = quick_settings(train_fraction=0.6)


def detect_in(*records: np.ndarray, names: list[str] | str = "abcdefgh", window: str = "centred") -> Detection:
    dataset = make_dataset(*records, names=names)
    return detect(fit(dataset, SETTINGS), dataset, DetectSettings(smoothing_window=window))


def lasting_part(found: Detection) -> PartName:
    """The larger of level and relation long after the beginning."""
    means = {name: float(np.mean(found.scores[0].parts[name][BEGIN + 200 :])) for name in ("level", "relation")}
    return max(means, key=lambda name: means[name])


def leading_channel(scores: Scores, part: PartName) -> int:
    return int(scores.by_channel[part][BEGIN + 200 :].sum(0).argmax())


def waves(channels: int, noise: float = 0.1, seed: int = 0) -> np.ndarray:
    """(STEPS, channels) that rise and fall together, each as far as it does."""
    rng = np.random.default_rng(seed)
    common = np.sin(2 * np.pi * np.arange(STEPS) / PERIOD)[:, None]
    return common * rng.uniform(0.5, 1, channels) + noise * rng.standard_normal((STEPS, channels))


@cache
def detect_change(change: str) -> Detection:
    values = sine_values(STEPS, noise=0.3)[:, :1]
    values[BEGIN:] += 1.2 if change == "step" else np.random.default_rng(1).normal(0, 1.5, (STEPS - BEGIN, 1))
    return detect_in(values)


@pytest.mark.parametrize("change", ["step", "variance"])
def test_what_stays_changed_is_an_event_up_to_the_end_by_its_level(change: str) -> None:
    found = detect_change(change)
    assert found.scores[0].parts["level"][BEGIN + 100 :].min() > 0.7, "what chance makes of it, at least"
    assert not found.scores[0].parts["relation"][1:].any(), "one channel has no other to go with"
    (event,) = (one for one in found.events if one.span.stop > BEGIN)
    assert event.span.stop > STEPS - 30 and abs(event.span.start - BEGIN) <= 30, "within 5 % of its length"


@pytest.mark.parametrize("drifting", [0, 17])
def test_one_of_thirty_channels_that_drifts_is_told_by_the_relation_and_named(drifting: int) -> None:
    values = waves(30, 0.2)
    values[BEGIN:, drifting] += np.linspace(0, 1.2, STEPS - BEGIN)
    found = detect_in(values, names=[f"c{number}" for number in range(30)])
    assert lasting_part(found) == "relation"
    assert leading_channel(found.scores[0], "relation") == drifting
    assert found.events[0].channel == f"c{drifting}" and found.events[0].span.stop == STEPS


def test_two_channels_that_part_are_told_by_the_relation_though_neither_is_odd() -> None:
    values = waves(3)
    values[BEGIN:, 1] = np.roll(values[:, 1], PERIOD // 2)[BEGIN:]
    found = detect_in(values)
    assert lasting_part(found) == "relation" and leading_channel(found.scores[0], "relation") == 1
    assert np.median(found.scores[0].parts["level"][BEGIN + 200 :]) < 0.5
    assert found.events[0].span.stop == STEPS and abs(found.events[0].span.start - BEGIN) <= PERIOD
    assert np.median(found.scores[0].parts["relation"][BEGIN + 200 :]) > 2


@pytest.mark.parametrize("size", [1e2, 1e9])
def test_a_spike_of_any_size_is_told_as_one_and_is_no_level(size: float) -> None:
    values = sine_values(STEPS, noise=0.3)
    values[BEGIN, 0] += size
    found = detect_in(values)
    event = found.events[0]
    assert event.peak == BEGIN and len(event.span) <= 6 and found.explain(event).kind == "spike"
    for name in ("level", "relation"):
        parts = found.scores[0].parts[name]
        assert parts[BEGIN - 25 : BEGIN + 25].max() < 1.5, "what nine of ten made series reach by chance, and a half"


def with_visits(*begins: int) -> Detection:
    """Noise with a plateau of 30 steps at each of these and one after the train span."""
    values = np.random.default_rng(0).normal(0, 1, (STEPS, 1))
    for begin in (*begins, BEGIN):
        values[begin : begin + 30] += 9
    return detect_in(values)


def test_a_state_that_returns_often_is_silent_and_one_that_comes_once_is_not() -> None:
    plateau = slice(BEGIN, BEGIN + 30)
    often, once = with_visits(*range(60, 1_700, 130)), with_visits()
    assert once.flags(0)[plateau].all() and not often.flags(0)[plateau].any()
    assert once.scores[0].parts["level"][plateau].max() > 1 > often.scores[0].parts["level"][plateau].max()


@cache
def detect_both(unit: bool, turned: bool) -> Detection:
    """Two records with holes, and a step that stays."""
    values = waves(3, 0.2)
    values[BEGIN:, 2] -= 1
    values[300:340, 1] = values[2_700, 0] = np.nan
    records = [values, values[:700, :] + 0.1 * np.random.default_rng(5).standard_normal((700, 3))]
    if unit:
        records = [one * [1e4, 1.0, 1.8] + [0.0, -300.0, 32.0] for one in records]
    names = ["a", "b", "c"]
    return detect_in(*(one[:, ::-1] if turned else one for one in records), names=names[::-1] if turned else names)


@pytest.mark.parametrize(("unit", "turned"), [(True, False), (False, True)], ids=["unit", "order of channels"])
def test_neither_units_nor_the_order_of_channels_change_any_part(unit: bool, turned: bool) -> None:
    before, after = detect_both(False, False), detect_both(unit, turned)
    for one, other in zip(before.scores, after.scores, strict=True):
        for name, part in one.parts.items():
            np.testing.assert_allclose(other.parts[name], part, rtol=5e-3, atol=5e-3, err_msg=name)
        for name, shared in one.by_channel.items():
            again = other.by_channel[name][:, ::-1] if turned else other.by_channel[name]
            np.testing.assert_allclose(again, shared, rtol=2e-2, atol=2e-2, err_msg=name)
    assert max(float(np.nanmax(one.parts["level"])) for one in before.scores) > 1
    assert [event.channel for event in after.events][:1] == [event.channel for event in before.events][:1]


@pytest.mark.parametrize("cut", [2_000, 2_403])
def test_the_future_leaves_every_trailing_part_alone(cut: int) -> None:
    values = waves(3)
    dataset = make_dataset(values)
    fitted = fit(dataset, SETTINGS)
    changed = values.copy()
    changed[cut:] = np.where(np.arange(STEPS - cut)[:, None] % 3, 1e4, np.nan)
    settings = DetectSettings(smoothing_window="trailing")
    before, after = (detect(fitted, make_dataset(one), settings).scores[0] for one in (values, changed))
    for name, part in before.parts.items():
        np.testing.assert_array_equal(after.parts[name][:cut], part[:cut], err_msg=name)
        assert np.nanmax(after.parts[name][cut:]) > np.nanmax(part[cut:]), name
    for name, shared in before.by_channel.items():
        np.testing.assert_array_equal(after.by_channel[name][:cut], shared[:cut], err_msg=name)
