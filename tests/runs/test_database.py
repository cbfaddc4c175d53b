"""The database: its tables, versions, restarts, and one that is not there."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from anomaly.domain.exceptions import RunError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.fitting import FitSettings
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.database.connection import MIGRATIONS
from anomaly.runs.database.schema import metadata
from anomaly.runs.store import RunStore
from tests.support.kept_runs import save
from tests.support.people import ADA


def test_the_migrations_make_the_tables_of_the_schema(store: RunStore) -> None:
    with store._database._engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
    assert difference == []


def test_a_store_is_opened_again_with_what_is_in_it(tmp_path: Path, sine_fitted: Fitted, sine_dataset: Dataset) -> None:
    url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    run = save(RunStore(url, tmp_path), sine_fitted, sine_dataset)
    assert RunStore(url, tmp_path).find(run).id == run


def test_a_database_that_was_started_again_is_found_again(
    postgres: str, tmp_path: Path, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    store = RunStore(postgres, tmp_path)
    run = save(store, sine_fitted, sine_dataset)
    engine = sa.create_engine(postgres)
    with engine.begin() as connection:
        end_others = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
        connection.execute(sa.text(f"{end_others} and datname = current_database()"))
    engine.dispose()
    assert store.find(run).id == run
    store.close()


@pytest.mark.parametrize(
    "url",
    ["sqlite:////nowhere/at/all.sqlite", "postgresql+psycopg://u:secret@127.0.0.1:1/x", "nonsense", "mysql://x/y"],
)
def test_a_database_that_is_not_there_is_said_without_its_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="Runs cannot be kept in") as refusal:
        RunStore(url, tmp_path)
    assert "secret" not in str(refusal.value) and "\n" not in str(refusal.value)


def test_runs_kept_before_there_were_accounts_are_nobodys_who_has_one(
    store: RunStore,
    sine_fitted: Fitted,
    sine_dataset: Dataset,
) -> None:
    """Back to the first version of the tables and forth again."""
    run = save(store, sine_fitted, sine_dataset)
    with store._database._engine.begin() as connection:
        for table in ("members", "links", "audit", "pairing", "sign_outs"):
            connection.execute(sa.text(f"drop table {table}"))
        connection.execute(sa.text("drop index runs_by_owner"))
        for column in ("owner", "owner_name"):
            connection.execute(sa.text(f"alter table runs drop column {column}"))
        connection.execute(sa.text("update alembic_version set version_num = '0001'"))
    store._database._upgrade()
    assert [row.id for row in store.list()] == [run] and store.act_as(ADA).list() == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:secret@host:port/x",
        "postgresql+psycopg://u:secret@[::1/x",
        "postgresql+nonsense://u:secret@host/x",
        "postgres://u:secret@host/x",
        "mysql://u:secret@host/x",
        "u:secret@host",
        " ",
        "://",
    ],
)
def test_an_address_that_is_none_is_told_what_was_expected(url: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"expected sqlite:///FILE or postgresql\+psycopg://USER@HOST/NAME in ANOMALY_"):
        RunStore(url, tmp_path)


@pytest.mark.parametrize("query", ["?nonsense=1", "?timeout=soon", "?mode=rw"])
def test_an_option_that_is_none_is_one_sentence(query: str, tmp_path: Path) -> None:
    with suppress(RunError):
        RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}{query}", tmp_path).close()


def test_a_database_of_a_newer_version_says_which_one_it_needs(store: RunStore, tmp_path: Path) -> None:
    with store._database._engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '0099'"))
    with pytest.raises(RunError) as refusal:
        RunStore(store._database._engine.url.render_as_string(hide_password=False), tmp_path)
    said = str(refusal.value)
    assert "a newer version of this program made it, with tables of version 0099" in said
    assert f"knows them up to {newest_migration()}" in said and "revision" not in said and "\n" not in said


def newest_migration() -> str:
    return max(path.stem[:4] for path in MIGRATIONS.glob("versions/0*.py"))


def test_a_file_that_is_no_database_is_one_sentence_and_stays_as_it_is(tmp_path: Path) -> None:
    content = b"this is no database, but a letter to somebody " * 99
    path = tmp_path / "runs.sqlite"
    path.write_bytes(content)
    path.chmod(0o644)
    with pytest.raises(RunError, match="the file there is no SQLite database: name another file, or move this one"):
        RunStore(f"sqlite:///{path}", tmp_path)
    assert path.read_bytes() == content and path.stat().st_mode & 0o777 == 0o644


def test_a_database_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path).close()
    with pytest.raises(RunError, match="it can be read, but not written"):
        RunStore(f"sqlite:///file:{tmp_path / 'runs.sqlite'}?mode=ro&uri=true", tmp_path)


def test_a_database_with_tables_of_another_program_is_one_sentence(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "runs.sqlite")) as other:
        other.execute("create table runs (distance)")
    with pytest.raises(RunError, match="another program's tables are in it"):
        RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)


def test_a_file_that_is_no_database_any_more_is_one_sentence(
    tmp_path: Path, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    save(store, sine_fitted, sine_dataset)
    store.close()
    (tmp_path / "runs.sqlite").write_bytes(b"this is no database" * 999)
    with pytest.raises(RunError, match="The run store does not answer: "):
        store.list()


def test_a_data_folder_that_was_taken_away_is_said_and_what_is_put_back_is_found_again(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, tmp_path: Path
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    tmp_path.rename(elsewhere := tmp_path.with_name(f"{tmp_path.name}-elsewhere"))
    for act in (store.list, store.count, store.sweep, lambda: save(store, sine_fitted, sine_dataset)):
        with pytest.raises(RunError, match="is gone, and what was kept in it: put it back"):
            act()
    with pytest.raises(OSError):
        store.workshop.begin(sine_dataset, FitSettings())
    assert not tmp_path.exists(), "nothing is kept in another in its place"
    elsewhere.rename(tmp_path)
    assert store.find(run).id == run and save(store, sine_fitted, sine_dataset)


def test_a_database_that_was_taken_away_or_replaced_is_said(
    tmp_path: Path, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    run = save(store, sine_fitted, sine_dataset)
    (tmp_path / "runs.sqlite").rename(tmp_path / "before")
    with pytest.raises(RunError, match=r"runs\.sqlite is gone"):
        store.list()
    (tmp_path / "runs.sqlite").write_bytes(b"")
    with pytest.raises(RunError, match=r"runs\.sqlite was replaced by another file"):
        store.list()
    (tmp_path / "before").replace(tmp_path / "runs.sqlite")
    assert store.find(run).id == run
