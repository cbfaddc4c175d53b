"""Fits that go on without their page, are found again, or are broken off."""

import pytest
from streamlit.testing.v1 import AppTest

from anomaly.domain.exceptions import RunError
from anomaly.runs.jobs.worker import CHECKPOINT
from anomaly.runs.store import RunStore
from anomaly.ui.lasting import fits
from anomaly.ui.session.opened import KEY
from tests.support.fit_jobs import kill_next_worker, wait_until
from tests.support.kept_runs import refuse
from tests.support.pages import (
    address,
    check,
    choose_endless,
    choose_quick,
    current,
    endless_fit,
    labelled,
    open_address,
    open_app,
    page,
    page_doing,
    sensor_csv,
    upload,
    wait_for_job,
)
from tests.support.people import BEN

pytestmark = pytest.mark.usefixtures("empty_store")


def test_a_fit_goes_on_and_is_found_when_its_page_was_closed(empty_store: RunStore) -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    choose_endless(app)
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
    choose_quick(app)
    check(app.button(key="fit").click().run())
    job = current(app).job
    if job is not None:
        job.wait(60)
    (row,) = empty_store.list()
    assert row.events is None or row.events >= 0
    assert "at this threshold" in " ".join(text.value for text in open_address({"run": row.id}).markdown)


def test_a_fit_discarded_is_not_kept(empty_store: RunStore) -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    choose_endless(app)
    check(app.button(key="fit").click().run())
    job = current(app).job
    check(labelled(app.button, "Discard").click().run())
    # It ends after its epoch; nothing leads to it any more.
    assert fits.running() == [] and fits.find_running(job.id) is None
    job.wait(60)
    assert empty_store.list() == []


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
