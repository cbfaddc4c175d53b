"""A server of this machine that public data sets are downloaded from."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from anomaly.domain.exceptions import DataError
from anomaly.reading.catalogue import Entry, File

CONTENT = b"time,flow\n" + b"2025-03-01T00:00:00,1.5\n" * 40_000
SERIES = b"timestamp,value\n" + b"".join(b"2014-01-%02d 00:00:00,%d.5\n" % (day, day) for day in range(1, 31))
WINDOWS = json.dumps(
    {
        "realKnownCause/pump.csv": [
            ["2014-01-20 00:00:00.000000", "2014-01-22 00:00:00.000000"],
            ["2014-01-03 00:00:00.000000", "2014-01-04 12:30:00.500000"],
        ],
        "realKnownCause/other.csv": [["2014-01-08 00:00:00.000000", "2014-01-09 00:00:00.000000"]],
    }
).encode()


class Server(ThreadingHTTPServer):
    """Answers from memory and remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.codes: dict[str, int] = {}
        self.asked: list[str] = []

    def address(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.server_port}{path}"

    def serve(self, path: str, content: bytes, code: int = 200, **headers: str) -> str:
        self.files[path], self.codes[path] = content, code
        self.headers[path] = {"Content-Length": str(len(content))} | headers
        return self.address(path)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.codes.get(self.path, 404))
        for name, value in self.server.headers.get(self.path, {}).items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        try:
            self.wfile.write(self.server.files.get(self.path, b""))
        except OSError:  # the other side has seen enough
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def entry_of(*files: File, members: str | None = None) -> Entry:
    return Entry("pump", "A pump", "CC0", "Nothing is labelled.", files, members)


def good(address: str, content: bytes = CONTENT) -> File:
    return File(address, len(content), digest(content))


@contextmanager
def refused(folder: Path, *words: str) -> Iterator[None]:
    """One sentence with the words in it, and nothing left in the folder."""
    with pytest.raises(DataError) as raised:
        yield
    sentence = str(raised.value)
    assert all(word in sentence for word in words), sentence
    assert sentence.endswith(".") and sentence.isprintable() and not re.search(r"\. [A-Z]", sentence), sentence
    assert not folder.exists() or list(folder.iterdir()) == []
