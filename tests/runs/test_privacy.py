"""Nobody else on the machine reads what is kept."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted, fit
from anomaly.runs.jobs.job import FitJob
from anomaly.runs.place import open_store
from anomaly.runs.store import RunStore
from tests.support.fit_jobs import ENDLESS, wait_until
from tests.support.kept_runs import refuse, save

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions are told otherwise here")


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_paths(folder: Path) -> list[str]:
    return [str(path) for path in (folder, *folder.rglob("*")) if path.exists() and path.stat().st_mode & 0o077]


def open_here(folder: Path) -> RunStore:
    return RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)


def test_all_that_is_kept_is_its_owners_from_the_first_moment(
    tmp_path: Path, sine_fitted: Fitted, sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as context:
        # What is made open and closed afterwards is open for a moment.
        for function in (os.chmod, os.fchmod):
            context.setattr(os, function.__name__, refuse(PermissionError("closed too late")))
        folder = tmp_path / "above" / "data"
        store = open_here(folder)
        run = save(store, sine_fitted, sine_dataset)
        store._artifacts.put(b"of no run")
        for path in store._artifacts.folder.glob("*/*"):
            os.utime(path, (0, 0))
        store.sweep()
        assert list(folder.glob("trash/*/*")) and (folder / "runs.sqlite-wal").exists()
        assert open_paths(tmp_path / "above") == []
    begun = store.workshop.begin(sine_dataset, ENDLESS)
    job = FitJob(sine_dataset, ENDLESS, fit, print, begun)
    wait_until(lambda: job.epochs and (begun / "checkpoint.safetensors").exists() and (begun / "beat").exists())
    assert open_paths(tmp_path / "above") == []
    job.stop()
    job.wait(40)
    assert open_paths(tmp_path / "above") == [] and store.exposed == ""
    store.open(run)
    store.close()


@pytest.fixture
def older(tmp_path: Path, sine_fitted: Fitted, sine_dataset: Dataset) -> Path:
    """A data folder as an older version left it."""
    folder = tmp_path / "data"
    store = open_here(folder)
    save(store, sine_fitted, sine_dataset)
    store.workshop.leave(store.workshop.begin(sine_dataset, ENDLESS).name, "")
    store.close()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def test_a_folder_of_an_older_version_is_closed_when_it_is_opened(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANOMALY_DATA", str(older))
    store = open_store()
    assert store is not None and store.exposed == "" and open_paths(older) == []
    store.open(store.list()[0].id)
    assert len(store.workshop.broken_off()) == 1


def test_a_folder_is_closed_by_the_next_that_opens_it_where_that_was_broken_off(older: Path) -> None:
    inside = older / "artifacts"
    for path in (older, inside, older / "runs.sqlite"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert open_here(older).exposed == "" and open_paths(older) == []


def test_of_a_folder_with_other_things_in_it_only_what_is_kept_there_is_closed(older: Path) -> None:
    (older / "thesis.txt").write_text("of the same person")
    assert open_here(older).exposed == ""
    assert open_paths(older) == [str(older), str(older / "thesis.txt")]


def test_where_a_folder_cannot_be_closed_that_is_said(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "chmod", refuse(PermissionError(1, "Operation not permitted")))
    store = open_here(older)
    assert store.exposed.startswith("Other accounts of this machine may read what is kept here: ")
    assert store.count()[0] == 1, "and it is used all the same"
