"""The catalogue of public data sets: its entries, known anomalies from windows, archives unpacked."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from anomaly.domain.exceptions import DataError
from anomaly.domain.settings.reading import ReadSettings
from anomaly.pipeline import read
from anomaly.reading import catalogue
from anomaly.reading.catalogue import Entry, entries, find, get
from anomaly.reading.formats.files import read_table
from anomaly.reading.labelling import label_dataset
from tests.support.file_server import SERIES, WINDOWS, Server, entry_of, good


def nab(server: Server, windows: bytes = WINDOWS) -> Entry:
    series = server.serve("/v1/data/realKnownCause/pump.csv", SERIES)
    return entry_of(good(series, SERIES), good(server.serve("/v1/labels/combined_windows.json", windows), windows))


def test_nab_windows_become_known_anomalies_that_can_be_compared_with(server: Server, tmp_path: Path) -> None:
    series, windows, known = get(nab(server), tmp_path)
    assert (series.name, windows.name, known.name) == ("pump.csv", "combined_windows.json", "pump-known.csv")
    assert known.read_bytes() == (
        b"start,end\n2014-01-03 00:00:00,2014-01-04 12:30:00.500000\n2014-01-20 00:00:00,2014-01-22 00:00:00\n"
    )
    labelled = label_dataset(read([series], ReadSettings()), read_table(known))
    (labels,) = [one.labels for one in labelled.series]
    assert labels is not None
    assert np.flatnonzero(labels).tolist() == [2, 3, 19, 20, 21]
    before = known.read_bytes()
    known.unlink()
    assert get(nab(server), tmp_path)[-1].read_bytes() == before
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "windows",
    [
        b"",
        b"[]",
        b"{}",
        b'{"realKnownCause/pump.csv": null}',
        b'{"realKnownCause/pump.csv": [["2014-01-20"]]}',
        b'{"realKnownCause/pump.csv": [["=cmd()", "2014-01-20"]]}',
        b'{"realKnownCause/pump.csv": [[1, 2]]}',
        b'{"realKnownCause/pump.csv": [1, "a"]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_windows_that_are_none_are_one_sentence(server: Server, tmp_path: Path, windows: bytes) -> None:
    with pytest.raises(DataError, match=r"holds no windows of realKnownCause/pump\.csv"):
        get(nab(server, windows), tmp_path)
    assert not (tmp_path / "pump-known.csv").exists()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_only_what_is_wanted_of_an_archive_is_unpacked_into_its_own_folder(server: Server, tmp_path: Path) -> None:
    content = zipped(
        **{
            "data/test/b.csv": b"b",
            "data/test/a.csv": b"a",
            "data/train/c.csv": b"c",
            "data/test/notes.md": b"no",
            "data/test/._a.csv": b"rubbish",
            "data/test/../../../../evil.csv": b"evil",
        }
    )
    inner = tmp_path / "inner"
    paths = get(entry_of(good(server.serve("/all.zip", content), content), members="data/test/*.csv"), inner)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "inner/all.zip",
        "inner/pump/a.csv",
        "inner/pump/b.csv",
        "inner/pump/evil.csv",
    ]
    assert [path.read_bytes() for path in paths[1:]] == [b"a", b"b", b"evil"]
    assert sorted(tmp_path.rglob("*")) == sorted([inner, inner / "pump", *paths])


def broken(content: bytes) -> bytes:
    place = content.index(b"data/test/a.csv") + len("data/test/a.csv") + 5
    return content[:place] + bytes(byte ^ 0xFF for byte in content[place : place + 20]) + content[place + 20 :]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda whole: b"no archive", "no sound zip archive"),
        (lambda whole: whole[:-30], "no sound zip archive"),
        (broken, "no sound zip archive"),
        (lambda whole: zipped(other=b"x"), "holds no file data/test/*.csv"),
        (lambda whole: zipped(**{"data/test/a.csv": bytes(600_000)}), "unpacks to more than"),
    ],
)
def test_an_archive_that_is_none_is_one_sentence(
    server: Server, tmp_path: Path, make: Callable[[bytes], bytes], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "MOST_BYTES", 500_000)
    content = make(zipped(**{"data/test/a.csv": bytes(range(256)) * 20}))
    with pytest.raises(DataError, match=re.escape(words)):
        get(entry_of(good(server.serve("/all.zip", content), content), members="data/test/*.csv"), tmp_path)
    assert [path.name for path in tmp_path.rglob("*.csv*")] == []


def test_the_nearest_name_and_the_command_that_lists_all_are_named() -> None:
    assert find(" NAB-nyc-Taxi ").name == "nab-nyc-taxi"
    with pytest.raises(DataError, match="nearest is 'nab-nyc-taxi', and `python -m anomaly datasets list`"):
        find("nab-taxi")
    with pytest.raises(DataError, match="There is no data set ''"):
        find("")


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"[1]", b'[{"name": "x"}]', b"[" * 100_000, b"\xff", b'{"a": 1}', b"3"]
)
def test_a_missing_or_damaged_catalogue_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setattr(catalogue, "LIST", tmp_path / "catalogue.json")
    if content is not None:
        (tmp_path / "catalogue.json").write_bytes(content)
    with pytest.raises(DataError, match="missing or damaged"):
        entries()


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_every_entry_of_the_catalogue_is_well_formed(entry: Entry) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name)
    assert entry.title.strip() and entry.licence.strip() and entry.labelled.endswith(".")
    assert entry.files and len({file.name for file in entry.files}) == len(entry.files)
    for file in entry.files:
        parts = urlsplit(file.address)
        assert parts.scheme == "https" and parts.hostname and "." in parts.hostname and parts.username is None
        assert file.name == parts.path.rsplit("/", 1)[-1]
        assert file.size is None or (type(file.size) is int and 0 < file.size < catalogue.MOST_BYTES)
        assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        if parts.hostname == "raw.githubusercontent.com":
            assert re.match(r"/[^/]+/[^/]+/[0-9a-f]{40}/", parts.path), "a branch or a tag can move"
    assert (entry.members is not None) == any(file.name.endswith(".zip") for file in entry.files)


def test_the_catalogue_names_each_data_set_once_and_has_those_promised() -> None:
    names = [entry.name for entry in entries()]
    assert len(set(names)) == len(names)
    assert {"nab-machine-temperature", "nasa-smap-msl", "mitdb-106", "ucr-anomaly-archive"} <= set(names)
    files = {file.address: file for entry in entries() for file in entry.files}
    assert all(files[file.address] == file for entry in entries() for file in entry.files)
