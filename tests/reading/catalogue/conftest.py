"""A server for each test that downloads."""

import threading
from collections.abc import Iterator

import pytest

from tests.support.file_server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield one
    one.shutdown()
    one.server_close()
    thread.join()
