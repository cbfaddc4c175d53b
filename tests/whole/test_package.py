"""The package as people install it: a wheel, in an environment that has its requirements and knows of no checkout."""

import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

import anomaly
from anomaly.domain import AnomalyError, DataError
from anomaly.reading import read_files
from anomaly.runs import RunStore
from tests.support.checkout import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The scripts' folder of an environment that the wheel was installed into, without network."""
    folder = tmp_path_factory.mktemp("package")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = ["wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    subprocess.run([*pip, *build], check=True, capture_output=True)
    (wheel,) = folder.glob("unforeseen-*.whl")
    place = folder / "environment"
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    scripts = place / ("Scripts" if os.name == "nt" else "bin")
    install = ["install", "--no-index", "--no-deps", "--quiet", str(wheel)]
    subprocess.run([*pip, "--python", str(scripts / "python"), *install], check=True, capture_output=True)
    # What it needs is there already, in the environment of the tests.
    (packages,) = place.glob("**/site-packages")
    (packages / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n")
    yield scripts


def run(installed: Path, *command: str, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(installed / command[0]), *command[1:]], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_command_finds_what_the_checkout_finds(installed: Path, tmp_path: Path) -> None:
    assert "detect" in run(installed, "unforeseen", "--help", folder=tmp_path)
    assert run(installed, "unforeseen", "--version", folder=tmp_path) == f"unforeseen {anomaly.__version__}\n"
    where = run(installed, "python", "-c", "import anomaly; print(anomaly.__file__)", folder=tmp_path)
    assert not Path(where.strip()).is_relative_to(ROOT)
    run(installed, "unforeseen", "demo", "pump", "--out", "pump.csv", folder=tmp_path)
    settings = ["--train-fraction", "0.45", "--epochs", "3"]
    run(installed, "unforeseen", "detect", "pump.csv", "--out", "installed", *settings, folder=tmp_path)
    checkout = [sys.executable, "-m", "anomaly", "detect", str(tmp_path / "pump.csv"), "--out", str(tmp_path / "here")]
    subprocess.run([*checkout, *settings], cwd=ROOT, check=True, capture_output=True)
    for file in ("events.csv", "points.csv"):
        assert (tmp_path / "installed" / file).read_bytes() == (tmp_path / "here" / file).read_bytes()


def test_the_installed_package_knows_the_public_data_and_keeps_runs(installed: Path, tmp_path: Path) -> None:
    assert run(installed, "unforeseen", "datasets", "list", folder=tmp_path).count("Licence:") > 3
    keep = "from anomaly.runs import RunStore; from pathlib import Path; "
    keep += "print(RunStore('sqlite:///runs.sqlite', Path('.')).count())"
    assert run(installed, "python", "-c", keep, folder=tmp_path) == "(0, 0)\n"


def test_the_installed_app_answers_this_machine_alone(installed: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(installed / "unforeseen"), "app", "--server.port", str(port)]
    app = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert is_healthy(f"http://localhost:{port}/_stcore/health")
    finally:
        os.killpg(app.pid, signal.SIGTERM)
        said, _ = app.communicate(timeout=30)
    # The settings that came with it hold: Streamlit's own would tell the address in the network, too.
    assert f"http://localhost:{port}" in said and "Network URL" not in said


def is_healthy(address: str) -> bool:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=1) as answer:
                return bool(answer.read() == b"ok")
        except OSError:
            time.sleep(0.1)
    return False


@pytest.mark.parametrize("package", ["wfdb", "psycopg[binary]"])
def test_what_an_extra_would_bring_is_said_in_a_sentence(
    package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("anomaly.domain.installation.find_spec", lambda name: None)
    with pytest.raises(AnomalyError, match=rf"pip install '{re.escape(package)}'\.$") as raised:
        if package == "wfdb":
            read_files([(b"r 1 250 4\nr.dat 16 200 16 0 0 0 0 lead\n", "r.hea"), (bytes(8), "r.dat")])
        else:
            RunStore("postgresql+psycopg://ada:secret@localhost/runs", tmp_path)
    assert "secret" not in str(raised.value)
    assert isinstance(raised.value, DataError) == (package == "wfdb")
