"""The command line: the files it writes, what it says on the way, interrupts."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import anomaly
from anomaly.cli import commands, main
from anomaly.cli.entry import make_parser
from anomaly.cli.progress import training_progress
from anomaly.domain.exceptions import SettingsError
from anomaly.domain.forecasts import Effort
from anomaly.domain.settings.checking import pick
from anomaly.domain.settings.reading import ReadSettings
from anomaly.forecasting.pace import PaceKeeper
from anomaly.reading.synthetic import DEMOS
from tests.support.checkout import ROOT
from tests.support.command_line import RESULTS, Capture, contents, detect, run, write_pump

EFFORT = Effort(4, 8, 10, 1e6, False, update_seconds=1.0, held_out_seconds=2.0, rest_seconds=12.0)
EVENTS = "record,start,end,points,peak_time,peak_score,channel,direction,observed,expected,kind,why"


def test_help_says_what_a_flag_takes(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["detect", "--help"])
    said = capsys.readouterr().out
    assert all(flag in said for flag in ("--sheet SHEET", "--ignore RULE", "--time COL", "--channels A,B"))
    assert "--kind NAME=KIND" in said


@pytest.mark.parametrize(
    "flags", [["--kind", "flow=angle", "--kind", "level=count"], ["--kind", "flow=angle,level=count"]]
)
def test_kinds_are_named_one_by_one_or_together(flags: list[str]) -> None:
    values = vars(make_parser().parse_args(["detect", "file.csv", "--out", "out", *flags]))
    assert pick(ReadSettings, values).kinds == {"flow": "angle", "level": "count"}


def test_a_kind_named_for_a_kept_model_leaves_the_others(
    pump: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[ReadSettings] = []

    def stop(files: list[str], settings: ReadSettings) -> None:
        given.append(settings)
        raise SettingsError("enough")

    monkeypatch.setattr(commands, "_read", stop)
    known = ReadSettings(channels=("flow", "level"), kinds={"flow": "angle", "level": "value"})
    monkeypatch.setattr(anomaly.pipeline, "same_columns", lambda fitted: known)
    main(["score", str(pump), "--model", str(model), "--out", str(tmp_path / "out"), "--kind", "level=count"])
    assert given[0].kinds == {"flow": "angle", "level": "count"}


def test_detect_writes_three_files_and_says_where(pump: Path, tmp_path: Path, capsys: Capture) -> None:
    out = detect(tmp_path / "deep" / "out", pump)
    assert sorted(path.name for path in out.iterdir()) == RESULTS
    said = capsys.readouterr()
    assert said.err == ""
    assert "pump: 300 steps, 1 record, monitoring flow, level." in said.out
    assert all(str(out / name) in said.out for name in RESULTS)


def test_the_tables_have_the_columns_and_the_rows_of_the_file(pump: Path, tmp_path: Path) -> None:
    out = detect(tmp_path / "out", pump)
    points = pd.read_csv(out / "points.csv")
    assert ",".join(points) == (
        "record,time,score,threshold,flagged,flow,flow_predicted,level,level_predicted,"
        "score_error,score_shape,score_level,score_relation"
    )
    assert points["time"].tolist() == list(range(300))
    np.testing.assert_array_equal(points["flow"], pd.read_csv(pump)["flow"])
    np.testing.assert_array_equal(points["flagged"] == 1, points["score"] > points["threshold"])
    events = pd.read_csv(out / "events.csv")
    assert ",".join(events) == EVENTS
    assert events["start"][0] < 253 and events["end"][0] >= 250
    np.testing.assert_array_equal(events["points"], events["end"] - events["start"] + 1)
    assert points["flagged"][events["start"][0] : events["end"][0] + 1].any()


def test_run_json_says_what_made_the_tables(pump: Path, tmp_path: Path) -> None:
    pump.write_text(pump.read_text().replace("\n7,", "\n6,"))
    flags = ["--seed", "7", "--threshold-rule", "sigma", "--threshold", "4.5", "--smoothing", "3", "--horizons", "2,1"]
    out = detect(tmp_path / "out", pump, *flags)
    said = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert said["data"]["sha256"] == anomaly.read(pump).digest == said["fit"]["fitted_on_sha256"]
    assert len(said["data"]["repairs"]) == 1 and "line" in said["data"]["repairs"][0]
    assert (said["fit"]["seed"], said["fit"]["hidden_units"], said["fit"]["horizons"]) == (7, 4, [1, 2])
    assert (said["detect"]["smoothing"], said["detect"]["threshold"]) == (3, 4.5)
    assert (said["threshold"]["rule"], said["threshold"]["parameter"]) == ("sigma", 4.5)
    assert said["threshold"]["value"] == pd.read_csv(out / "points.csv")["threshold"][0]
    assert [event["why"] for event in said["events"]] == list(pd.read_csv(out / "events.csv")["why"])
    assert set(said["versions"]) == {"anomaly", "python", "torch", "numpy", "scipy", "pandas"}


def test_fit_then_score_writes_the_bytes_of_detect_and_the_same_command_the_same_bytes(
    pump: Path, model: Path, tmp_path: Path
) -> None:
    flags = ["--smoothing", "2", "--threshold", "0.98", "--merge-gap", "2", "--min-length", "2"]
    first, again = detect(tmp_path / "first", pump, *flags), detect(tmp_path / "again", pump, *flags)
    assert contents(first) == contents(again)
    run("score", pump, "--model", model, "--out", tmp_path / "scored", *flags)
    assert contents(tmp_path / "scored") == contents(first)


def test_a_kept_model_scores_a_new_file_in_the_columns_it_knows(pump: Path, model: Path, tmp_path: Path) -> None:
    lines = pump.read_text().splitlines()
    wider = [f"{cells},{row % 5}" for row, cells in enumerate(lines[1:51])]
    (tmp_path / "new.csv").write_text("\n".join([f"{lines[0]},new channel", *wider]))
    run("score", tmp_path / "new.csv", "--model", model, "--out", tmp_path / "out")
    points = pd.read_csv(tmp_path / "out" / "points.csv")
    assert len(points) == 50
    assert "new channel" not in points
    said = json.loads((tmp_path / "out" / "run.json").read_text())
    assert said["data"]["sha256"] != said["fit"]["fitted_on_sha256"]


def test_several_files_are_the_records_of_one_dataset(pump: Path, tmp_path: Path) -> None:
    out = detect(tmp_path / "out", pump, write_pump(tmp_path, "second.csv", seed=1))
    assert pd.read_csv(out / "points.csv")["record"].tolist() == ["pump"] * 300 + ["second"] * 300
    assert set(pd.read_csv(out / "events.csv")["record"]) == {"pump", "second"}
    assert json.loads((out / "run.json").read_text())["data"]["records"] == 2


def test_python_gives_the_columns_and_values_of_the_files(pump: Path, tmp_path: Path) -> None:
    out = detect(tmp_path / "out", pump)
    dataset = anomaly.read(pump)
    settings = anomaly.FitSettings(train_fraction=0.6, hidden_units=4, bptt_steps=16, epochs=2)
    detection = anomaly.detect(anomaly.fit(dataset, settings), dataset)
    for table, name in ((detection.points(), "points.csv"), (detection.events_table(), "events.csv")):
        written = pd.read_csv(out / name)
        pd.testing.assert_frame_equal(table, written, check_dtype=False, check_exact=True)


def test_rows_that_share_a_time_stamp_keep_their_lines(pump: Path, tmp_path: Path) -> None:
    lines = pump.read_text().splitlines()
    pump.write_text("\n".join([*lines[:50], lines[49], lines[49], *lines[50:]]))
    points = pd.read_csv(detect(tmp_path / "out", pump) / "points.csv")
    assert points["time"].tolist() == [*range(48), 48, 48, 48, *range(49, 300)]
    assert points[points["time"] == 48].drop_duplicates().shape[0] == 1


def test_a_cell_that_a_spreadsheet_would_run_is_disarmed(tmp_path: Path) -> None:
    path = write_pump(tmp_path, "=cmd().csv", header="time,=1+1,level")
    out = detect(tmp_path / "out", path)
    header, first, *_ = (out / "points.csv").read_text().splitlines()
    assert ",'=1+1,'=1+1_predicted," in header
    assert first.startswith("'=cmd(),0,")


@pytest.mark.parametrize("name", DEMOS)
def test_demo_writes_a_file_that_reads_with_labels(name: str, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "new" / "demo.csv"
    run("demo", name, "--out", out)
    dataset = anomaly.read(out)
    assert dataset.has_labels
    assert f"{out}: {sum(len(series.row_steps) for series in dataset.series):,} rows." in capsys.readouterr().out


def test_the_first_interrupt_of_training_asks_and_the_second_breaks_off() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), training_progress(EFFORT) as (_, should_stop):
        assert not should_stop()
        signal.raise_signal(signal.SIGINT)
        assert should_stop()
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_what_training_takes_is_said_anew_after_the_first_update(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 30.0, 60.0])
    monkeypatch.setattr("anomaly.cli.progress.PaceKeeper", partial(PaceKeeper, clock=lambda: next(times)))
    with training_progress(EFFORT) as (_, should_stop):
        for _ in range(3):
            should_stop()
    assert capsys.readouterr().out == "After the first update: about 30 min.\n"


def test_an_interrupted_training_keeps_its_best_weights_says_so_and_writes_the_files(pump: Path) -> None:
    terminal, shown = os.openpty()
    flags = ["--hidden-units", "4", "--epochs", "10000", "--patience", "10000"]
    running = subprocess.Popen(
        [sys.executable, "-m", "anomaly", "detect", pump, "--out", pump.parent / "out", *flags],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "200"},
        stdout=subprocess.PIPE, stderr=shown, text=True,
    )  # fmt: skip
    os.close(shown)
    screen = b""
    while b"2/10000" not in screen:
        screen += os.read(terminal, 10_000)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=30)
    os.close(terminal)
    assert running.returncode == 0
    assert "Stopped on request in epoch" in said and "best weights so far are kept" in said
    assert len(pd.read_csv(pump.parent / "out" / "points.csv")) == 300
    fitted = json.loads((pump.parent / "out" / "run.json").read_text())["fit"]
    assert 2 <= fitted["epochs_run"] < 10_000


def test_the_public_data_sets_are_listed(capsys: Capture) -> None:
    run("datasets", "list")
    listed = capsys.readouterr().out
    assert "nab-machine-temperature" in listed and "Licence: " in listed


def test_a_kept_model_knows_what_to_ignore_and_the_even_step(tmp_path: Path) -> None:
    rows = "\n".join(f"{2 * t + t % 3 % 2},{t % 7},{t % 11 + 0.5},{int(t % 40 >= 15)}" for t in range(200))
    (tmp_path / "a.csv").write_text(f"time,flow,level,running\n{rows}")
    model, out = tmp_path / "model", tmp_path / "out"
    read = ("--ignore", "running=0", "--sampling", "resample", "--step", "10")
    run("fit", tmp_path / "a.csv", "--model", model, "--epochs", "1", "--hidden-units", "4", *read)
    run("score", tmp_path / "a.csv", "--model", model, "--out", out)
    data = json.loads((out / "run.json").read_text())["data"]
    assert data["ignore"] == "running=0"
    assert any("even steps of 10" in repair for repair in data["repairs"])


def test_a_kept_model_knows_the_columns_of_a_long_table_and_what_is_all_measured(tmp_path: Path) -> None:
    rows = [
        f"{t},{n},{255 if n == 'a' and 100 <= t < 110 else t % k},{-t}"
        for t in range(200)
        for n, k in (("a", 5), ("b", 7))
    ]
    (tmp_path / "a.csv").write_text("\n".join(["time,who,much,other", *rows]))
    model, out = tmp_path / "model", tmp_path / "out"
    read = ("--variable", "who", "--value", "much", "--measured", "a")
    run("fit", tmp_path / "a.csv", "--model", model, "--epochs", "1", "--hidden-units", "4", *read)
    run("score", tmp_path / "a.csv", "--model", model, "--out", out)
    data = json.loads((out / "run.json").read_text())["data"]
    assert not any("255" in repair for repair in data["repairs"])
    assert any("2 variables of 'who'" in repair for repair in data["repairs"])
