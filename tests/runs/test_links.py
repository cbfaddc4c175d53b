"""Links that share a run, and people who leave or are removed."""

import datetime

import pytest
import sqlalchemy as sa

from anomaly.domain.exceptions import RunError
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.database.schema import audit
from anomaly.runs.people import Person
from anomaly.runs.store import RunStore
from tests.support.kept_runs import NEVER, everything, save
from tests.support.people import ADA, BEN, CLEO


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
