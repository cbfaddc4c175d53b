"""What a sweep must not take: what it does not know, what a wrong clock makes old, and all at once."""

import datetime
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from anomaly.domain.exceptions import RunError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.fitting import FitSettings
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.database.schema import pairing, runs
from anomaly.runs.store import RunStore
from anomaly.ui.lasting import keeping
from tests.support.checkout import ROOT
from tests.support.kept_runs import save
from tests.support.pages import check, page

Wait = Callable[..., int]


@pytest.fixture
def sweep_after(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> Wait:
    """A sweep, so many days and hours from now by the clock."""

    def sweep(days: float = 0.0, hours: float = 0.0, swept: RunStore = store) -> int:
        at = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(days=days, hours=hours)
        monkeypatch.setattr("anomaly.runs.store.now", lambda: at)
        return swept.sweep()

    return sweep


def files(store: RunStore) -> list[Path]:
    return sorted(store._artifacts.folder.glob("*/*"))


def make_old(store: RunStore) -> None:
    for path in files(store):
        os.utime(path, (0, 0))


def write(store: RunStore, change: sa.Executable) -> None:
    with store._database.begin() as connection:
        connection.execute(change)


def open_other(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'other.sqlite'}", tmp_path)


def open_again(store: RunStore, folder: Path) -> RunStore:
    return RunStore(store._database._engine.url.render_as_string(hide_password=False), folder)


def forget_pairing(store: RunStore, tmp_path: Path) -> None:
    """As database and folder were before they had an id."""
    write(store, sa.text("drop table pairing"))
    write(store, sa.text("drop table sign_outs"))
    write(store, sa.text("update alembic_version set version_num = '0002'"))
    for mark in (tmp_path / "databases").iterdir():
        mark.unlink()


def test_another_database_on_the_folder_takes_nothing_and_loses_nothing(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, sweep_after: Wait
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    unfinished = store.workshop.begin(sine_dataset, FitSettings())
    store.workshop._locks.pop(unfinished.name).release()
    make_old(store)
    other = open_other(tmp_path)
    assert "another database" in other.unswept and store.unswept == ""
    sweep_after(swept=other)
    assert len(files(store)) == 6 and unfinished.exists()
    # It works all the same, and what it keeps is not taken by the first.
    content = b"of the other database"
    own = save(other, sine_fitted, sine_dataset)
    digest = other._artifacts.put(content)
    make_old(store)
    sweep_after()
    assert len(files(store)) == 7 and other._artifacts.get(digest) == content
    assert "another database" in store.unswept
    store.open(run)
    other.open(own)


def test_a_new_database_on_a_folder_from_before_there_were_ids_takes_nothing(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, sweep_after: Wait
) -> None:
    save(store, sine_fitted, sine_dataset)
    for number in range(10):
        store._artifacts.put(b"%d of other runs" % number)
    forget_pairing(store, tmp_path)
    make_old(store)
    # It has the same demonstration.
    save(RunStore(f"sqlite:///{tmp_path / 'other.sqlite'}", tmp_path / "elsewhere"), sine_fitted, sine_dataset)
    other = open_other(tmp_path)
    sweep_after(swept=other)
    assert other.unswept and len(files(store)) == 16


def test_an_old_folder_and_database_are_paired(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, sweep_after: Wait
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    digest = store._artifacts.put(b"of no run")
    forget_pairing(store, tmp_path)
    make_old(store)
    again = open_again(store, tmp_path)
    assert again.unswept == ""
    sweep_after(swept=again)
    assert len(files(store)) == 6 and not again._artifacts._path(digest).exists()
    again.open(run)
    again.close()


def test_a_database_that_was_put_back_from_a_copy_takes_nothing_until_that_is_meant(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, sweep_after: Wait
) -> None:
    save(store, sine_fitted, sine_dataset)
    sweep_after()
    with store._database.begin() as connection:
        copied = dict(connection.execute(sa.select(pairing)).mappings().one())
    store._artifacts.put(b"of a run kept since")
    sweep_after()
    write(store, pairing.update().values(copied))
    make_old(store)
    for _ in range(3):
        sweep_after()
    assert "put back from a copy" in store.unswept and len(files(store)) == 7
    (tmp_path / "databases" / copied["id"]).unlink()
    again = open_again(store, tmp_path)
    assert again.unswept == ""
    sweep_after(swept=again)
    assert len(files(store)) == 6
    again.close()


def test_an_emptied_database_takes_nothing_for_a_week(store: RunStore, sweep_after: Wait) -> None:
    for number in range(40):
        store._artifacts.put(b"%d of a run whose line is gone" % number)
    make_old(store)
    for days in (0, 1, 6.9):
        sweep_after(days)
        assert len(files(store)) == 40 and "no run is missing" in store.unswept
    sweep_after(7.1)
    assert files(store) == [] and store.unswept == ""


def test_machines_with_a_folder_each_share_a_database(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, sweep_after: Wait
) -> None:
    other = open_again(store, tmp_path / "of another machine")
    here, there = save(store, sine_fitted, sine_dataset), save(other, sine_fitted, sine_dataset)
    for one in (store, other):
        digest = one._artifacts.put(b"of no run")
        make_old(one)
        sweep_after(swept=one)
        assert one.unswept == "" and len(files(one)) == 6 and not one._artifacts._path(digest).exists()
    store.open(here)
    other.open(there)
    other.close()


BEGINNER = """
import sys
from pathlib import Path
from anomaly.runs import RunStore
print("ready", flush=True)
sys.stdin.read()
print("unswept:", RunStore(sys.argv[1], Path(sys.argv[2])).unswept)
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_servers_that_begin_at_once_agree(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres")
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text("drop schema public cascade"))
            connection.execute(sa.text("create schema public"))
        engine.dispose()
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", BEGINNER, url, tmp_path / "data"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(4)
    ]
    for one in begun:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    for one in begun:
        assert one.stdin is not None
        one.stdin.close()
    said = [one.stdout.read().strip() for one in begun if one.stdout is not None]
    assert [one.wait() for one in begun] == [0] * 4 and said == ["unswept:"] * 4
    assert len(list((tmp_path / "data" / "databases").iterdir())) == 1


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_that_jumped_takes_nothing_however_often_it_is_asked(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, sweep_after: Wait, years: int
) -> None:
    kept, deleted = (save(store, sine_fitted, sine_dataset) for _ in range(2))
    store.keep_days = 30
    sweep_after()
    store.delete(deleted)
    broken = store.workshop.begin(sine_dataset, FitSettings())
    (broken / "data").rename(broken / ".data")
    store.workshop._locks.pop(broken.name).release()
    store._artifacts.put(b"of no run")
    make_old(store)
    for hours in (0, 1, 24, 167):
        assert sweep_after(365 * years, hours) == 0
        assert "clock jumped" in store.unswept
    # Put right, that is another jump.
    for days in (0, 1, 6.9):
        assert sweep_after(days) == 0 and "clock jumped" in store.unswept
    assert len(files(store)) == 7 and broken.exists()
    assert sweep_after(7.1) == 1 and store.unswept == ""
    assert len(files(store)) == 6 and not broken.exists()
    assert [row.id for row in store.list()] == [kept]


def test_a_clock_that_went_on_for_a_week_after_a_jump_is_believed(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, sweep_after: Wait
) -> None:
    """A server that slept for half a year."""
    save(store, sine_fitted, sine_dataset)
    store.keep_days = 30
    sweep_after()
    assert [sweep_after(days) for days in (180, 183, 186.9, 187.1)] == [0, 0, 0, 1]


def test_the_clock_of_a_database_that_was_never_swept_is_held_against_its_runs(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, sweep_after: Wait
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    write(store, runs.update().values(updated=datetime.datetime(2020, 1, 1)))
    forget_pairing(store, tmp_path)
    again = open_again(store, tmp_path)
    again.keep_days = 30
    assert sweep_after(swept=again) == sweep_after(hours=1, swept=again) == 0
    assert again.find(run).id == run
    again.close()


def test_clocks_of_two_machines_may_differ_a_little(store: RunStore, sweep_after: Wait) -> None:
    sweep_after(hours=0.1)
    sweep_after()
    assert store.unswept == ""


@pytest.mark.parametrize("count", [5, 6])
def test_more_than_a_handful_of_runs_never_go_all_at_once(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, sweep_after: Wait, count: int
) -> None:
    for _ in range(count):
        save(store, sine_fitted, sine_dataset)
    store.keep_days = 30
    is_all = count > 5
    assert [sweep_after(days) for days in (31, 31.1, 37.9, 38.1)] == ([0, 0, 0, 6] if is_all else [5, 0, 0, 0])


def test_of_many_runs_those_that_are_old_go(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, sweep_after: Wait
) -> None:
    for _ in range(7):
        new = save(store, sine_fitted, sine_dataset)
    write(store, runs.update().where(runs.c.id != new).values(updated=datetime.datetime(2020, 1, 1)))
    store.keep_days = 30
    assert sweep_after() == 6 and [row.id for row in store.list()] == [new]


@pytest.mark.parametrize("by", ["age", "deletion"])
def test_the_files_of_a_run_that_went_lie_in_the_trash_for_a_week(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, sweep_after: Wait, by: str
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    if by == "age":
        store.keep_days = 30
    else:
        store.delete(run)
    make_old(store)
    assert sweep_after(31) == 1 and files(store) == []
    for days in (32, 38):
        sweep_after(days)
        assert len(list((tmp_path / "trash").glob("*/*"))) == 6
    sweep_after(39)
    assert list((tmp_path / "trash").iterdir()) == []


@pytest.mark.parametrize("wanted", ["read", "put", "named"])
def test_what_is_wanted_again_comes_back_from_the_trash(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, sweep_after: Wait, wanted: str
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    with store._database.begin() as connection:
        line = dict(connection.execute(sa.select(runs)).mappings().one())
    contents = [path.read_bytes() for path in files(store)]
    digests = [path.name for path in files(store)]
    store.delete(run)
    make_old(store)
    sweep_after(2)
    assert files(store) == [] and len(list((tmp_path / "trash").glob("*/*"))) == 6
    if wanted == "read":
        assert [store._artifacts.get(digest) for digest in digests] == contents
    elif wanted == "put":
        save(store, sine_fitted, sine_dataset)
    else:
        # As where the run was saved in the moment in which its files were moved.
        write(store, runs.insert().values(line))
        sweep_after(20)
        store.open(run)
    assert [path.name for path in files(store)] == digests
    assert not list((tmp_path / "trash").glob("*/*"))


def test_what_was_moved_and_is_past_its_days_is_gone(store: RunStore, sweep_after: Wait) -> None:
    digest = store._artifacts.put(b"of no run")
    make_old(store)
    sweep_after()
    sweep_after(9)
    with pytest.raises(RunError, match="is gone from the data folder"):
        store._artifacts.get(digest)


def test_the_page_says_why_nothing_is_swept(
    tmp_path: Path, sine_fitted: Fitted, sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    save(first, sine_fitted, sine_dataset)

    def said(store: RunStore) -> str:
        monkeypatch.setattr(keeping, "_open", lambda: store)
        app: AppTest = check(page("runs").run())
        return " ".join(info.value for info in app.info).replace("\\", "")

    other = open_other(tmp_path)
    assert other.unswept in said(other) and "removed" not in said(first)
