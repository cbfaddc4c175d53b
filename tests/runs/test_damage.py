"""Damage on the disk: what can be made good is, and what cannot hides nothing else."""

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from anomaly.domain.exceptions import AnomalyError, RunError
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.store import RunStore
from tests.support.kept_runs import save
from tests.support.people import ADA, CLEO
from tests.support.strategies import QUICK

DAMAGED = [
    ("settings", "{not JSON"),
    ("settings", "[]"),
    ("settings", "null"),
    ("settings", '{"detect": {"threshold_rule": "of another version"}}'),
    ("artifacts", "{not JSON"),
    ("artifacts", '{"steps.parquet": 5}'),
    ("created", "yesterday"),
    ("updated", "1"),
    ("updated", b"\xff\xfe"),
    ("steps", "many"),
    ("events", "some"),
    ("cell", b"\xff\xfe"),
    ("notes", b"\xff"),
]


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """SQLite's: PostgreSQL takes no such values."""
    return RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)


def damage(store: RunStore, run: str, column: str, value: object) -> None:
    with store._database._engine.begin() as connection:
        connection.execute(sa.text(f"update runs set {column} = :value where id = :run"), {"value": value, "run": run})


@pytest.mark.parametrize(("column", "value"), DAMAGED, ids=str)
def test_a_line_that_cannot_be_read_is_listed_by_its_name_and_deleted_and_the_others_are_as_ever(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, column: str, value: object
) -> None:
    bad, good = (save(store, sine_fitted, sine_dataset, name=name) for name in ("bad", "good"))
    damage(store, bad, column, value)
    store.close()
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    store.keep_days = 1
    assert store.sweep() == 0, "what cannot be read is not taken to be old"
    for sort in ("updated", "created", "name", "events", "size"):
        rows = {row.id: row for row in store.list(sort=sort)}
        assert rows[bad].name == "bad" and rows[bad].unreadable == ("files" if column == "artifacts" else column,)
        assert rows[good].unreadable == () and rows[good].steps == 900
    assert store.count()[0] == 2 and store.find(bad) == rows[bad]
    with pytest.raises(RunError, match="The run 'bad' cannot be opened: its line in the database is damaged"):
        store.open(bad)
    store.open(good)
    store.delete(bad)
    assert [row.id for row in store.list()] == [good] and [row.id for row in store.deleted()] == [bad]
    store.restore(bad)
    assert len(store.list()) == 2


def test_a_name_that_is_damaged_is_shown_as_far_as_it_goes(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    for name in (b"pump \xff", "pump"):
        damage(store, save(store, sine_fitted, sine_dataset), "name", name)
    with store._database._engine.begin() as connection:
        connection.execute(sa.text("update runs set name = cast(name as text)"))
    assert sorted(row.name for row in store.list()) == ["pump", "pump �"]


def test_while_a_run_may_name_files_that_cannot_be_told_none_is_removed(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    files = [*store._artifacts.folder.glob("*/*")]
    assert len(files) == 6
    for path in files:
        os.utime(path, (0, 0))
    damage(store, run, "artifacts", "{not JSON")
    store.sweep()
    assert all(path.exists() for path in files)


@pytest.mark.parametrize(("column", "value"), [("swept", "yesterday"), ("sweeps", "many")])
def test_a_damaged_line_of_sweeps_is_no_reason_to_remove_anything_or_to_open_nothing(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path, column: str, value: str
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    with store._database._engine.begin() as connection:
        connection.execute(sa.text(f"update pairing set {column} = :value"), {"value": value})
    again = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    assert again.sweep() == 0 and "Nothing is ever removed" in again.unswept
    again.open(run)


def test_a_verdict_that_cannot_be_read_is_passed_over(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    from anomaly.domain.spans import Span
    from anomaly.runs.verdicts import Verdict

    run = save(store, sine_fitted, sine_dataset)
    two = (Verdict(0, Span(1, 5), "anomaly"), Verdict(0, Span(7, 9), "expected"))
    store.change_verdicts(run, lambda _: two)
    with store._database._engine.begin() as connection:
        connection.execute(sa.text("update verdicts set verdict = 'of another version' where start = 1"))
    assert store.standing(run)[1] == two[1:]


@pytest.mark.parametrize("size", [2**63 - 1, float("inf"), -1])
def test_a_size_that_no_run_has_hides_no_other(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, size: float
) -> None:
    bad, other, good = (save(store, sine_fitted, sine_dataset) for _ in range(3))
    damage(store, bad, "bytes", size)
    damage(store, other, "bytes", size)
    assert store.count() == (3, store.find(good).bytes)


def test_dates_and_roles_that_cannot_be_read_hide_nothing_else(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    from anomaly.domain.spans import Span
    from anomaly.runs.verdicts import Verdict

    ada, cleo = store.act_as(ADA), store.act_as(CLEO)
    run = save(ada, sine_fitted, sine_dataset)
    secret = ada.sharing.make_link(run, "editor")
    cleo.sharing.accept(run, secret)
    said = ada.change_verdicts(run, lambda _: (Verdict(0, Span(1, 5), "anomaly"),))
    columns = {"verdicts": "updated", "members": "since", "links": "created", "audit": "at"}
    with store._database._engine.begin() as connection:
        for table, column in columns.items():
            connection.execute(sa.text(f"update {table} set {column} = 'yesterday'"))
    assert ada.standing(run) == ("owner", said)
    assert [one.since for one in ada.sharing.people(run)] == [one.created for one in ada.sharing.links(run)] == [None]
    assert ada.sharing.noted(run)[0].at is None
    with store._database._engine.begin() as connection:
        connection.execute(sa.text("update members set role = 'x'"))
        connection.execute(sa.text("update links set role = 'x'"))
    assert ada.sharing.people(run) == ada.sharing.links(run) == []
    with pytest.raises(RunError, match="This link does not work"):
        cleo.sharing.accept(run, secret)


@pytest.mark.skipif(os.name == "nt", reason="no such files")
@pytest.mark.parametrize("kind", ["pipe", "endless", "huge"])
def test_what_is_no_file_of_the_run_is_not_waited_for_nor_read(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, kind: str
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    for path in store._artifacts.folder.glob("*/*"):
        path.unlink()
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "endless":
            path.symlink_to("/dev/zero")
        else:
            path.touch()
            os.truncate(path, 10**12)  # takes no room on the disk
    with pytest.raises(RunError, match="A file of this run cannot be read from the data folder: expected"):
        store.open(run)
    save(store, sine_fitted, sine_dataset)
    store.open(run)


@pytest.mark.parametrize("about", ["null", "[]", '{"name": 5, "settings": {}}', '{"name": "x"}', "[" * 100_000])
def test_a_fit_that_cannot_be_read_is_one_sentence(store: RunStore, sine_dataset: Dataset, about: str) -> None:
    folder = store.workshop.begin(sine_dataset, QUICK)
    store.workshop.leave(folder.name, "")
    (one,) = store.workshop.broken_off()
    (folder / "fit.json").write_text(about)
    assert store.workshop.broken_off() == []
    with pytest.raises(AnomalyError, match="There is no such fit here"):
        store.workshop.take_up(one)


def test_a_fit_does_not_go_on_with_data_that_changed(store: RunStore, sine_dataset: Dataset) -> None:
    folder = store.workshop.begin(sine_dataset, QUICK)
    store.workshop.leave(folder.name, "")
    (one,) = store.workshop.broken_off()
    path = folder / "data" / "steps.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    with pytest.raises(AnomalyError, match="have changed on the disk"):
        store.workshop.take_up(one)


@pytest.mark.parametrize("how", ["other bytes", "cut", "empty", "longer"])
def test_a_damaged_file_is_made_good_when_the_same_data_are_kept_again(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, how: str
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    for path in store._artifacts.folder.glob("*/*"):
        content = path.read_bytes()
        changed = bytes([content[0] ^ 1]) + content[1:]
        path.write_bytes({"other bytes": changed, "cut": content[:-1], "empty": b"", "longer": content + b"x"}[how])
    with pytest.raises(RunError, match="has changed on the disk"):
        store.open(run)
    again = save(store, sine_fitted, sine_dataset)
    for one in (run, again):
        store.open(one)


def test_a_file_that_is_whole_is_not_written_again(store: RunStore) -> None:
    path = store._artifacts._path(store._artifacts.put(b"x" * 1000))
    before = path.stat().st_ino
    store._artifacts.put(b"x" * 1000)
    assert path.stat().st_ino == before
