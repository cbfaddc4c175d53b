"""One person's runs are no other's: held at the store's functions, in both databases."""

import datetime
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from anomaly.domain.exceptions import RunError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.spans import Span
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.database.schema import audit
from anomaly.runs.people import LOCAL, Person
from anomaly.runs.sharing import Sharing
from anomaly.runs.store import RunStore
from anomaly.runs.verdicts import Verdict
from tests.support.kept_runs import NEVER, everything, save
from tests.support.people import ADA, BEN, CLEO

JUDGED = (Verdict(0, Span(1, 5), "anomaly"),)
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


def test_every_function_is_held_here() -> None:
    """A new one has to be put under one of the roles above, or be free by intent."""

    def of(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    free = {"save", "keep_days", "list", "deleted", "count", "sweep", "unswept", "close", "act_as", "restore"}
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
