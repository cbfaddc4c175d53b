"""Damage on the disk: what can be made good is, and what cannot hides nothing else."""

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from anomaly.domain.exceptions import RunError
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.store import RunStore
from tests.support.kept_runs import save

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
