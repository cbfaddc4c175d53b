"""One person's runs are no other's: held at the store's functions, in both databases."""

import datetime
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from anomaly.domain.exceptions import AnomalyError, RunError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.settings.fitting import FitSettings
from anomaly.domain.spans import Span
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.archive import pack_dataset
from anomaly.runs.database.schema import audit, runs
from anomaly.runs.people import LOCAL, Person
from anomaly.runs.sharing import Sharing
from anomaly.runs.store import RunStore
from anomaly.runs.verdicts import Verdict
from tests.test_runs import save

ADA, BEN, CLEO = (Person(f"https://id.example|{name}", name.title()) for name in ("ada", "ben", "cleo"))
JUDGED = (Verdict(0, Span(1, 5), "anomaly"),)
NEVER = "There is no run"

ASKS: dict[str, Callable[[RunStore, str], object]] = {"standing": lambda store, run: store.standing(run)}
READS: dict[str, Callable[[RunStore, str], object]] = {
    "find": lambda store, run: store.find(run),
    "open": lambda store, run: store.open(run),
    "note": lambda store, run: store.note(run, "took points.csv"),
}
CHANGES: dict[str, Callable[[RunStore, str], object]] = {
    "rename": lambda store, run: store.rename(run, "mine now"),
    "write_notes": lambda store, run: store.write_notes(run, "mine now"),
    "look_again": lambda store, run: store.look_again(run, DetectSettings(min_length=9), 99),
    "change_verdicts": lambda store, run: store.change_verdicts(run, lambda _: JUDGED),
}
OWNERS: dict[str, Callable[[RunStore, str], object]] = {
    "delete": lambda store, run: store.delete(run),
    "make_link": lambda store, run: store.sharing.make_link(run, "editor"),
    "people": lambda store, run: store.sharing.people(run),
    "links": lambda store, run: store.sharing.links(run),
    "noted": lambda store, run: store.sharing.noted(run),
    "withdraw": lambda store, run: store.sharing.withdraw(run, 1),
    "remove another": lambda store, run: store.sharing.remove(run, CLEO.id),
}
ALL = {**ASKS, **READS, **CHANGES, **OWNERS}


@pytest.fixture
def run(store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset) -> str:
    """Ada's, which Cleo may edit."""
    ada = store.act_as(ADA)
    kept = save(ada, sine_fitted, sine_dataset)
    store.act_as(CLEO).sharing.accept(kept, ada.sharing.make_link(kept, "editor"))
    return kept


def everything(store: RunStore) -> list[tuple[object, ...]]:
    """All lines of all tables but the audit."""
    with store._database.begin() as connection:
        tables = [table for table in runs.metadata.sorted_tables if table is not audit]
        return [(table.name, *line) for table in tables for line in connection.execute(sa.select(table))]


def test_every_function_is_held_here() -> None:
    """A new one has to be put under one of the roles above, or be free by intent."""

    def of(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    free = {"save", "keep_days", "list", "deleted", "count", "sweep", "close", "act_as", "restore"}
    assert of(RunStore) - free == {*ASKS, *READS, *CHANGES, "delete"}
    assert of(Sharing) - {"accept", "remove"} == set(OWNERS) - {"delete", "remove another"}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("stranger", [BEN, LOCAL], ids=["signed in", "without an account"])
def test_a_stranger_finds_no_run_by_its_id(
    store: RunStore,
    run: str,
    name: str,
    stranger: Person,
) -> None:
    before = everything(store)
    with pytest.raises(RunError) as refusal:
        ALL[name](store.act_as(stranger), run)
    assert NEVER in str(refusal.value) or "needs accounts" in str(refusal.value)
    assert everything(store) == before


def test_a_stranger_reads_the_same_words_as_where_there_is_none(store: RunStore, run: str) -> None:
    said = []
    for one in (run, "0" * 32):
        with pytest.raises(RunError) as refusal:
            store.act_as(BEN).open(one)
        said.append(str(refusal.value).replace(one, ""))
    assert said[0] == said[1]


def test_lists_and_counts_hold_what_one_may_see(
    store: RunStore,
    run: str,
    sine_fitted: Fitted,
    sine_dataset: Dataset,
) -> None:
    own = save(store.act_as(BEN), sine_fitted, sine_dataset, name="Ben's")
    seen = {who.name: [(row.id, row.role) for row in store.act_as(who).list()] for who in (ADA, BEN, CLEO, LOCAL)}
    assert seen == {"Ada": [(run, "owner")], "Ben": [(own, "owner")], "Cleo": [(run, "editor")], "you": []}
    assert store.act_as(CLEO).list()[0].owner == "Ada"
    store.act_as(ADA).delete(run)
    assert [[row.id for row in store.act_as(who).deleted()] for who in (ADA, BEN, CLEO, LOCAL)] == [[run], [], [], []]
    store.act_as(ADA).restore(run)
    assert [store.act_as(who).count()[0] for who in (ADA, BEN, CLEO, LOCAL)] == [1, 1, 1, 0]
    assert store.act_as(BEN).list("made") == store.act_as(BEN).list(), "a search finds no more"


@pytest.mark.parametrize("name", CHANGES)
def test_a_viewer_reads_and_an_editor_changes(store: RunStore, run: str, name: str) -> None:
    viewer, editor = store.act_as(BEN), store.act_as(CLEO)
    viewer.sharing.accept(run, store.act_as(ADA).sharing.make_link(run, "viewer"))
    for read in READS.values():
        read(viewer, run)
    before = everything(store)
    with pytest.raises(RunError, match="You may look at this run, but not change it"):
        CHANGES[name](viewer, run)
    assert everything(store) == before
    CHANGES[name](editor, run)
    assert everything(store) != before


@pytest.mark.parametrize("name", OWNERS)
def test_what_is_the_owners_is_no_editors(store: RunStore, run: str, name: str) -> None:
    editor = store.act_as(CLEO) if name != "remove another" else store.act_as(BEN)
    if name == "remove another":
        editor.sharing.accept(run, store.act_as(ADA).sharing.make_link(run, "editor"))
    before = everything(store)
    with pytest.raises(RunError, match="only its owner may"):
        OWNERS[name](editor, run)
    assert everything(store) == before


def test_a_deleted_run_is_taken_back_by_its_owner_alone(store: RunStore, run: str) -> None:
    store.act_as(ADA).delete(run)
    for other in (BEN, CLEO, LOCAL):
        with pytest.raises(RunError, match="cannot be taken back"):
            store.act_as(other).restore(run)
        assert store.act_as(other).list() == []
    store.act_as(ADA).restore(run)
    assert store.act_as(CLEO).find(run).role == "editor"


# ---- links ----


def test_a_link_works_for_its_own_run_until_it_is_withdrawn(
    store: RunStore,
    run: str,
    sine_fitted: Fitted,
    sine_dataset: Dataset,
) -> None:
    ada, ben = store.act_as(ADA), store.act_as(BEN)
    other = save(ada, sine_fitted, sine_dataset)
    secret = ada.sharing.make_link(run, "viewer")
    for where, what in ((other, secret), (run, secret + "x"), (run, ""), ("0" * 32, secret)):
        with pytest.raises(RunError, match="This link does not work"):
            ben.sharing.accept(where, what)
    with pytest.raises(RunError, match="This link does not work"):
        store.sharing.accept(run, secret)
    assert ben.sharing.accept(run, secret) == "viewer"
    for link in ada.sharing.links(run):
        ada.sharing.withdraw(run, link.id)
    with pytest.raises(RunError, match="This link does not work"):
        store.act_as(Person("x|dora", "Dora")).sharing.accept(run, secret)
    assert ben.find(run).role == "viewer", "who came by it stays until removed"
    ada.sharing.remove(run, BEN.id)
    with pytest.raises(RunError, match=NEVER):
        ben.open(run)


def test_a_link_grows_old(store: RunStore, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = store.act_as(ADA).sharing.make_link(run, "viewer")
    later = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(days=31)
    monkeypatch.setattr("anomaly.runs.sharing.now", lambda: later)
    with pytest.raises(RunError, match="older than 30 days"):
        store.act_as(BEN).sharing.accept(run, secret)


def test_a_second_link_gives_more_and_never_less(store: RunStore, run: str) -> None:
    ada, cleo = store.act_as(ADA), store.act_as(CLEO)
    assert cleo.sharing.accept(run, ada.sharing.make_link(run, "viewer")) == "editor"
    assert ada.sharing.accept(run, ada.sharing.make_link(run, "viewer")) == "owner"
    assert [(one.name, one.role) for one in ada.sharing.people(run)] == [("Cleo", "editor")]


def test_who_is_removed_cannot_come_back_by_an_old_link(store: RunStore, run: str) -> None:
    ada, ben = store.act_as(ADA), store.act_as(BEN)
    secret = ada.sharing.make_link(run, "editor")
    ben.sharing.accept(run, secret)
    ada.sharing.remove(run, BEN.id)
    with pytest.raises(RunError, match="This link does not work"):
        ben.sharing.accept(run, secret)
    assert store.act_as(CLEO).find(run).role == "editor", "others keep what they have"


def test_one_can_leave(store: RunStore, run: str) -> None:
    store.act_as(CLEO).sharing.remove(run, CLEO.id)
    assert store.act_as(CLEO).list() == [] and store.act_as(ADA).sharing.people(run) == []


def test_the_secret_of_a_link_is_not_kept(store: RunStore, run: str) -> None:
    secret = store.act_as(ADA).sharing.make_link(run, "viewer")
    assert len(secret) >= 40 and secret not in repr(everything(store))


def test_nothing_is_shared_without_accounts(store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset) -> None:
    own = save(store, sine_fitted, sine_dataset)
    with pytest.raises(RunError, match="Sharing needs accounts"):
        store.sharing.make_link(own, "viewer")
    with store._database.begin() as connection:
        assert not connection.execute(sa.select(audit)).all(), "one person alone is not watched"


# ---- the audit ----


def test_every_read_and_change_is_written_down(store: RunStore, run: str) -> None:
    ada = store.act_as(ADA)
    before = len(ada.sharing.noted(run))
    for act in (*READS.values(), *CHANGES.values()):
        act(store.act_as(CLEO), run)
    with pytest.raises(RunError):
        store.act_as(BEN).open(run)
    noted = [(one.name, one.action) for one in reversed(ada.sharing.noted(run))][before:]
    assert [action for name, action in noted if name == "Cleo"] == [
        "looked it up", "opened it", "took points.csv", "renamed it", "wrote notes", "changed how it is looked at",
        "judged events",
    ]  # fmt: skip
    assert ("Ben", "was refused: opened it") in noted


def test_the_audit_outlives_the_run_until_it_is_as_old(
    store: RunStore,
    run: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lines() -> int:
        with store._database.begin() as connection:
            return len(connection.execute(sa.select(audit).where(audit.c.run == run)).all())

    store.keep_days = 30
    store.act_as(ADA).delete(run)
    for days, left in ((2, True), (40, False)):
        later = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(days=days)
        monkeypatch.setattr("anomaly.runs.store.now", lambda later=later: later)
        store.sweep()
        assert bool(lines()) == left


# ---- fits under way ----


def test_a_fit_broken_off_is_its_owners(tmp_path: Path, sine_dataset: Dataset) -> None:
    url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    begun = RunStore(url, tmp_path).act_as(ADA)
    folder = begun.workshop.begin(sine_dataset, FitSettings())
    (folder / "data").mkdir()
    begun.workshop._locks.pop(folder.name).release()

    again = RunStore(url, tmp_path)
    (mine,) = again.act_as(ADA).workshop.broken_off()
    for other in (BEN, LOCAL):
        workshop = again.act_as(other).workshop
        assert workshop.broken_off() == []
        with pytest.raises(AnomalyError, match="There is no such fit"):
            workshop.take_up(mine)
        workshop.remove(mine.id)
        assert folder.exists()
    again.act_as(ADA).workshop.remove(mine.id)
    assert not folder.exists()


def test_a_fit_left_for_later_says_why_and_forgets_it_when_it_goes_on(tmp_path: Path, sine_dataset: Dataset) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    folder = store.workshop.begin(sine_dataset, FitSettings(cell="gru"))
    (folder / "data").mkdir()
    for name, content in pack_dataset(sine_dataset).items():
        (folder / "data" / name).write_bytes(content)
    store.act_as(BEN).workshop.leave(folder.name, "another's word")
    assert store.workshop.broken_off() == []
    store.workshop.leave(folder.name, "no memory was left")
    (left,) = store.workshop.broken_off()
    assert (left.cell, left.reason) == ("gru", "no memory was left")
    store.sweep()
    assert store.workshop.take_up(left)[1].cell == "gru" and store.workshop.broken_off() == []
    store.workshop._release(folder.name)
    assert store.workshop.broken_off()[0].reason == ""


def test_a_fit_left_for_longer_than_runs_are_kept_goes(tmp_path: Path, sine_dataset: Dataset) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    folders = [store.workshop.begin(sine_dataset, FitSettings()) for _ in range(2)]
    for folder in folders:
        (folder / "data").mkdir()
        store.workshop.leave(folder.name, "no memory was left")
    for path in folders[0].iterdir():
        os.utime(path, (0, 0))
    store.sweep()
    assert len(store.workshop.broken_off()) == 2, "all are kept"
    store.keep_days = 1
    store.sweep()
    assert [one.id for one in store.workshop.broken_off()] == [folders[1].name]


def test_a_fit_whose_run_was_kept_before_the_server_was_killed_is_over(
    tmp_path: Path, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    kept, broken = (store.workshop.begin(sine_dataset, FitSettings()) for _ in range(2))
    for folder in (kept, broken):
        (folder / "data").mkdir()
        store.workshop._locks.pop(folder.name).release()
    save(store, sine_fitted, sine_dataset, run=kept.name)
    store.sweep()
    assert [one.id for one in store.workshop.broken_off()] == [broken.name]


# ---- the database ----


def test_runs_kept_before_there_were_accounts_are_nobodys_who_has_one(
    store: RunStore,
    sine_fitted: Fitted,
    sine_dataset: Dataset,
) -> None:
    """Back to the first version of the tables and forth again."""
    run = save(store, sine_fitted, sine_dataset)
    with store._database._engine.begin() as connection:
        for table in ("members", "links", "audit"):
            connection.execute(sa.text(f"drop table {table}"))
        connection.execute(sa.text("drop index runs_by_owner"))
        for column in ("owner", "owner_name"):
            connection.execute(sa.text(f"alter table runs drop column {column}"))
        connection.execute(sa.text("update alembic_version set version_num = '0001'"))
    store._database._upgrade()
    assert [row.id for row in store.list()] == [run] and store.act_as(ADA).list() == []


def test_many_write_at_once(store: RunStore, run: str) -> None:
    """A check comes before every change: none may fail because another changed something in between."""
    failed: list[Exception] = []

    def write(person: Person) -> None:
        try:
            for number in range(25):
                store.act_as(person).write_notes(run, f"{person.name} {number}")
                store.act_as(person).find(run)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(person,)) for person in (ADA, CLEO) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sum(one.action == "wrote notes" for one in store.act_as(ADA).sharing.noted(run)) > 50
