"""Contenders side by side: judged alike, and every sentence true of the numbers."""

from dataclasses import replace

import numpy as np
import pytest

import anomaly
from anomaly.domain.detections import Event
from anomaly.domain.exceptions import SettingsError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.settings.fitting import FitSettings
from anomaly.domain.spans import Span
from anomaly.evaluating.comparison import BASELINES, KINDS, Contender, Kind, contend, judged_spans
from anomaly.evaluating.recommendation import compare_events, comparison_table, explain_choice, recommend, when
from anomaly.showing.export import to_csv
from tests.support.strategies import make_dataset, sine_values

STEPS, TRAINED = 900, 600


def labelled(values: np.ndarray, *spans: slice) -> Dataset:
    dataset = make_dataset(values)
    labels = np.zeros(len(values), bool)
    for span in spans:
        labels[span] = True
    return replace(dataset, series=(replace(dataset.series[0], labels=labels),))


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    values = sine_values(STEPS)
    values[750:756, 1] += 25.0
    return labelled(values, slice(750, 756))


@pytest.fixture(scope="module")
def contenders(dataset: Dataset) -> list[Contender]:
    settings = FitSettings(train_rows=TRAINED, epochs=12, hidden_units=8, window_steps=20, device="cpu")
    return [contend(dataset, settings, kind=kind, name=kind, detect_settings=DetectSettings()) for kind in KINDS]


def test_every_kind_is_fitted_and_judged(contenders: list[Contender]) -> None:
    assert [one.kind for one in contenders] == list(KINDS)
    for one in contenders:
        assert one.error > 0 and np.isfinite([one.skill, one.seasonal_skill]).all()
        assert one.is_trained == bool(one.fitted.epochs) == bool(one.parameters)
        assert one.fitted.settings.cell == (one.kind if one.is_trained else "lstm")


def test_skill_is_one_minus_the_share_of_the_baselines_mean_residual(
    dataset: Dataset, contenders: list[Contender]
) -> None:
    by_name = {one.name: one for one in contenders}
    assert by_name["last value"].skill == 0 and by_name["seasonal last value"].seasonal_skill == 0
    values = dataset.series[0].values
    scaled = (values - values[:TRAINED].mean(0)) / values[:TRAINED].std(0)
    last = np.abs(np.diff(scaled, axis=0))[TRAINED - 1 :].mean()
    assert by_name["last value"].error == pytest.approx(last, rel=1e-5)
    for one in contenders:
        assert one.skill == pytest.approx(1 - one.error / last, abs=1e-4)


def test_forecasts_are_judged_after_the_train_span_or_on_its_held_out_end(dataset: Dataset) -> None:
    assert judged_spans(dataset, FitSettings(train_rows=TRAINED)) == [Span(TRAINED, STEPS)]
    assert judged_spans(dataset, FitSettings()) == [Span(STEPS - int(0.15 * STEPS), STEPS)]


def test_labels_are_compared_with_and_never_learnt_from(dataset: Dataset, contenders: list[Contender]) -> None:
    blind = replace(dataset, series=(replace(dataset.series[0], labels=None),))
    settings = contenders[0].fitted.settings
    again = contend(blind, settings, kind="lstm", name="lstm", detect_settings=DetectSettings())
    assert not again.figures and contenders[0].figures["Event recall"] == 1.0
    assert again.error == contenders[0].error and again.events == contenders[0].events


def test_the_bag_scores_values_without_their_order(dataset: Dataset, contenders: list[Contender]) -> None:
    bag = next(one for one in contenders if one.kind == "bag")
    assert bag.figures["VUS-PR"] > 0.2, "values far outside are odd in any order"


def make_contender(like: Contender, name: str, kind: Kind = "lstm", **changes: object) -> Contender:
    return replace(like, **{"name": name, "kind": kind, "figures": {}, "events": (), **changes})


def event(start: int, stop: int, score: float = 4.0, record: int = 0) -> Event:
    return Event(record, Span(start, stop), start, score, "a", "above", 1.0, 0.0)


@pytest.fixture
def like(contenders: list[Contender]) -> Contender:
    return contenders[0]


def test_of_those_as_good_the_quickest_is_taken(like: Contender, dataset: Dataset) -> None:
    best = make_contender(like, "one", skill=0.50, seconds=10.0)
    quick = make_contender(like, "two", skill=0.49, seconds=4.0)
    worse = make_contender(like, "three", skill=0.40, seconds=1.0)
    bag = make_contender(like, "bag", "bag", skill=0.90, seconds=0.1)
    assert recommend([best, quick, worse, bag]) is quick
    said = explain_choice([best, quick, worse, bag], dataset)
    assert (
        said
        == "Take two: its forecasts are 49 % nearer than the last value. One, which takes 2.5 times as long, foresees "
        "as well."
    )


def test_the_next_best_is_named_where_it_is_worse(like: Contender, dataset: Dataset) -> None:
    said = explain_choice([make_contender(like, "one", skill=0.5), make_contender(like, "two", skill=-0.1)], dataset)
    assert said == "Take one: its forecasts are 50 % nearer than the last value (the next best, two: 10 % further)."


def test_that_no_network_beats_the_last_value_is_said(like: Contender, dataset: Dataset) -> None:
    said = explain_choice([make_contender(like, "one", skill=-0.25)], dataset)
    assert "no network foresees better than repeating the last value, which is 20 % nearer" in said


def test_the_best_is_taken_where_only_it_beats_the_last_value(like: Contender, dataset: Dataset) -> None:
    good, bad = make_contender(like, "one", skill=0.012, seconds=9.0), make_contender(like, "two", skill=-0.006)
    said = explain_choice([good, bad], dataset)
    assert said == "Take one: its forecasts are 1 % nearer than the last value. Two foresees as well."


def test_a_skill_of_nothing_is_as_near(like: Contender, dataset: Dataset) -> None:
    said = explain_choice([make_contender(like, "one", skill=0.003), make_contender(like, "two", skill=-0.1)], dataset)
    assert said == "Take one: its forecasts are as near as the last value (the next best, two: 10 % further)."


def test_of_those_that_agree_as_well_one_that_finds_fewer_is_not_taken(like: Contender, dataset: Dataset) -> None:
    quick = make_contender(like, "one", skill=0.3, seconds=1.0, figures={"VUS-PR": 0.91, "Event F1": 0.77})
    finds = make_contender(like, "two", skill=0.4, seconds=9.0, figures={"VUS-PR": 0.90, "Event F1": 0.93})
    assert recommend([quick, finds]) is finds


def test_few_steps_to_judge_by_are_said(contenders: list[Contender]) -> None:
    short = make_dataset(sine_values(60))
    one = replace(contenders[0], fitted=replace(contenders[0].fitted, settings=FitSettings()), events=(), figures={})
    assert explain_choice([one], short).endswith("That is judged on 9 steps alone: too few to tell.")


def test_an_unknown_skill_is_not_told(like: Contender, dataset: Dataset) -> None:
    said = explain_choice([make_contender(like, "one", skill=float("nan"), figures={"VUS-PR": 0.6})], dataset)
    assert said == "Take one: its scores agree with the known anomalies at VUS-PR 0.60."


def test_of_those_stopped_the_best_is_taken_and_no_times_are_told(like: Contender, dataset: Dataset) -> None:
    best = make_contender(like, "one", skill=0.5, seconds=9.0)
    stopped = make_contender(like, "two", skill=0.49, seconds=1.0, was_stopped=True)
    assert recommend([best, stopped]) is best
    assert explain_choice([best, stopped], dataset).endswith("than the last value. Two foresees as well.")


def test_a_network_stopped_before_it_learnt_is_not_begun(dataset: Dataset) -> None:
    settings = FitSettings(train_rows=TRAINED, hidden_units=3, device="cpu")
    kinds: tuple[Kind, ...] = ("rnn", "last value")
    never, base = (
        contend(dataset, settings, kind=kind, name=kind, detect_settings=DetectSettings(), should_stop=lambda: True)
        for kind in kinds
    )
    assert never.was_stopped and not never.is_begun and base.is_begun and not base.was_stopped


def test_what_sees_no_sequence_and_misses_a_known_anomaly_is_named(like: Contender, dataset: Dataset) -> None:
    taken = make_contender(like, "gru", "gru", skill=0.5, events=(event(750, 756), event(100, 110, 9.0)))
    window = make_contender(like, "feedforward", "feedforward", skill=0.3)
    assert explain_choice([taken, window], dataset).endswith("Feedforward misses the event of 750.0.")
    sees = make_contender(like, "feedforward", "feedforward", skill=0.3, events=(event(752, 760),))
    assert "misses" not in explain_choice([taken, sees], dataset)


@pytest.mark.parametrize(
    ("own", "other", "untrained", "said"),
    [
        (0.6, 0.4, 0.5, "its scores agree most with the known anomalies (VUS-PR 0.60; the next, two: 0.40)."),
        (
            0.59,
            0.6,
            0.6,
            "agree with the known anomalies as well as any (VUS-PR 0.59; two, which takes 2.0 times as long: 0.60).",
        ),
        (0.3, 0.2, 0.6, "Without training, last value agrees more: 0.60."),
    ],
)
def test_with_labels_the_network_that_agrees_most_is_taken(
    like: Contender, dataset: Dataset, own: float, other: float, untrained: float, said: str
) -> None:
    first = make_contender(like, "one", skill=0.1, seconds=1.0, figures={"VUS-PR": own})
    second = make_contender(like, "two", skill=0.5, seconds=2.0, figures={"VUS-PR": other})
    third = make_contender(like, "last value", "last value", skill=0.0, figures={"VUS-PR": untrained})
    found = explain_choice([second, first, third], dataset)
    assert found.startswith("Take one: ") and said in found
    assert "Its forecasts are 10 % nearer than the last value." in found
    assert ("Without training" in found) == (untrained > own - 0.02)


def test_nothing_trained_is_nothing_to_take(contenders: list[Contender], dataset: Dataset) -> None:
    rest = [one for one in contenders if one.kind in BASELINES]
    assert recommend(rest) is None and explain_choice(rest, dataset).startswith("There is no trained network")


def test_events_that_overlap_are_one_and_what_most_flag_comes_first(like: Contender, dataset: Dataset) -> None:
    one = make_contender(like, "one", threshold=2.0, events=(event(100, 110, 8.0), event(740, 752, 3.0)))
    two = make_contender(like, "two", threshold=4.0, events=(event(750, 760, 6.0), event(756, 758, 7.0)))
    first, second = compare_events([one, two], dataset)
    assert (first.span, first.heights, first.is_known) == (Span(740, 760), {"one": 1.5, "two": 1.75}, True)
    assert (second.span, second.heights, second.is_known) == (Span(100, 110), {"one": 4.0}, False)
    assert when(first, dataset) == "740.0"


def test_events_of_different_records_stay_apart(like: Contender) -> None:
    both = make_dataset(sine_values(50), sine_values(60))
    one = make_contender(like, "one", events=(event(10, 20), event(10, 20, record=1)))
    found = compare_events([one], both)
    assert [when(sighting, both) for sighting in found] == ["record 0, 10.0", "record 1, 10.0"]
    assert found[0].is_known is None


def test_the_table_goes_to_csv(contenders: list[Contender]) -> None:
    table = comparison_table(contenders)
    text = to_csv(table).decode().splitlines()
    assert text[0].startswith(
        "name,kind,skill,seasonal_skill,mean_residual,validation_loss,memory_steps,memory_goes_on,"
    )
    assert len(text) == 1 + len(KINDS) and text[1].startswith("lstm,lstm,")
    assert ",,," in text[-1] or ",," in text[-1], "unknown is an empty cell"


def test_a_stop_keeps_the_best_so_far(dataset: Dataset) -> None:
    asked = iter([False] * 40)
    one = contend(
        dataset,
        FitSettings(epochs=500, patience=500, hidden_units=4, device="cpu"),
        kind="rnn",
        name="rnn",
        detect_settings=DetectSettings(),
        should_stop=lambda: next(asked, True),
    )
    assert one.fitted.ended.startswith("Stopped on request") and one.error > 0


def test_a_baseline_cannot_be_kept(contenders: list[Contender], tmp_path) -> None:
    with pytest.raises(anomaly.ModelFileError, match="found a baseline"):
        anomaly.save(contenders[-1].fitted, tmp_path)


def test_a_bag_longer_than_every_train_span_is_one_sentence() -> None:
    short = make_dataset(sine_values(60))
    with pytest.raises(SettingsError, match="The bag looks at 64 steps at once: expected a record with more"):
        contend(short, FitSettings(window_steps=64), kind="bag", name="bag", detect_settings=DetectSettings())
