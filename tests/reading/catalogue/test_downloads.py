"""Public data sets on request, against a server of this machine: what is expected is kept, all else leaves nothing."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain.exceptions import DataError
from anomaly.reading import catalogue
from anomaly.reading.catalogue import File, get, unchecked
from tests.support.file_server import CONTENT, Server, digest, entry_of, good, refused


def test_a_file_comes_whole_and_tells_how_far_it_is(server: Server, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    entry = entry_of(good(server.serve("/data/pump.csv", CONTENT)))
    (path,) = get(entry, tmp_path / "new" / "folder", lambda count, whole: told.append((count, whole)))
    assert path == tmp_path / "new" / "folder" / "pump.csv"
    assert path.read_bytes() == CONTENT
    assert [child.name for child in path.parent.iterdir()] == ["pump.csv"]
    counts = [count for count, _ in told]
    assert len(counts) > 1 and counts == sorted(set(counts)) and counts[-1] == len(CONTENT)
    assert {whole for _, whole in told} == {len(CONTENT)}
    assert unchecked(entry, path.parent) == []


def test_what_is_there_already_is_not_downloaded_again(server: Server, tmp_path: Path) -> None:
    entry = entry_of(good(server.serve("/pump.csv", CONTENT)), File(server.serve("/notes.txt", b"hello"), None, None))
    first = get(entry, tmp_path)
    assert get(entry, tmp_path) == first
    assert server.asked == ["/pump.csv", "/notes.txt"]


@pytest.mark.parametrize("size", [None, 5, 6])
def test_a_file_of_the_same_name_that_is_another_stays_as_it_is(
    server: Server, tmp_path: Path, size: int | None
) -> None:
    (tmp_path / "pump.csv").write_bytes(b"mine!")
    file = File(server.serve("/pump.csv", CONTENT), size, None if size == 6 else digest(CONTENT))
    with pytest.raises(DataError, match=r"pump\.csv is there already, .*: move it away or choose another folder\.$"):
        get(entry_of(file), tmp_path)
    assert (tmp_path / "pump.csv").read_bytes() == b"mine!"
    assert server.asked == []


def test_a_wrong_digest_shows_both_and_keeps_nothing(server: Server, tmp_path: Path) -> None:
    other = CONTENT.replace(b"1.5", b"1.6")
    with refused(tmp_path, "pump.csv", digest(CONTENT), digest(other)):
        get(entry_of(File(server.serve("/pump.csv", other), None, digest(CONTENT))), tmp_path)


@pytest.mark.parametrize("size", [None, len(CONTENT)])
@pytest.mark.parametrize("sha256", [None, digest(CONTENT)])
def test_a_file_that_is_cut_off_keeps_nothing(
    server: Server, tmp_path: Path, size: int | None, sha256: str | None
) -> None:
    address = server.serve("/pump.csv", CONTENT[:300_000], **{"Content-Length": str(len(CONTENT))})
    with refused(tmp_path, "pump.csv is cut off", f"{len(CONTENT):,}", "300,000"):
        get(entry_of(File(address, size, sha256)), tmp_path)


def test_a_file_shorter_than_known_is_refused_even_if_the_server_says_so(server: Server, tmp_path: Path) -> None:
    address = server.serve("/pump.csv", CONTENT[:-1])
    with refused(tmp_path, f"expected {len(CONTENT):,} bytes, found {len(CONTENT) - 1:,}"):
        get(entry_of(File(address, len(CONTENT), None)), tmp_path)


@pytest.mark.parametrize("length", ["", str(len(CONTENT))])
def test_a_file_longer_than_known_is_not_taken_to_its_end(server: Server, tmp_path: Path, length: str) -> None:
    counts: list[int] = []
    address = server.serve("/pump.csv", CONTENT, **{"Content-Length": length})
    with refused(tmp_path, "pump.csv is too large", "300,000"):
        get(entry_of(File(address, 300_000, None)), tmp_path, lambda count, _: counts.append(count))
    assert max(counts, default=0) <= 300_000


@pytest.mark.parametrize("length", ["", str(len(CONTENT))])
def test_a_file_of_unknown_size_has_a_limit_too(
    server: Server, tmp_path: Path, length: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "MOST_BYTES", 400_000)
    address = server.serve("/pump.csv", CONTENT, **{"Content-Length": length})
    with refused(tmp_path, "pump.csv is too large", "400,000"):
        get(entry_of(File(address, None, None)), tmp_path)


def test_a_server_that_does_not_say_how_much_it_sends_is_believed_where_the_digest_fits(
    server: Server, tmp_path: Path
) -> None:
    wholes: list[int | None] = []
    address = server.serve("/pump.csv", CONTENT, **{"Content-Length": ""})
    (path,) = get(entry_of(File(address, None, digest(CONTENT))), tmp_path, lambda _, whole: wholes.append(whole))
    assert path.read_bytes() == CONTENT
    assert set(wholes) == {None}


def test_a_file_without_a_known_digest_is_said_to_be_unchecked(server: Server, tmp_path: Path) -> None:
    other = File(server.serve("/b.csv", b"b"), None, digest(b"b"))
    entry = entry_of(File(server.serve("/pump.csv", CONTENT), len(CONTENT), None), other)
    get(entry, tmp_path)
    (sentence,) = unchecked(entry, tmp_path)
    assert "pump.csv could not be checked" in sentence and digest(CONTENT) in sentence


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_download_leaves_nothing(
    server: Server, tmp_path: Path, interruption: type[BaseException]
) -> None:
    def stop(count: int, _: int | None) -> None:
        if count > 400_000:
            assert [child.name for child in tmp_path.iterdir()] == ["pump.csv.part"]
            raise interruption

    with pytest.raises(interruption):
        get(entry_of(good(server.serve("/pump.csv", CONTENT))), tmp_path, stop)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = entry_of(good(server.serve("/pump.csv", CONTENT)))

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "replace", full)
    with refused(tmp_path, "No space left on device"):
        get(entry, tmp_path)


def test_a_folder_that_cannot_be_is_one_sentence(server: Server, tmp_path: Path) -> None:
    entry = entry_of(good(server.serve("/pump.csv", CONTENT)))
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "inner", Path(f"{tmp_path}\0")):
        with pytest.raises(DataError, match=r"cannot be used \(.+\): expected a folder"):
            get(entry, folder)
    assert server.asked == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/pump.csv?raw=1#top", "pump.csv"),
        ("/a/..%2f..%2f..%2fetc%2fpasswd", "passwd"),
        ("/a/..%5c..%5cevil.csv", "evil.csv"),
        ("/a/%2e%2e", "download"),
        ("/a/.bashrc", "bashrc"),
        ("/a/", "download"),
        ("/pump%00.csv", "pump_.csv"),
        ("/my%20pump%3A1.csv", "my_pump_1.csv"),
    ],
)
def test_a_name_in_an_address_never_leaves_the_folder(server: Server, tmp_path: Path, path: str, name: str) -> None:
    asked = path.split("#")[0]
    server.serve(asked, CONTENT)
    inner = tmp_path / "inner"
    assert get(entry_of(good(server.address(path))), inner) == [inner / name]
    assert [child.relative_to(tmp_path).as_posix() for child in tmp_path.rglob("*")] == ["inner", f"inner/{name}"]


@given(st.text(max_size=300))
def test_any_name_at_all_stays_in_the_folder(text: str) -> None:
    name = catalogue._safe_name(text)
    assert (Path("folder") / name).parent == Path("folder")
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", name) and len(name) <= 120
