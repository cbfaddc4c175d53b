"""Sign-ins that have ended, in the database."""

import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from anomaly.domain.exceptions import RunError
from anomaly.runs import sign_outs
from anomaly.runs.store import RunStore

ADAS, BENS = "a" * 64, "b" * 64


def test_a_sign_in_that_ended_stays_ended_for_every_server_with_the_database(store: RunStore, tmp_path: Path) -> None:
    assert not store.sign_outs.has(ADAS)
    store.sign_outs.add(ADAS, 32)
    store.sign_outs.add(ADAS, 32)
    other = RunStore(str(store._database._engine.url.render_as_string(hide_password=False)), tmp_path)
    assert other.sign_outs.has(ADAS) and not other.sign_outs.has(BENS)
    other.close()


def test_one_that_nobody_could_come_by_any_more_is_forgotten(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    today = sign_outs.now()
    for days, digest in ((33, ADAS), (31, BENS), (0, "c" * 64)):
        monkeypatch.setattr(sign_outs, "now", lambda days=days: today - datetime.timedelta(days=days))
        store.sign_outs.add(digest, 32)
    assert [store.sign_outs.has(digest) for digest in (ADAS, BENS, "c" * 64)] == [False, True, True]


def test_a_store_from_before_has_them_too(store: RunStore) -> None:
    with store._database._engine.begin() as connection:
        connection.execute(sa.text("drop table sign_outs"))
        connection.execute(sa.text("update alembic_version set version_num = '0003'"))
    with pytest.raises(RunError):
        store.sign_outs.has(ADAS)
    store._database._upgrade()
    store.sign_outs.add(ADAS, 32)
    assert store.sign_outs.has(ADAS)
