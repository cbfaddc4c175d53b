"""The page Runs, verdicts, and the address that opens a run again, driven without a browser."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from anomaly.runs import RunStore
from anomaly.ui import keeping
from anomaly.ui.results import judged
from anomaly.ui.session import KEY
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
from tests.test_app_compare import go_to
from tests.test_jobs import wait_until


@pytest.fixture(autouse=True)
def empty_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RunStore]:
    opened = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    monkeypatch.setattr(keeping, "_open", lambda: opened)
    yield opened
    for job in list(keeping._running.values()):
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


def test_the_address_holds_the_window_and_a_threshold_of_its_own(fitted: AppTest) -> None:
    low(fitted)
    sent = {**address(fitted), "window": "100-200", "threshold": "1.5"}
    app = open_address(sent)
    view = current(app).run.view
    assert (view.window.start, view.window.stop) == (100, 200)
    assert app.selectbox(key="threshold_rule").value == "value"
    assert app.number_input(key="threshold_value").value == 1.5
    assert address(app) == sent


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
    kept = empty_store.verdicts(run.id)
    assert sorted((one.verdict, one.tag) for one in kept) == [("anomaly", ""), ("expected", "operator")]
    assert any("precision 50 %" in text.value for text in app.markdown)
    table = app.dataframe[0].value
    assert list(table["verdict"][:2]) == ["anomaly", "expected"]

    again = open_address(address(app))
    assert list(again.dataframe[0].value["verdict"][:2]) == ["anomaly", "expected"]

    check(app.button(key="mark-expected").click().run())
    assert [one.verdict for one in empty_store.verdicts(run.id)] == ["anomaly"], "a second press takes the mark off"


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
    (verdict,) = empty_store.verdicts(current(app).run.id)
    assert (verdict.span.start, verdict.span.stop, verdict.tag) == (100, 120, "missed")
    assert any("1 missed anomaly added" in text.value for text in app.markdown)


def test_verdicts_are_columns_of_the_list_only_where_there_are_any(results: AppTest) -> None:  # noqa: F811
    from anomaly.export import events_csv
    from anomaly.pipeline import detect
    from anomaly.runs import judge
    from anomaly.settings import DetectSettings

    run = current(results).run
    detection = detect(run.fitted, run.dataset, DetectSettings(threshold=-1.0))
    assert judged(run, detection) is None
    run.verdicts = judge((), detection.events[0], "anomaly", "wear", "=cmd()")
    rows = list(csv.DictReader(io.StringIO(events_csv(detection, judged(run, detection)).decode())))
    assert (rows[0]["verdict"], rows[0]["tag"], rows[0]["note"]) == ("anomaly", "wear", "'=cmd()")
    assert "verdict" not in events_csv(detection).decode().splitlines()[0]


def test_runs_are_listed_and_found(fitted: AppTest, empty_store: RunStore) -> None:
    empty_store.rename(current(fitted).run.id, "After the <b>repair</b>")
    app = go_to(fitted, "runs_page")
    assert list(app.dataframe[0].value["name"]) == ["After the <b>repair</b>"]
    assert app.caption[0].value.startswith("1 run kept")
    check(app.text_input(key="runs-search").set_value("turbine").run())
    assert app.info[0].value == "No run has these words."


def test_an_empty_store_says_what_will_be_there() -> None:
    app = go_to(upload(open_app(), ("pump.csv", sensor_csv())), "runs_page")
    assert "as soon as its fit has ended" in app.info[0].value


def test_where_nothing_is_kept_results_are_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_open", lambda: None)
    app = fit_quickly(upload(open_app(), ("pump.csv", sensor_csv())))
    assert app.session_state[KEY].run.id is None and not address(app)
    assert "Nothing is kept here" in go_to(app, "runs_page").info[0].value


def test_a_store_that_fails_is_said_and_nothing_on_the_screen_is_lost(
    fitted: AppTest, empty_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anomaly.exceptions import RunError

    def fail(*_: object, **__: object) -> None:
        raise RunError("The run store does not answer: disk full.")

    monkeypatch.setattr(empty_store, "write_verdicts", fail)
    app = low(fitted)
    check(app.button(key="event-next").click().run())
    check(app.button(key="mark-anomaly").click().run())
    assert "disk full" in app.toast[0].value
    assert current(app).run.verdicts[0].verdict == "anomaly"


def page_doing(line: str) -> AppTest:
    """The page Detect after one of its functions was called, as a page with a button for it does."""
    script = (
        "import streamlit as st\nfrom anomaly.ui import detect_page, keeping, rescoring\n"
        f"if 'done' not in st.session_state:\n    {line}\n    st.session_state['done'] = True\ndetect_page.show()"
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


def test_a_fit_under_way_stands_on_the_page_runs_for_who_began_it(
    empty_store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anomaly.runs import Person

    app = upload(open_app(), ("pump.csv", sensor_csv()))
    for key in ("epochs", "patience"):
        app.number_input(key=key).set_value(10_000)
    check(app.button(key="fit").click().run())
    job = current(app).job
    wait_until(lambda: job.epochs)
    runs = check(AppTest.from_string("from anomaly.ui import runs_page\nruns_page.show()", default_timeout=60).run())
    assert any("is learning: epoch" in text.value for text in runs.markdown)
    watching = page_doing("keeping.watch(keeping.running()[0])")
    assert current(watching).job is job and job.is_running and not job.is_discarded
    monkeypatch.setattr(keeping, "person", lambda: Person("x|ben", "Ben"))
    assert keeping.running() == []
