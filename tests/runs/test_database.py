"""The database: its tables, versions, restarts, and one that is not there."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from anomaly.domain.exceptions import RunError
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted
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
