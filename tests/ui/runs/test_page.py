"""The page Runs: runs found, named, scored with, copied and deleted; driven without a browser."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from anomaly.domain.exceptions import AccessError
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.place import open_store
from anomaly.runs.store import RunStore
from anomaly.ui.lasting import keeping
from anomaly.ui.runs.page import CHOSEN
from anomaly.ui.session.opened import KEY
from anomaly.ui.session.run import Run
from tests.support.kept_runs import save
from tests.support.pages import (
    address,
    check,
    current,
    fit_quickly,
    go_to,
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


def test_a_note_that_was_not_shown_for_a_time_is_not_erased_by_saving(fitted: AppTest, empty_store: RunStore) -> None:
    (row,) = empty_store.list()
    note = "pump 3, after the repair"
    empty_store.write_notes(row.id, note)
    runs = page("runs")
    for chosen in ([row.id], [], [row.id]):
        runs.session_state[CHOSEN] = chosen
        check(runs.run())
    assert (runs.text_input(key=f"name-{row.id}").value, runs.text_area[0].value) == (row.name, note)
    check(labelled(runs.button, "Save").click().run())
    assert (empty_store.find(row.id).name, empty_store.find(row.id).notes) == (row.name, note)
    runs.text_area[0].set_value("")
    empty_store.write_notes(row.id, "theirs")
    check(labelled(runs.button, "Save").click().run())
    assert empty_store.find(row.id).notes == "theirs", "who empties a note has not seen what came meanwhile"


def test_an_empty_store_says_what_will_be_there() -> None:
    app = go_to(upload(open_app(), ("pump.csv", sensor_csv())), "runs")
    assert "as soon as its fit has ended" in app.info[0].value


def test_where_nothing_is_kept_results_are_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_open", lambda: None)
    app = fit_quickly(upload(open_app(), ("pump.csv", sensor_csv())))
    assert app.session_state[KEY].run.id is None and not address(app)
    assert "Nothing is kept here" in go_to(app, "runs").info[0].value


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


def test_the_run_that_is_open_is_deleted_and_taken_back(fitted: AppTest, empty_store: RunStore) -> None:
    (row,) = empty_store.list()
    runs = page("runs")
    runs.session_state[KEY], runs.session_state[CHOSEN] = current(fitted), [row.id]
    check(runs.run())
    check(labelled(runs.button, "Delete").click().run())
    assert empty_store.list() == [] and KEY not in runs.session_state
    check(labelled(runs.button, "Undo").click().run())
    assert [one.id for one in empty_store.list()] == [row.id]


def test_a_run_whose_line_is_damaged_is_shown_as_unreadable_and_can_be_deleted(
    fitted: AppTest, empty_store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    bad = save(empty_store, sine_fitted, sine_dataset, name="Pump *3*")
    with empty_store._database._engine.begin() as connection:
        connection.execute(sa.text("update runs set settings = '{', updated = 'x' where id = :run"), {"run": bad})
    runs = page("runs")
    runs.session_state[CHOSEN] = [bad]
    check(runs.run())
    table = runs.dataframe[0].value
    assert set(table["name"]) == {"pump", "Pump *3*"}
    assert any(text.startswith("Cannot be read: updated, settings") for text in table["notes"])
    said = runs.warning[0].value.replace("\\", "")
    assert said.startswith("Pump *3* cannot be opened: its line in the database is damaged") and not runs.text_input[1:]
    check(labelled(runs.button, "Delete").click().run())
    assert [row.name for row in empty_store.list()] == ["pump"]
    again = page("runs")
    again.session_state[CHOSEN] = [empty_store.list()[0].id]
    assert not check(again.run()).warning and labelled(again.button, "Open")


def test_a_data_folder_that_was_taken_away_is_said_on_the_page(fitted: AppTest, tmp_path: Path) -> None:
    runs = go_to(fitted, "runs")
    assert runs.caption[0].value.startswith("1 run kept")
    tmp_path.rename(elsewhere := tmp_path.with_name(f"{tmp_path.name}-elsewhere"))
    check(runs.run())
    assert "is gone, and what was kept in it: put it back" in runs.error[0].value.replace("\\", "")
    assert not any("kept" in text.value for text in (*runs.caption, *runs.info))
    elsewhere.rename(tmp_path)
    assert check(runs.run()).caption[0].value.startswith("1 run kept")


def as_seen(text: str) -> str:
    """Without what keeps Markdown from making links and signs of it."""
    return text.replace("\\", "").replace(":small[]", "")


@pytest.mark.parametrize(
    ("url", "content", "said"),
    [
        ("sqlite:///{}", b"no database, but a letter" * 99, "no SQLite database"),
        ("postgresql+psycopg://u:secret@host:port/x", b"", "expected sqlite:///FILE or"),
        ("sqlite:///{}", None, "a newer version of this program made it"),
    ],
)
def test_where_the_store_cannot_be_opened_that_is_said_on_every_page_and_nothing_else(
    url: str, content: bytes | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "other.sqlite"
    if content is None:
        with closing(sqlite3.connect(file)) as newer:
            newer.executescript("create table alembic_version (version_num); insert into alembic_version values (9999)")
    else:
        file.write_bytes(content)
    monkeypatch.setenv("ANOMALY_DATA", str(tmp_path))
    monkeypatch.setenv("ANOMALY_DATABASE_URL", url.format(file))
    monkeypatch.setattr(keeping, "_open", open_store)
    for _ in range(2):
        runs = check(page("runs").run())
        assert said in as_seen(runs.error[0].value) and len(runs.error) == 1
        assert not runs.info, "that nothing is to be kept is another thing"
    app = open_address({"run": "0" * 32})
    assert said in as_seen(app.error[0].value) and len(app.error) == 1
    app = fit_quickly(upload(open_app(), ("pump.csv", sensor_csv())))
    assert app.session_state[KEY].run is not None and said in as_seen(app.error[0].value)


def test_that_others_may_read_what_is_kept_is_said(empty_store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(empty_store, "exposed", "Other accounts may read it.")
    assert check(page("runs").run()).warning[0].value.replace("\\", "") == "Other accounts may read it."
