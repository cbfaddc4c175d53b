"""The command line: what counts as an event, and known anomalies from a file of their own."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.support.command_line import Capture, contents, detect, refusal, run, write_pump


def write_dated(folder: Path) -> Path:
    """The pump, a row every ten minutes."""
    lines = write_pump(folder, "dated.csv").read_text().splitlines()
    times = pd.date_range("2025-03-01", periods=len(lines) - 1, freq="10min").strftime("%Y-%m-%dT%H:%M:%S")
    rows = [f"{time},{line.split(',', 1)[1]}" for time, line in zip(times, lines[1:], strict=True)]
    (folder / "dated.csv").write_text("\n".join([lines[0], *rows]), encoding="utf-8")
    return folder / "dated.csv"


def test_labels_from_another_file_are_compared_with_and_change_nothing_that_is_found(
    pump: Path, model: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "known.csv").write_text("start,end\n250,252\n20,25\n")
    plain = detect(tmp_path / "plain", pump)
    capsys.readouterr()
    out = detect(tmp_path / "out", pump, "--labels-from", tmp_path / "known.csv")
    assert "1 of 2 known anomalies found, " in capsys.readouterr().out
    assert all(contents(out)[name] == contents(plain)[name] for name in ("events.csv", "points.csv"))
    assert json.loads((plain / "run.json").read_text())["evaluation"] is None
    assert json.loads((out / "run.json").read_text())["evaluation"]["Event recall"] == 0.5
    run("score", pump, "--model", model, "--out", tmp_path / "scored", "--labels-from", tmp_path / "known.csv")
    assert contents(tmp_path / "scored") == contents(out)


def test_a_minimum_effect_drops_events_and_a_leave_level_makes_them_longer(
    pump: Path, model: Path, tmp_path: Path
) -> None:
    def events(name: str, *flags: str) -> pd.DataFrame:
        run("score", pump, "--model", model, "--out", tmp_path / name, "--merge-gap", "0", *flags)
        return pd.read_csv(tmp_path / name / "events.csv")

    every = events("every")
    pd.testing.assert_frame_equal(events("small", "--min-effect", "flow=0.01, level=0.01"), every)
    assert len(every) > 0 == len(events("large", "--min-effect", "flow=1e6,level=1e6"))
    assert events("long", "--leave", "0.2")["points"].max() > every["points"].max()


def test_an_alarm_budget_is_counted_in_days_where_there_is_a_calendar(tmp_path: Path, capsys: Capture) -> None:
    dated = write_dated(tmp_path)
    flags = ["--threshold-rule", "budget", "--threshold", "3", "--smoothing", "1"]
    values = {}
    for unit in ("hour", "day", "week"):
        out = detect(tmp_path / unit, dated, *flags, "--budget-per", unit)
        said = json.loads((out / "run.json").read_text())
        assert said["detect"]["budget_per"] == unit
        values[unit] = said["threshold"]["value"]
    # The train span lasts 30 h: less what is not scored, room for a few alarms by the day, none by the week.
    assert values["hour"] < values["day"] < values["week"]
    assert "At most " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--min-effect flwo=1", "min_effect: there is no monitored channel 'flwo'; there are flow, level."),
        ("--min-effect flow", "Min_effect: expected CHANNEL=NUMBER, found 'flow'."),
        ("--min-effect flow=x", "expected CHANNEL=NUMBER, found 'flow=x'."),
        ("--leave 0", "leave: expected more than 0.0, found 0.0."),
        ("--leave 1.5", "leave: expected 1.0 or less, found 1.5."),
        ("--threshold-rule budget --budget-per day", "alarms in a day can only be counted where times are dates"),
        (
            "--budget-per month",
            "budget_per: expected 'auto', 'file', '1000 steps', 'hour', 'day' or 'week', found 'month'.",
        ),
        ("--labels-from absent.csv", "There is no file absent.csv"),
        ("--labels-from FILE", "pump does not look like known anomalies: expected columns start and end, or series,"),
    ],
)
def test_what_is_wrong_with_events_and_known_anomalies_is_said_in_one_line(
    flags: str, said: str, pump: Path, model: Path, tmp_path: Path, capsys: Capture
) -> None:
    words = [pump if word == "FILE" else word for word in flags.split()]
    out = tmp_path / "out"
    assert said in refusal(capsys, "score", pump, "--model", model, "--out", out, *words)
    assert not out.exists()
