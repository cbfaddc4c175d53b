"""A file for the commands, and a model kept from it."""

from pathlib import Path

import pytest

from anomaly.cli import main
from tests.support.command_line import QUICK, write_pump


@pytest.fixture
def pump(tmp_path: Path) -> Path:
    return write_pump(tmp_path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    assert main(["fit", str(write_pump(folder)), "--model", str(folder / "model"), *QUICK]) == 0
    return folder / "model"
