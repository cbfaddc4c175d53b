"""The command line as it is called: a file for it, what it writes, what it refuses."""

from pathlib import Path

import pytest

from anomaly.cli import main
from tests.support.strategies import sine_values

Capture = pytest.CaptureFixture[str]
QUICK = ["--train-fraction", "0.6", "--hidden-units", "4", "--bptt-steps", "16", "--epochs", "2"]
RESULTS = ["events.csv", "points.csv", "run.json"]


def write_pump(folder: Path, name: str = "pump.csv", seed: int = 0, header: str = "time,flow,level") -> Path:
    """300 steps of two channels, a peak planted at step 250."""
    values = sine_values(300, seed=seed)
    values[250:253, 0] += 9
    rows = [f"{step},{flow:.5f},{level:.5f}" for step, (flow, level) in enumerate(values)]
    (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return folder / name


def run(*arguments: str | Path) -> None:
    assert main([str(argument) for argument in arguments]) == 0


def detect(out: Path, *arguments: str | Path) -> Path:
    run("detect", *arguments, "--out", out, *QUICK)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULTS}


def refusal(capsys: Capture, *arguments: str | Path) -> str:
    """The one line on stderr of a command that is refused."""
    assert main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr().err
    assert said.endswith("\n") and said.count("\n") == 1, f"expected one line, found {said!r}"
    return said
