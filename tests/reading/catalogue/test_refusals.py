"""Servers that refuse, lead elsewhere, say nothing or no sense: one sentence, and nothing is kept."""

import socket
import threading
from pathlib import Path

import pytest

from anomaly.reading import catalogue
from anomaly.reading.catalogue import File, get
from tests.support.file_server import CONTENT, Server, entry_of, good, refused


@pytest.mark.parametrize("code", [403, 404, 500, 503])
def test_an_answer_that_is_no_file_is_told_with_its_number(server: Server, tmp_path: Path, code: int) -> None:
    address = server.serve("/pump.csv", b"<html>no</html>", code)
    with refused(tmp_path, address, f"answered {code} ("):
        get(entry_of(good(address)), tmp_path)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place",
    ["http://example.org/pump.csv", "http://127.0.0.1:{port}/other.csv", "/other.csv", "HTTP://example.org/x"],
)
def test_a_redirect_to_an_address_that_is_not_secure_is_refused(
    server: Server, tmp_path: Path, code: int, place: str
) -> None:
    server.serve("/other.csv", CONTENT)
    address = server.serve("/pump.csv", b"", code, Location=place.format(port=server.server_port))
    with refused(tmp_path, address, "no secure address"):
        get(entry_of(good(address)), tmp_path)
    assert server.asked == ["/pump.csv"]


@pytest.mark.parametrize("place", ["file:///etc/hosts", "ftp://127.0.0.1/x", "data:,x", "http://[", "https://"])
def test_a_redirect_to_what_is_no_web_address_is_refused(server: Server, tmp_path: Path, place: str) -> None:
    address = server.serve("/pump.csv", b"", 302, Location=place)
    with refused(tmp_path):
        get(entry_of(File(address, None, None)), tmp_path)


def test_a_redirect_to_a_secure_address_is_followed(server: Server, tmp_path: Path) -> None:
    """To a port that takes a connection but speaks no TLS: that it is tried at all is what is seen here."""
    address = server.serve("/pump.csv", b"", 302, Location=server.address("/other.csv", "https"))
    with refused(tmp_path, "127.0.0.1 could not be reached (", "SSL"):
        get(entry_of(good(address)), tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/pump.csv",
        "http://127.0.0.1.example.org/pump.csv",
        "http://localhost@example.org/pump.csv",
        "ftp://127.0.0.1/pump.csv",
        "file:///etc/hosts",
        "pump.csv",
    ],
)
def test_an_address_that_is_not_secure_is_not_even_asked(tmp_path: Path, address: str) -> None:
    with refused(tmp_path, address, "https://"):
        get(entry_of(File(address, None, None)), tmp_path)


def test_no_server_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/pump.csv"
    wanted = f": check the connection, or download {address} by hand and open it."
    with refused(tmp_path, "127.0.0.1 could not be reached (", "refused", wanted):
        get(entry_of(good(address)), tmp_path)


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "TIMEOUT", 0.05)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with refused(tmp_path, "could not be reached (timed out)"):
            get(entry_of(good(f"http://127.0.0.1:{mute.getsockname()[1]}/pump.csv")), tmp_path)


@pytest.mark.parametrize(
    "answer", [b"", b"\x00\xff\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz"]
)
def test_a_server_that_speaks_no_sense_is_one_sentence(tmp_path: Path, answer: bytes) -> None:
    with socket.socket() as strange:
        strange.bind(("127.0.0.1", 0))
        strange.listen()

        def serve() -> None:
            connection, _ = strange.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with refused(tmp_path, "could not be reached ("):
            get(entry_of(good(f"http://127.0.0.1:{strange.getsockname()[1]}/pump.csv")), tmp_path)
        thread.join()
