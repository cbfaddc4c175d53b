"""Where runs are kept, and for how long."""

import datetime
from pathlib import Path

import pytest

from anomaly.domain.exceptions import AnomalyError, RunError
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.database.schema import runs
from anomaly.runs.place import open_store
from anomaly.runs.store import RunStore
from tests.support.kept_runs import save


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Runs cannot be kept"):
        RunStore("sqlite://", tmp_path / "file")


def test_the_place_is_the_environments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANOMALY_DATA", str(tmp_path / "here"))
    opened = open_store()
    assert opened is not None and opened.count() == (0, 0)
    assert (tmp_path / "here" / "runs.sqlite").exists()


@pytest.mark.parametrize("keep", ["nothing", "Nothing "])
def test_nothing_is_written_where_nothing_is_to_be_kept(
    keep: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANOMALY_DATA", str(tmp_path / "here"))
    monkeypatch.setenv("ANOMALY_KEEP", keep)
    assert open_store() is None and not (tmp_path / "here").exists()


def test_old_runs_go_after_the_days_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    monkeypatch.setenv("ANOMALY_DATA", str(tmp_path))
    opened = open_store()
    assert opened is not None
    old, new = (save(opened, sine_fitted, sine_dataset) for _ in range(2))
    with opened._database._engine.begin() as connection:
        connection.execute(runs.update().where(runs.c.id == old).values(updated=datetime.datetime(2020, 1, 1)))
    monkeypatch.setenv("ANOMALY_KEEP", "30")
    again = open_store()
    assert again is not None and [row.id for row in again.list()] == [new]


@pytest.mark.parametrize("keep", ["some", "-3", "0", "nan", "inf", "1e7"])
def test_another_word_is_refused(keep: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANOMALY_KEEP", keep)
    with pytest.raises(AnomalyError, match="expected all, nothing, or a number of days"):
        open_store()


@pytest.mark.parametrize("name", ["what?now", "50%20", "mem?mode=memory&a", "file:x", "a#b", "@host"])
def test_a_folder_of_any_name_holds_its_database(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANOMALY_DATA", name)
    opened = open_store()
    assert opened is not None
    opened.close()
    assert (tmp_path / name / "runs.sqlite").is_file() and [path.name for path in tmp_path.iterdir()] == [name]
