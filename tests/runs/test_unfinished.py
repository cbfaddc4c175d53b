"""Fits broken off: whose they are, why they stopped, and when they go."""

import os
from pathlib import Path

import pytest

from anomaly.domain.exceptions import AnomalyError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.fitting import FitSettings
from anomaly.forecasting.fitting import Fitted
from anomaly.runs.people import LOCAL
from anomaly.runs.store import RunStore
from tests.support.kept_runs import save
from tests.support.people import ADA, BEN


def test_a_fit_broken_off_is_its_owners(tmp_path: Path, sine_dataset: Dataset) -> None:
    url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    begun = RunStore(url, tmp_path).act_as(ADA)
    folder = begun.workshop.begin(sine_dataset, FitSettings())
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
        store.workshop._locks.pop(folder.name).release()
    save(store, sine_fitted, sine_dataset, run=kept.name)
    store.sweep()
    assert [one.id for one in store.workshop.broken_off()] == [broken.name]
