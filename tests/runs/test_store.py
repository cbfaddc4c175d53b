"""Kept runs: what is opened is what was kept, in both databases; what is deleted can be taken back."""

import datetime
import os
import threading
from dataclasses import replace

import pytest

from anomaly.domain.exceptions import RunError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.spans import Span
from anomaly.forecasting.fitting import Fitted
from anomaly.pipeline import detect
from anomaly.runs.store import RunStore
from anomaly.runs.verdicts import Verdict
from anomaly.showing.export import events_csv, points_csv
from tests.support.kept_runs import save


def test_a_run_that_is_opened_gives_the_same_bytes(store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset) -> None:
    settings = DetectSettings(threshold_rule="quantile", threshold=0.98, min_effect={"a": 0.1})
    run = save(store, sine_fitted, sine_dataset, detect=settings)
    dataset, fitted, again = store.open(run)
    assert again == settings
    before, after = detect(sine_fitted, sine_dataset, settings), detect(fitted, dataset, again)
    assert points_csv(before) == points_csv(after) and events_csv(before) == events_csv(after)


def test_runs_are_listed_searched_and_sorted(store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset) -> None:
    for name, events in (("Pump 7%", 3), ("pump_8", 9), ("Turbine", 1)):
        save(store, sine_fitted, sine_dataset, name=name, events=events)
    assert [row.name for row in store.list()] == ["Turbine", "pump_8", "Pump 7%"]
    assert [row.name for row in store.list(sort="events")] == ["pump_8", "Pump 7%", "Turbine"]
    assert {row.name for row in store.list("PUMP")} == {"pump_8", "Pump 7%"}
    assert [row.name for row in store.list("pump 7%")] == ["Pump 7%"]
    assert [row.name for row in store.list("p_8")] == ["pump_8"], "_ and % are letters here"
    assert [row.name for row in store.list("made lstm turb")] == ["Turbine"], "every word, in any column"
    save(store, sine_fitted, sine_dataset, name="über Öl", events=0)
    assert [row.name for row in store.list("ÜBER öl")] == ["über Öl"]
    assert [row.name for row in store.list(sort="name")][:3] == ["Pump 7%", "pump_8", "Turbine"]
    store.delete(store.list("über")[0].id)
    assert store.list("nothing") == [] and len(store.list(most=2)) == 2
    assert store.count()[0] == 3


def test_a_run_is_renamed_noted_and_looked_at_again(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    run = save(store, sine_fitted, sine_dataset)
    before = store.find(run)
    assert (before.name, before.steps, before.records, before.cell) == ("made", 900, 1, "lstm")
    store.rename(run, "  Pump in hall 3 ")
    store.write_notes(run, "after the repair")
    store.look_again(run, DetectSettings(min_length=4), 7)
    row = store.find(run)
    assert (row.name, row.notes, row.events) == ("Pump in hall 3", "after the repair", 7)
    assert row.updated > before.updated and row.created == before.created
    assert store.open(run)[2].min_length == 4
    with pytest.raises(RunError, match="needs a name"):
        store.rename(run, "  ")


def test_what_is_deleted_can_be_taken_back_until_it_is_swept(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = (save(store, sine_fitted, sine_dataset) for _ in range(2))
    store.change_verdicts(run, lambda _: (Verdict(0, Span(1, 5), "anomaly"),))
    store.delete(run)
    for act in (store.find, store.open, store.delete, lambda one: store.rename(one, "x")):
        with pytest.raises(RunError, match="There is no run"):
            act(run)
    assert [row.id for row in store.list()] == [other]
    assert [row.id for row in store.deleted()] == [run]
    store.restore(run)
    assert store.deleted() == []
    assert store.find(run).id == run and len(store.standing(run)[1]) == 1

    store.delete(run)
    assert store.sweep() == 0, "it may still be wanted"
    later = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(hours=25)
    monkeypatch.setattr("anomaly.runs.store.now", lambda: later)
    assert store.deleted() == [] and store.sweep() == 1
    with pytest.raises(RunError, match="cannot be taken back"):
        store.restore(run)
    with pytest.raises(RunError, match="There is no run"):
        store.standing(run)


def test_files_go_with_the_last_run_that_names_them(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (save(store, sine_fitted, sine_dataset) for _ in range(2))
    files = list(store._artifacts.folder.glob("*/*"))
    assert len(files) == 6, "two runs of the same content share their files"
    for path in files:
        os.utime(path, (0, 0))
    later = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(hours=25)
    store.delete(first)
    monkeypatch.setattr("anomaly.runs.store.now", lambda: later)
    store.sweep()
    store.open(second)
    assert len(list(store._artifacts.folder.glob("*/*"))) == 6
    store.keep_days = 0.5
    store.sweep()
    assert not list(store._artifacts.folder.glob("*/*")) and store.count() == (0, 0)


def test_a_young_file_without_a_run_is_one_being_saved(store: RunStore) -> None:
    digest = store._artifacts.put(b"half a run")
    store.sweep()
    assert store._artifacts.get(digest) == b"half a run"


def test_a_file_that_is_gone_or_changed_is_said(store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset) -> None:
    run = save(store, sine_fitted, sine_dataset)
    path = next(store._artifacts.folder.glob("*/*"))
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(RunError, match="has changed on the disk"):
        store.open(run)
    path.unlink()
    with pytest.raises(RunError, match="is gone from the data folder"):
        store.open(run)


@pytest.mark.parametrize("run", ["", "nope", "../../etc/passwd", "' or 1=1 --", "x" * 5000])
def test_an_id_that_is_none_is_one_sentence(store: RunStore, run: str) -> None:
    with pytest.raises(RunError, match="There is no run"):
        store.open(run)
    with pytest.raises(RunError, match="There is no run"):
        store.change_verdicts(run, lambda _: (Verdict(0, Span(1, 5), "anomaly"),))


def test_verdicts_are_kept_changed_and_taken_off(store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset) -> None:
    run = save(store, sine_fitted, sine_dataset)
    judged = (Verdict(0, Span(1, 5), "anomaly", "wear", "säge"), Verdict(0, Span(9, 12), "unsure"))
    assert store.change_verdicts(run, lambda _: judged[::-1]) == judged == store.standing(run)[1]
    again = (replace(judged[0], note="saw"), Verdict(1, Span(1, 5), "expected"))
    assert store.change_verdicts(run, lambda before: (again[0], *before[1:], again[1])) == (
        again[0],
        judged[1],
        again[1],
    )
    assert store.change_verdicts(run, lambda before: before[1:2]) == judged[1:]


def test_who_judge_at_the_same_time_keep_each_others_verdicts(
    store: RunStore, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    run = save(store, sine_fitted, sine_dataset)

    store.change_verdicts(run, lambda _: (Verdict(0, Span(1, 5), "anomaly", note="0"),))

    store.change_verdicts(run, lambda _: (Verdict(0, Span(1, 5), "anomaly", note="0"),))

    def judge_many(record: int) -> None:
        for start in range(20):
            new = Verdict(record, Span(start, start + 1), "anomaly")
            store.change_verdicts(run, lambda before, new=new: (count_up(before[0]), *before[1:], new))

    threads = [threading.Thread(target=judge_many, args=(record,)) for record in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _, found = store.standing(run)
    assert len(found) == 81 and found[0].note == "80"


def count_up(verdict: Verdict) -> Verdict:
    return replace(verdict, note=str(int(verdict.note) + 1))
