"""The page Runs, verdicts, and the address that opens a run again, driven without a browser."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from anomaly.domain.exceptions import AccessError, RunError
from anomaly.domain.records import Dataset
from anomaly.domain.spans import Span
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.jobs.worker import CHECKPOINT
from anomaly.runs.people import Person
from anomaly.runs.store import RunStore
from anomaly.ui.detect.result.missed import take_off
from anomaly.ui.detect.result.results import judged
from anomaly.ui.lasting import fits, keeping
from anomaly.ui.runs.page import CHOSEN
from anomaly.ui.session.opened import KEY
from anomaly.ui.session.run import Run
from tests.test_app import (  # noqa: F401 - two are fixtures
    APP,
    check,
    current,
    fit_quickly,
    fitted_tables,
    labelled,
    open_app,
    results,
    sensor_csv,
    upload,
    wait_for_job,
)
from tests.test_app_compare import go_to, page
from tests.test_jobs import kill_next_worker, wait_until
from tests.test_runs import save


@pytest.fixture(autouse=True)
def empty_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RunStore]:
    opened = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    monkeypatch.setattr(keeping, "_open", lambda: opened)
    yield opened
    for job in list(fits._running.values()):
        job.discard()
    opened.close()


@pytest.fixture
def fitted() -> AppTest:
    return fit_quickly(upload(open_app(), ("pump.csv", sensor_csv())))


def low(app: AppTest, threshold: float = -3.0) -> AppTest:
    """So low a threshold, with so little smoothed and joined, that there are several events."""
    for key in ("auto_smoothing", "auto_merge"):
        check(app.toggle(key=key).set_value(False).run())
    app.number_input(key="smoothing").set_value(1)
    check(app.number_input(key="merge_gap").set_value(0).run())
    check(app.number_input(key="threshold_margin").set_value(threshold).run())
    assert len(app.dataframe[0].value) >= 2
    return app


def address(app: AppTest) -> dict[str, str]:
    return {name: values[0] if isinstance(values, list) else values for name, values in app.query_params.items()}


def open_address(values: dict[str, str]) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in values.items():
        app.query_params[name] = value
    return check(app.run())


def test_a_finished_fit_is_kept_and_its_address_opens_it_again(fitted: AppTest, empty_store: RunStore) -> None:
    (row,) = empty_store.list()
    assert (row.name, row.steps, row.cell) == ("pump", 300, "lstm")
    low(fitted)
    assert address(fitted)["run"] == row.id == current(fitted).run.id
    before = [text.value for text in fitted.markdown]

    again = open_address(address(fitted))
    assert [text.value for text in again.markdown][: len(before)] == before
    assert again.number_input(key="threshold_margin").value == -3.0
    assert len(empty_store.list()) == 1, "to look is not to fit"
    assert "Columns" not in [expander.label for expander in again.expander]


def test_the_address_holds_the_window_and_a_threshold_of_its_own(fitted: AppTest, empty_store: RunStore) -> None:
    low(fitted)
    sent = {**address(fitted), "window": "100-200", "threshold": "1.5"}
    app = open_address(sent)
    view = current(app).run.view
    assert (view.window.start, view.window.stop) == (100, 200)
    assert app.selectbox(key="threshold_rule").value == "value"
    assert app.number_input(key="threshold_value").value == 1.5
    assert address(app) == sent
    (row,) = empty_store.list()
    assert empty_store.open(row.id)[2].threshold == -3.0, "to follow a link changes nothing"
    check(app.number_input(key="threshold_value").set_value(1.25).run())
    assert empty_store.open(row.id)[2].threshold == 1.25, "to choose does"


@pytest.mark.parametrize("threshold", ["nan", "inf", "-5", "x", ""])
def test_a_threshold_that_is_none_is_passed_over(fitted: AppTest, threshold: str) -> None:
    sent = address(fitted)
    app = open_address({**sent, "threshold": threshold})
    assert app.selectbox(key="threshold_rule").value == "margin" and address(app) == sent


@pytest.mark.parametrize("window", ["", "x", "5", "9-3", "-4-20", "0-100000"])
def test_a_window_that_is_none_is_passed_over(fitted: AppTest, window: str) -> None:
    app = open_address({**address(fitted), "window": window})
    assert current(app).run.view.window is None


def test_a_run_that_is_not_there_is_said_on_the_first_page() -> None:
    app = open_address({"run": "0" * 32})
    assert "There is no run" in app.error[0].value.replace("\\", "")
    assert app.title[0].value == "Unforeseen" and not address(app)


def test_a_fit_goes_on_and_is_found_when_its_page_was_closed(empty_store: RunStore) -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    app.number_input(key="epochs").set_value(10_000)
    app.number_input(key="patience").set_value(10_000)
    check(app.button(key="fit").click().run())
    job, sent = current(app).job, address(app)
    assert sent == {"run": job.id}
    del app

    wait_until(lambda: job.epochs)
    other = open_address(sent)
    assert current(other).job is job and len(other.get("progress")) == 1
    check(labelled(other.button, "Stop and use what it has").click().run())
    wait_for_job(other)
    assert current(other).run.id == job.id == empty_store.list()[0].id


def test_a_fit_that_ends_unseen_is_kept(empty_store: RunStore) -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    for key in ("hidden_units", "epochs"):
        app.number_input(key=key).set_value(3)
    check(app.button(key="fit").click().run())
    job = current(app).job
    if job is not None:
        job.wait(60)
    (row,) = empty_store.list()
    assert row.events is None or row.events >= 0
    assert "at this threshold" in " ".join(text.value for text in open_address({"run": row.id}).markdown)


def test_a_fit_discarded_is_not_kept(empty_store: RunStore) -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    app.number_input(key="epochs").set_value(10_000)
    app.number_input(key="patience").set_value(10_000)
    check(app.button(key="fit").click().run())
    job = current(app).job
    check(labelled(app.button, "Discard").click().run())
    job.wait(60)
    assert empty_store.list() == []


def test_another_file_is_another_address(fitted: AppTest) -> None:
    assert address(fitted)
    check(labelled(fitted.button, "Open another file").click().run())
    assert not address(fitted) and fitted.title[0].value == "Unforeseen"


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
    for app in pages:
        check(app.button(key="event-next").click().run())

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


def refuse(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


BEN = Person("x|ben", "Ben")


@pytest.mark.parametrize("which", ["detect", "compare", "learn"])
def test_a_run_that_is_taken_away_is_closed_on_every_page(
    fitted: AppTest, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it was another's all along: what Ben sees."""
    monkeypatch.setattr(keeping, "person", lambda: BEN)
    app = go_to(fitted, which)
    assert "There is no run" in app.error[0].value.replace("\\", "") and KEY not in app.session_state


def test_a_run_that_is_taken_away_is_not_downloaded_any_more(
    empty_store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "person", lambda: BEN)
    run = Run(sine_dataset, sine_fitted, id=save(empty_store.act_as(BEN), sine_fitted, sine_dataset))
    take = keeping.guard(run, "points.csv", lambda: b"all of it")
    assert take() == b"all of it"
    assert empty_store.act_as(BEN).sharing.noted(run.id)[0].action == "took points.csv"
    empty_store.act_as(BEN).delete(run.id)
    with pytest.raises(AccessError, match="There is no run"):
        take()


def test_verdicts_are_columns_of_the_list_only_where_there_are_any(results: AppTest) -> None:  # noqa: F811
    from anomaly.domain.settings.detecting import DetectSettings
    from anomaly.pipeline import detect
    from anomaly.runs.verdicts import judge
    from anomaly.showing.export import events_csv

    run = current(results).run
    detection = detect(run.fitted, run.dataset, DetectSettings(threshold=-1.0))
    assert judged(run, detection) is None
    run.verdicts = judge((), detection.events[0], "anomaly", "wear", "=cmd()")
    rows = list(csv.DictReader(io.StringIO(events_csv(detection, judged(run, detection)).decode())))
    assert (rows[0]["verdict"], rows[0]["tag"], rows[0]["note"]) == ("anomaly", "wear", "'=cmd()")
    assert "verdict" not in events_csv(detection).decode().splitlines()[0]


def test_runs_are_listed_and_found(fitted: AppTest, empty_store: RunStore) -> None:
    empty_store.rename(current(fitted).run.id, "After the <b>repair</b>")
    app = go_to(fitted, "runs")
    assert list(app.dataframe[0].value["name"]) == ["After the <b>repair</b>"]
    assert app.caption[0].value.startswith("1 run kept")
    check(app.text_input(key="runs-search").set_value("turbine").run())
    assert app.info[0].value == "No run has these words."


def test_what_somebody_else_noted_meanwhile_stays(fitted: AppTest, empty_store: RunStore) -> None:
    (row,) = empty_store.list()
    runs = page("runs")
    runs.session_state[CHOSEN] = [row.id]
    check(runs.run())
    runs.text_area[0].set_value("mine")
    empty_store.write_notes(row.id, "theirs")
    check(labelled(runs.button, "Save").click().run())
    assert empty_store.find(row.id).notes == "theirs\nmine" == runs.text_area[0].value
    empty_store.write_notes(row.id, "later")
    assert check(runs.run()).text_area[0].value == "later", "what is not typed here follows the store"
    runs.text_input(key=f"name-{row.id}").set_value("renamed")
    check(labelled(runs.button, "Save").click().run())
    assert (empty_store.find(row.id).name, empty_store.find(row.id).notes) == ("renamed", "later")


def test_an_empty_store_says_what_will_be_there() -> None:
    app = go_to(upload(open_app(), ("pump.csv", sensor_csv())), "runs")
    assert "as soon as its fit has ended" in app.info[0].value


def test_where_nothing_is_kept_results_are_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_open", lambda: None)
    app = fit_quickly(upload(open_app(), ("pump.csv", sensor_csv())))
    assert app.session_state[KEY].run.id is None and not address(app)
    assert "Nothing is kept here" in go_to(app, "runs").info[0].value


def test_a_store_that_fails_is_said_and_nothing_on_the_screen_is_lost(
    fitted: AppTest, empty_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunStore, "change_verdicts", refuse(RunError("The run store does not answer: disk full.")))
    app = low(fitted)
    check(app.button(key="event-next").click().run())
    check(app.button(key="mark-anomaly").click().run())
    assert "disk full" in app.toast[0].value
    assert current(app).run.verdicts[0].verdict == "anomaly"


def page_doing(line: str) -> AppTest:
    """The page Detect after one of its functions was called, as a page with a button for it does."""
    script = (
        "import streamlit as st\nfrom anomaly.ui.detect import page\nfrom anomaly.ui.lasting import fits, keeping\n"
        "from anomaly.ui.runs import rescoring\n"
        f"if 'done' not in st.session_state:\n    {line}\n    st.session_state['done'] = True\npage.show()"
    )
    return check(AppTest.from_string(script, default_timeout=60).run())


def test_new_data_are_scored_with_a_kept_run_and_what_has_drifted_is_said(
    fitted: AppTest, empty_store: RunStore
) -> None:
    (row,) = empty_store.list()
    head, *lines = sensor_csv().decode().splitlines()
    channel = current(fitted).dataset.monitored[0]
    at = head.split(",").index(channel)
    moved = [",".join(str(float(c) + 500) if n == at else c for n, c in enumerate(one.split(","))) for one in lines]
    content = "\n".join([head, *moved]).encode()
    app = page_doing(f"rescoring.score_files({row.id!r}, [({content!r}, 'june.csv')])")
    said = app.warning[-1].value.replace("\\", "")
    assert said.startswith(f"Not like what was learnt from: {channel} (median") and "100 % outside" in said
    table = next(one.value for one in app.dataframe if "drift" in one.value)
    assert table["drift"].iloc[0] == "large"
    same = page_doing(f"rescoring.score_files({row.id!r}, [({sensor_csv()!r}, 'june.csv')])")
    assert not any("Not like" in one.value for one in same.warning)

    again = open_address({"run": current(app).run.id})
    assert again.warning[-1].value.replace("\\", "") == said, "and it is said when it is opened again"
    third = page_doing(f"rescoring.score_files({current(app).run.id!r}, [({content + b' '!r}, 'july.csv')])")
    assert third.warning[-1].value.replace("\\", "") == said, "what it learnt from is what it learnt from"


def test_a_duplicate_has_the_data_and_settings_and_leaves_the_run_as_it_is(
    fitted: AppTest, empty_store: RunStore
) -> None:
    (row,) = empty_store.list()
    before = empty_store.find(row.id)
    app = page_doing(f"keeping.open_copy({row.id!r})")
    assert app.title[0].value.replace("\\", "") == "pump (copy)"
    assert app.number_input(key="hidden_units").value == current(fitted).fit.hidden_units
    app.number_input(key="hidden_units").set_value(2)
    check(app.button(key="fit").click().run())
    wait_for_job(app)
    assert sorted(one.name for one in empty_store.list()) == ["pump", "pump (copy)"]
    assert empty_store.find(row.id) == before
    assert empty_store.open(row.id)[1].settings.hidden_units != 2


def test_another_run_is_opened_while_a_fit_goes_on(fitted: AppTest, empty_store: RunStore) -> None:
    (row,) = empty_store.list()
    app = endless_fit()
    job = current(app).job
    app.session_state["pages"] = {}
    runs = AppTest.from_string(
        f"from anomaly.ui.lasting import keeping\nkeeping.show_kept({row.id!r})", default_timeout=60
    )
    runs.session_state[KEY] = current(app)
    check(runs.run())
    assert current(runs).run.id == row.id and "goes on learning" in runs.toast[0].value
    assert job.is_running and not job.is_discarded and fits.running() == [job]


def endless_fit() -> AppTest:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    for key in ("epochs", "patience"):
        app.number_input(key=key).set_value(10_000)
    check(app.button(key="fit").click().run())
    wait_until(lambda: current(app).job.epochs)
    return app


def test_a_fit_killed_again_and_again_can_be_gone_on_with_later(empty_store: RunStore) -> None:
    app = endless_fit()
    job = current(app).job
    kill_next_worker(job, kill_next_worker(job))
    job.wait(40)
    assert "it stands on the page Runs" in check(app.run()).error[0].value.replace("\\", "")
    (left,) = empty_store.workshop.broken_off()
    assert left.id == job.id and "most likely for want of memory" in left.reason
    assert "was broken off" in open_address({"run": job.id}).error[0].value.replace("\\", "")
    runs = check(page("runs").run())
    assert any("for want of memory" in text.value for text in runs.markdown)
    again = page_doing("fits.take_up(fits.broken_off()[0])")
    assert current(again).job.id == job.id and current(again).job.is_running


def test_what_was_learnt_is_not_lost_where_the_store_does_not_take_it(
    empty_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fits, "PAUSES", (0.0, 0.0))
    app = endless_fit()
    job = current(app).job
    wait_until((job._folder / CHECKPOINT).exists)
    with monkeypatch.context() as context:
        context.setattr(RunStore, "save", refuse(RunError("The run store does not answer: disk full.")))
        job.stop()
        job.wait(40)
    (left,) = empty_store.workshop.broken_off()
    assert "had learnt, but could not be kept (The run store does not answer: disk full)" in left.reason
    assert current(check(app.run())).run.id == job.id, "who still looks keeps it, under the same name"
    assert [row.id for row in empty_store.list()] == [job.id] and empty_store.workshop.broken_off() == []


def test_the_run_that_is_open_is_deleted_and_taken_back(fitted: AppTest, empty_store: RunStore) -> None:
    (row,) = empty_store.list()
    runs = page("runs")
    runs.session_state[KEY], runs.session_state[CHOSEN] = current(fitted), [row.id]
    check(runs.run())
    check(labelled(runs.button, "Delete").click().run())
    assert empty_store.list() == [] and KEY not in runs.session_state
    check(labelled(runs.button, "Undo").click().run())
    assert [one.id for one in empty_store.list()] == [row.id]


def test_a_fit_under_way_stands_on_the_page_runs_for_who_began_it(
    empty_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = current(endless_fit()).job
    runs = check(page("runs").run())
    assert any("is learning: epoch" in text.value for text in runs.markdown)
    watching = page_doing("fits.watch(fits.running()[0])")
    assert current(watching).job is job and job.is_running and not job.is_discarded
    monkeypatch.setattr(fits, "person", lambda: BEN)
    assert fits.running() == []
