"""Who may read what is written."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from anomaly.domain import files
from anomaly.domain.files import make_own_folder, write_together, write_whole

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions are told otherwise here")


def modes(*paths: Path) -> list[int]:
    return [path.stat().st_mode & 0o777 for path in paths]


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_what_the_program_keeps_is_its_owners_whatever_the_umask_says(umask: int, tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "file", b"x")
    make_own_folder(tmp_path / "c" / "d")
    assert modes(*(tmp_path / name for name in ("a", "a/b", "c", "c/d"))) == [0o700] * 4
    assert modes(tmp_path / "a" / "b" / "file") == [0o600]


def test_what_somebody_asks_for_is_as_open_as_the_umask_says(umask: int, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    for _ in range(2):
        write_together(folder, {"one": b"1", "two": b"2"})
        assert modes(folder, folder / "one", folder / "two") == [0o777 & ~umask, *[0o666 & ~umask] * 2]


def test_who_replace_files_at_the_same_time_do_not_mix_them(tmp_path: Path) -> None:
    def replace(number: int) -> None:
        for turn in range(60):
            said = f"{number} {turn}".encode()
            write_together(tmp_path, dict.fromkeys(("one", "two", "last"), said))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(replace, range(4)))
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last", "one", "two"]


def test_what_is_kept_is_on_the_disk_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(files, "flush_folder", flushed.append)
    write_whole(tmp_path / "a" / "b", b"x")
    write_together(tmp_path / "c", {"one": b"1", "two": b"2"})
    assert flushed == [tmp_path, tmp_path / "a", tmp_path / "c", tmp_path / "c"]
