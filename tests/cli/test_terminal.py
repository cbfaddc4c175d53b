"""The command line on terminals, pipes and disks as they are: nothing steers them, and nothing ends in a traceback."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from anomaly.cli import main
from anomaly.cli.terminal import printable
from tests.support.checkout import ROOT
from tests.support.command_line import refusal, write_pump

PUMP = b"step,flow\n" + b"".join(b"%d,%d\n" % (step, step % 7) for step in range(60))


def run(*arguments: str, folder: Path, **options: object) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | options.pop("environment", {})
    command = [sys.executable, "-m", "anomaly", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120, **options)


@pytest.mark.parametrize("odd", ["\x1b[2J", "\u202e", "\x07", "\u2066", "\x9b31m", "\u200f"])
def test_what_a_file_is_called_does_not_steer_the_terminal(
    odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    header = f"step,flow{odd}".encode()
    Path(f"pump{odd}.csv").write_bytes(PUMP.replace(b"step,flow", header))
    assert main(["fit", f"pump{odd}.csv", "--model", f"model{odd}", "--epochs", "1"]) == 0
    assert main(["fit", f"absent{odd}.csv", "--model", "model"]) == 2
    said = capsys.readouterr()
    assert odd not in said.out + said.err
    assert "pump" in said.out and "absent" in said.err


def test_ordinary_text_is_shown_as_it_is() -> None:
    assert printable("Häufigkeit µ°C 温度 – 5 % 👩‍🔬") == "Häufigkeit µ°C 温度 – 5 % 👩‍🔬"


def test_a_terminal_that_knows_ascii_alone_gets_escapes(tmp_path: Path) -> None:
    (tmp_path / "é.csv").write_bytes(PUMP)
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = run("fit", "é.csv", "--model", "m", "--epochs", "1", folder=tmp_path, environment=ascii_only)
    assert done.returncode == 0 and b"\\xe9: 60 steps" in done.stdout, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to try it on")
def test_a_full_disk_behind_stdout_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "pump.csv").write_bytes(PUMP)
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "anomaly", "fit", "pump.csv", "--model", "m", "--epochs", "1"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=full, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 2
    assert done.stderr.decode().strip() == "Standard output cannot be written: No space left on device."


def test_who_reads_only_the_beginning_gets_it_and_the_results_are_written(tmp_path: Path) -> None:
    (tmp_path / "pump.csv").write_bytes(PUMP)
    command = f"{sys.executable} -m anomaly detect pump.csv --out out --epochs 1 | head -c 4"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, timeout=120)
    assert done.stdout == b"pump" and done.stderr == b""
    assert (tmp_path / "out" / "run.json").is_file()


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
def test_a_file_name_that_is_no_utf8_is_read_and_its_results_written(tmp_path: Path) -> None:
    name = b"pump\xff.csv"
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))).write_bytes(PUMP)
    done = run("detect", os.fsdecode(name), "--out", "out", "--epochs", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b'"name": "pump?"' in (tmp_path / "out" / "run.json").read_bytes()


def test_a_minus_sign_is_standard_input(tmp_path: Path) -> None:
    (tmp_path / "pump.csv").write_bytes(PUMP)
    done = run("detect", "-", "--out", "out", "--epochs", "1", folder=tmp_path, input=PUMP)
    assert done.returncode == 0, done.stderr
    assert run("detect", "pump.csv", "--out", "file", "--epochs", "1", folder=tmp_path).returncode == 0
    one, other = ((tmp_path / place / "points.csv").read_text() for place in ("out", "file"))
    assert one.replace("stdin", "pump") == other
    refused = run("detect", "-", "pump.csv", "--out", "out", folder=tmp_path, input=PUMP)
    assert refused.returncode == 2 and b"one file" in refused.stderr


def test_the_beginning_of_a_flag_is_no_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", "pump.csv", "--out", str(tmp_path), "--epoch", "1"]) == 2
    assert "--epoch" in capsys.readouterr().err


LOADED_SLOWLY = """
import sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "anomaly.cli.entry":
            print("on", flush=True)
            time.sleep(60)
sys.meta_path.insert(0, Slow())
from anomaly.__main__ import run
sys.exit(run())
"""


@pytest.mark.skipif(os.name == "nt", reason="signals differ")
def test_ctrl_c_while_it_is_loaded_is_no_traceback() -> None:
    command = [sys.executable, "-c", LOADED_SLOWLY, "--help"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert said == b"" and process.returncode == 130


def test_where_nothing_can_be_written_is_said_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pump.csv").write_bytes(PUMP)
    for place in ("x" * 300, "a/" * 3000 + "b"):
        assert main(["detect", str(tmp_path / "pump.csv"), "--out", str(tmp_path / place)]) == 2
        said = capsys.readouterr()
        assert "cannot be written" in said.err and "epochs" not in said.out


def test_where_no_step_is_scored_that_is_the_headline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pump, model, out = tmp_path / "pump.csv", str(tmp_path / "model"), str(tmp_path / "out")
    pump.write_bytes(PUMP)
    assert main(["fit", str(pump), "--model", model, "--epochs", "1"]) == 0
    manifest = json.loads((tmp_path / "model" / "model.json").read_bytes())
    del manifest["check"], manifest["files"]
    (tmp_path / "model" / "model.json").write_text(json.dumps({**manifest, "warm_up": 1000}))
    capsys.readouterr()
    assert main(["score", str(pump), "--model", model, "--out", out]) == 0
    said = capsys.readouterr().out
    assert "No step of pump could be scored" in said and "0 events" not in said


def test_want_of_memory_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("anomaly.forecasting.fitting.fit", break_off)
    monkeypatch.setattr("anomaly.forecasting.fit", break_off, raising=False)
    assert "not enough memory" in refusal(capsys, "detect", write_pump(tmp_path), "--out", tmp_path / "out")
