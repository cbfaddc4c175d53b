"""Every command and example of the README, run as it stands there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    lines = [line.split(" #")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line]


def run(command: list[str], folder: Path) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)} failed: {done.stderr}"
    return done.stdout


def test_every_command_of_the_readme_is_one_that_these_tests_know() -> None:
    known = ("make ", "python -m anomaly ", "python3 -m venv .venv && ", ".venv/bin/python -m streamlit run app.py")
    assert commands()
    assert [line for line in commands() if not line.startswith(known)] == []


def test_the_command_line_examples_work_one_after_the_other(tmp_path: Path) -> None:
    examples = [shlex.split(line) for line in commands() if line.startswith("python -m anomaly")]
    assert {example[3] for example in examples} == {"demo", "detect", "fit", "score"}
    for _, *rest in examples:
        run([sys.executable, *rest], tmp_path)
    for folder in ("results", "scored"):
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == ["events.csv", "points.csv", "run.json"]


def test_the_python_example_works(tmp_path: Path) -> None:
    (example,) = blocks("python")
    run([sys.executable, "-m", "anomaly", "demo", "pump", "--out", "pump.csv"], tmp_path)
    assert "why" in run([sys.executable, "-c", example], tmp_path)
    assert (tmp_path / "model").is_dir()


def test_the_columns_named_in_the_readme_are_those_of_the_files(tmp_path: Path) -> None:
    run([sys.executable, "-m", "anomaly", "demo", "ecg", "--out", "ecg.csv"], tmp_path)
    detect = "-m anomaly detect ecg.csv --out o --train-rows 500 --epochs 1"
    run([sys.executable, *shlex.split(detect)], tmp_path)
    for name in ("points", "events"):
        header = (tmp_path / "o" / f"{name}.csv").read_text().splitlines()[0]
        named = re.search(rf"`{name}.csv`: `([a-z_,]+)`", README)
        assert named
        assert header.startswith(named[1])


@pytest.mark.parametrize("target", ["app", "test"])
def test_the_make_targets_do_what_the_lines_without_make_do(target: str) -> None:
    listed = run(["make", "--dry-run", "--always-make", target], ROOT)
    assert "-m venv .venv" in listed
    if target == "app":
        assert "install --quiet --disable-pip-version-check -r requirements.txt" in listed
        assert "streamlit run app.py" in listed
    else:
        assert "install --quiet --disable-pip-version-check -r requirements-dev.txt" in listed
        assert "pytest" in listed


def test_the_files_the_readme_links_to_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
