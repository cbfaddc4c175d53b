"""What people say of events: kept, refused, and taken along."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from anomaly.domain.exceptions import AccessError, RunError
from anomaly.domain.spans import Span
from anomaly.pipeline import detect
from anomaly.runs.store import RunStore
from anomaly.ui.detect.result.missed import take_off
from anomaly.ui.detect.result.results import judged
from anomaly.ui.plain import plain
from tests.support.kept_runs import refuse
from tests.support.pages import address, check, current, fit_quickly, low, open_address, open_app, upload, wait_for_job

pytestmark = pytest.mark.usefixtures("empty_store")


def test_events_are_marked_walked_through_and_go_out_with_the_list(fitted: AppTest, empty_store: RunStore) -> None:
    app = low(fitted)
    run = current(app).run
    assert app.button(key="mark-anomaly").disabled
    for word in ("anomaly", "expected"):
        check(app.button(key="event-next").click().run())
        check(app.button(key=f"mark-{word}").click().run())
    check(app.text_input[0].run())
    tag = next(box for box in app.text_input if box.label == "Tag")
    check(tag.set_value("operator").run())
    kept = empty_store.standing(run.id)[1]
    assert sorted((one.verdict, one.tag) for one in kept) == [("anomaly", ""), ("expected", "operator")]
    assert any("a precision of 50 %" in text.value for text in app.markdown)
    table = app.dataframe[0].value
    assert list(table["verdict"][:2]) == ["anomaly", "expected"]

    again = open_address(address(app))
    assert list(again.dataframe[0].value["verdict"][:2]) == ["anomaly", "expected"]

    check(app.button(key="mark-expected").click().run())
    assert len(empty_store.standing(run.id)[1]) == 2, "a press too many changes nothing"
    check(app.button(key="mark-none").click().run())
    assert [one.verdict for one in empty_store.standing(run.id)[1]] == ["anomaly"]


def test_a_mark_stays_with_its_stretch_where_all_becomes_one_event(fitted: AppTest, empty_store: RunStore) -> None:
    app = low(fitted)
    for _ in range(2):
        check(app.button(key="event-next").click().run())
    check(app.button(key="mark-expected").click().run())
    (verdict,) = empty_store.standing(current(app).run.id)[1]
    check(app.number_input(key="merge_gap").set_value(300).run())
    table = app.dataframe[0].value
    assert len(table) == 1 and list(table["verdict"]) == [""], "nobody judged the one event that is left"
    assert any("1 is of no event as they are" in text.value for text in app.markdown)
    check(app.button(key="mark-anomaly").click().run())
    kept = empty_store.standing(current(app).run.id)[1]
    assert verdict in kept and sorted(one.verdict for one in kept) == ["anomaly", "expected"]
    check(app.number_input(key="merge_gap").set_value(0).run())
    first, second, *others = app.dataframe[0].value["verdict"]
    assert (first, second) == ("anomaly", "expected") and not any(others)


def test_a_proposal_is_taken_with_one_press(fitted: AppTest) -> None:
    app = low(fitted)
    events = len(app.dataframe[0].value)
    check(app.button(key="event-next").click().run())
    check(app.button(key="mark-anomaly").click().run())
    for _ in range(events - 1):
        check(app.button(key="event-next").click().run())
    check(app.button(key="mark-expected").click().run())
    check(app.button(key="take-proposal").click().run())
    words = list(app.dataframe[0].value["verdict"])
    assert "expected" not in words and "anomaly" in words


def test_marks_become_known_anomalies_or_are_left_out_of_another_fit(fitted: AppTest) -> None:
    app = low(fitted)
    check(app.button(key="event-next").click().run())
    check(app.button(key="mark-anomaly").click().run())
    (verdict,) = current(app).run.verdicts
    check(app.button(key="marks-as-labels").click().run())
    labels = current(app).run.dataset.series[0].labels
    assert np.flatnonzero(labels).tolist() == list(range(verdict.span.start, verdict.span.stop))
    assert any("known anomal" in text.value for text in app.markdown)

    check(app.button(key="fit-without").click().run())
    wait_for_job(app)
    ignored = current(app).run.dataset.series[0].ignored
    assert np.flatnonzero(ignored).tolist() == list(range(verdict.span.start, verdict.span.stop))


def test_a_missed_stretch_is_marked_from_the_window(fitted: AppTest, empty_store: RunStore) -> None:
    app = open_address({**address(fitted), "window": "100-120"})
    check(app.button(key="mark-window").click().run())
    (verdict,) = empty_store.standing(current(app).run.id)[1]
    assert (verdict.span.start, verdict.span.stop, verdict.tag) == (100, 120, "missed")
    assert any("1 missed anomaly added" in text.value for text in app.markdown)


def test_a_missed_stretch_is_listed_and_can_be_taken_off(fitted: AppTest, empty_store: RunStore) -> None:
    app = open_address({**address(fitted), "window": "100-120"})
    check(app.button(key="mark-window").click().run())
    run = current(app).run
    table = app.dataframe[-1].value
    assert list(table["Steps"]) == [20] and any("added by hand: 1" in text.value for text in app.markdown)
    take_off(run, 0, Span(100, 119))
    assert len(run.verdicts) == 1, "another stretch"
    take_off(run, 0, Span(100, 120))
    assert run.verdicts == empty_store.standing(run.id)[1] == ()


def test_two_who_judge_one_run_see_and_keep_each_others_marks(fitted: AppTest, empty_store: RunStore) -> None:
    low(fitted)
    pages = [open_address(address(fitted)) for _ in range(2)]
    check(pages[0].button(key="event-next").click().run())
    check(pages[0].button(key="mark-anomaly").click().run())
    for _ in range(2):
        check(pages[1].button(key="event-next").click().run())
    check(pages[1].button(key="mark-expected").click().run())
    assert sorted(one.verdict for one in empty_store.standing(current(fitted).run.id)[1]) == ["anomaly", "expected"]
    for app in pages:
        assert list(check(app.run()).dataframe[0].value["verdict"][:2]) == ["anomaly", "expected"]


def test_tag_note_and_word_are_each_ones_own(fitted: AppTest, empty_store: RunStore) -> None:
    low(fitted)
    check(fitted.button(key="event-next").click().run())
    check(fitted.button(key="mark-anomaly").click().run())
    pages = [open_address(address(fitted)) for _ in range(2)]

    def box(app: AppTest, label: str) -> Any:
        return next(one for one in app.text_input if one.label == label)

    check(box(pages[0], "Note").set_value("from P").run())
    check(box(pages[1], "Tag").set_value("tag Q").run())
    check(pages[1].button(key="mark-expected").click().run())
    check(box(pages[0], "Note").set_value("again P").run())
    (verdict,) = empty_store.standing(current(fitted).run.id)[1]
    assert (verdict.verdict, verdict.tag, verdict.note) == ("expected", "tag Q", "again P")
    assert box(check(pages[1].run()), "Note").value == "again P"


def test_what_the_store_did_not_take_is_saved_with_the_next_mark(
    fitted: AppTest, empty_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    low(fitted)
    check(fitted.button(key="event-next").click().run())
    with monkeypatch.context() as context:
        context.setattr(RunStore, "change_verdicts", refuse(RunError("The run store does not answer: disk full.")))
        check(fitted.button(key="mark-anomaly").click().run())
    run = current(check(fitted.run())).run
    assert [one.verdict for one in run.verdicts] == ["anomaly"] and empty_store.standing(run.id)[1] == ()
    check(fitted.button(key="event-next").click().run())
    check(fitted.button(key="mark-unsure").click().run())
    assert [one.verdict for one in empty_store.standing(run.id)[1]].count("anomaly") == 1
    assert len(empty_store.standing(run.id)[1]) == 2 and not run.unsaved


def test_a_mark_that_is_refused_does_not_stay(fitted: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    low(fitted)
    check(fitted.button(key="event-next").click().run())
    monkeypatch.setattr(RunStore, "change_verdicts", refuse(AccessError("You may look at this run.")))
    check(fitted.button(key="mark-anomaly").click().run())
    assert current(fitted).run.verdicts == () and "You may look" in fitted.toast[0].value
    assert len(fitted.toast) == 1, "nothing says that it was marked"


def test_verdicts_are_columns_of_the_list_only_where_there_are_any(results: AppTest) -> None:
    from anomaly.domain.settings.detecting import DetectSettings
    from anomaly.pipeline import detect
    from anomaly.runs.verdicts import judge
    from anomaly.showing.export import events_csv

    run = current(results).run
    detection = detect(run.fitted, run.dataset, DetectSettings(threshold_rule="margin", threshold=-1.0))
    assert judged(run, detection) is None
    run.verdicts = judge((), detection.events[0], "anomaly", "wear", "=cmd()")
    rows = list(csv.DictReader(io.StringIO(events_csv(detection, judged(run, detection)).decode())))
    assert (rows[0]["verdict"], rows[0]["tag"], rows[0]["note"]) == ("anomaly", "wear", "'=cmd()")
    assert "verdict" not in events_csv(detection).decode().splitlines()[0]


def test_a_store_that_fails_is_said_and_nothing_on_the_screen_is_lost(
    fitted: AppTest, empty_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunStore, "change_verdicts", refuse(RunError("The run store does not answer: disk full.")))
    app = low(fitted)
    check(app.button(key="event-next").click().run())
    check(app.button(key="mark-anomaly").click().run())
    assert "disk full" in app.toast[0].value
    assert current(app).run.verdicts[0].verdict == "anomaly"


def type_in(app: AppTest, label: str, text: str) -> None:
    next(box for box in app.text_input if box.label == label).set_value(text)
    check(app.run())


def test_a_note_on_a_mark_that_another_tab_took_off_is_not_lost_unsaid(fitted: AppTest) -> None:
    app = low(fitted)
    check(app.button(key="event-next").click().run())
    check(app.button(key="mark-anomaly").click().run())
    other = open_address(address(app))
    check(other.button(key="mark-none").click().run())
    type_in(app, "Note", "bearing changed")
    assert current(app).run.verdicts == ()
    assert ["bearing changed" in toast.value and "taken off" in toast.value for toast in app.toast] == [True]


def test_the_tag_of_an_event_does_not_turn_it_into_one_that_was_missed(fitted: AppTest, empty_store: RunStore) -> None:
    app = low(fitted)
    check(app.button(key="event-next").click().run())
    check(app.button(key="mark-anomaly").click().run())
    type_in(app, "Tag", " missed")
    assert [one.tag for one in empty_store.standing(current(app).run.id)[1]] == [""]
    assert "choose another word" in app.toast[0].value
    assert not any("missed anomal" in text.value or "added by hand" in text.value for text in app.markdown)
    type_in(app, "Tag", "missed by the operator")
    assert [one.tag for one in empty_store.standing(current(app).run.id)[1]] == ["missed by the operator"]


def test_row_sentence_address_and_chart_show_the_one_event_that_was_chosen_by_next(fitted: AppTest) -> None:
    app = low(fitted)
    run = current(app).run
    keys = set()
    for place in range(3):
        check(app.button(key="event-next").click().run())
        table = app.dataframe[0]
        assert json.loads(table.proto.selection_default)["selection"]["rows"] == [place]
        keys.add(table.proto.id)
        events = detect(run.fitted, run.dataset, current(app).detect).events
        span = events[place].span
        assert run.view.selected == span
        assert address(app)["event"] == f"{span.start}-{span.stop}"
        said = f"**{plain(table.value['kind'][place]).capitalize()}:** {plain(table.value['why'][place])}"
        assert [text.value for text in app.markdown if text.value == said]
    assert len(keys) == 3, "a list that keeps its name keeps the row that was ticked in it"
    again = open_address(address(app))
    assert current(again).run.view.selected == span
    assert json.loads(again.dataframe[0].proto.selection_default)["selection"]["rows"] == [2]


def test_the_address_names_the_record_that_is_shown_from_the_first_look_on(empty_store: RunStore) -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((3, 300))
    values[2, 200:204] += 30
    rows = [f"r{record},{step},{values[record, step]:.4f}" for record in range(3) for step in range(300)]
    app = fit_quickly(upload(open_app(), ("ward.csv", "\n".join(["record,time,value", *rows]).encode())))
    assert current(app).run.view.record == 2 and address(app)["record"] == "2"
