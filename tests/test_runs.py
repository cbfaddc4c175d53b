"""Runs that last: what is opened is what was kept, in both databases, and a crash leaves all or nothing."""

import datetime
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st

import anomaly
from anomaly.domain.exceptions import AnomalyError, RunError
from anomaly.domain.records import Dataset, Repair, TimeSeries
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.spans import Span
from anomaly.domain.times import PutBack, TimeAxis
from anomaly.forecasting.fitting import Fitted
from anomaly.pipeline import detect
from anomaly.reading.synthetic import DEMOS, demo_csv
from anomaly.runs.archive import pack_dataset, unpack_dataset
from anomaly.runs.database.schema import metadata, runs
from anomaly.runs.place import open_store
from anomaly.runs.store import RunStore
from anomaly.runs.verdicts import Verdict
from anomaly.showing.export import events_csv, points_csv
from tests.strategies import make_dataset, sine_values

ROOT = Path(__file__).parent.parent
PUT_BACK = (
    PutBack(np.datetime64("2025-10-26T02:00", "us"), np.datetime64("2026-03-29", "us"), np.timedelta64(3600, "s")),
    PutBack(np.datetime64("2026-10-25T02:00", "us"), None, np.timedelta64(3600, "s")),
)


def save(store: RunStore, fitted: Fitted, dataset: Dataset, **changes: object) -> str:
    return store.save(dataset, fitted, **{"detect": DetectSettings(), "events": 2, **changes})


def assert_same(one: Dataset, other: Dataset) -> None:
    for series, again in zip(one.series, other.series, strict=True):
        for field in fields(TimeSeries):
            before, after = getattr(series, field.name), getattr(again, field.name)
            if isinstance(before, np.ndarray):
                assert before.dtype == after.dtype, field.name
                np.testing.assert_array_equal(before, after, err_msg=field.name)
            else:
                assert before == after, field.name
    for field in fields(Dataset):
        if field.name != "series":
            assert getattr(one, field.name) == getattr(other, field.name)


# ---- datasets as files ----


@pytest.mark.parametrize("name", DEMOS)
def test_a_dataset_comes_back_as_it_was(name: str) -> None:
    dataset = anomaly.read(demo_csv(name), name=name)
    assert_same(dataset, unpack_dataset(pack_dataset(dataset)))


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    kind=st.sampled_from(["timestamp", "number", "row"]),
    context=st.integers(0, 2),
    with_labels=st.lists(st.booleans(), min_size=4, max_size=4),
    seed=st.integers(0, 99),
)
def test_records_of_every_shape_come_back(
    lengths: list[int], kind: str, context: int, with_labels: list[bool], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    dataset = make_dataset(*(np.where(rng.random((n, 2)) < 0.2, np.nan, rng.random((n, 2))) for n in lengths))
    series = tuple(
        replace(
            one,
            name=f"Ünit {number}\n",
            times=np.datetime64("2025-01-01", "us") + np.arange(len(one)) if kind == "timestamp" else one.times,
            context=rng.random((len(one), context)),
            labels=rng.random(len(one)) < 0.5 if with_labels[number] else None,
            ignored=rng.random(len(one)) < 0.5 if with_labels[-1 - number] else None,
            row_steps=np.sort(rng.integers(0, len(one), len(one) + 2)),
        )
        for number, one in enumerate(dataset.series)
    )
    columns = replace(dataset.columns, context=tuple("xy"[:context]))
    dataset = replace(
        dataset,
        series=series,
        columns=columns,
        time_axis=TimeAxis("t", kind, put_back=PUT_BACK if context else ()),
        repairs=(Repair("a thing", 3, (1, 2)),),
        units={"a": "°C"},
    )
    assert_same(dataset, unpack_dataset(pack_dataset(dataset)))


def test_files_that_are_no_dataset_are_one_sentence() -> None:
    files = pack_dataset(make_dataset(sine_values(9)))
    for name in files:
        with pytest.raises(RunError, match="cannot be read"):
            unpack_dataset({**files, name: b"{}"})


# ---- the store ----


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


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Runs cannot be kept"):
        RunStore("sqlite://", tmp_path / "file")


# ---- where runs are kept ----


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


# ---- crashes ----

SAVER = """
import sys, itertools
import numpy as np
from dataclasses import replace
from pathlib import Path
from anomaly import load, DetectSettings
from anomaly.runs import RunStore, Verdict
from anomaly.domain import Span
from tests.strategies import make_dataset, sine_values
folder = Path(sys.argv[1])
fitted = load(sys.argv[2])
store = RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)
print("ready", flush=True)
for number in itertools.count():
    run = store.save(make_dataset(sine_values(900, seed=number)), fitted, DetectSettings(), number)
    store.change_verdicts(run, lambda _: (Verdict(0, Span(1, 5), "anomaly"), Verdict(0, Span(6, 9), "expected")))
    print(run, flush=True)
"""


def test_a_kill_at_any_moment_leaves_whole_runs_or_none(tmp_path: Path, sine_fitted: Fitted) -> None:
    """What had been saved is there; what was being saved is there whole, or not at all."""
    anomaly.save(sine_fitted, tmp_path / "model")
    folder, rng = tmp_path / "data", random.Random(0)
    said: list[str] = []
    for _ in range(6):
        saver = subprocess.Popen(
            [sys.executable, "-c", SAVER, folder, tmp_path / "model"], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert saver.stdout is not None and saver.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.0, 0.4))
        saver.send_signal(signal.SIGKILL)
        said += saver.stdout.read().split()
        saver.wait()
        store = RunStore(f"sqlite:///{folder / 'runs.sqlite'}", folder)
        there = {row.id for row in store.list(most=10_000)}
        assert set(said) <= there
        for run in there:
            dataset, fitted, _ = store.open(run)
            assert dataset.steps == 900 and fitted.settings == sine_fitted.settings
            assert len(store.standing(run)[1]) in ((2,) if run in said else (0, 2))
        store.close()
    assert said
