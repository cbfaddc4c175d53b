"""A real browser and a real server, for the tests and the benchmarks that need them."""

import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.support.checkout import ROOT
from tests.support.provider import write_secrets

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
needs_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("CI"), reason="no chromium here: install it to run the browser tests"
    ),
]
"""what a module of such tests has as its `pytestmark`"""
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


class Server:
    """The app, started as a user would, on a free port; `with Server() as server: server.address`."""

    def __init__(
        self,
        data: Path | None = None,
        provider: str | None = None,
        environment: dict[str, str] | None = None,
        script: str | Path = "app.py",
    ) -> None:
        """Runs are kept in `data`, or in a folder of its own. With the address of an identity `provider` people sign
        in. A `script` of a test's own stands in for the app."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://localhost:{port}"
        self._data = tempfile.TemporaryDirectory(prefix="unforeseen-tests-", ignore_cleanup_errors=True)
        command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
        if provider is not None:
            self.secrets = write_secrets(Path(self._data.name), provider, self.address)
            command += ["--secrets.files", str(self.secrets)]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "ANOMALY_DATA": str(data or self._data.name), **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def memory(self) -> int:
        """Bytes that the server holds; Linux only."""
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize()

    def kill(self) -> None:
        """As a power failure would end it."""
        self._process.kill()
        self._process.wait(20)

    def __enter__(self) -> "Server":
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return self
        raise RuntimeError("The app did not start within 30 s.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(20)


def settle(page: Page) -> None:
    """Wait until the page is drawn to its end: before that its parts still move, what was there before is still to be
    seen, and a drag or a file meets what is about to go."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def wait_for_result(page: Page) -> None:
    """Until the headline says what was found, or that nothing stands out."""
    page.get_by_text(re.compile("at this threshold|stands out of")).wait_for()


@contextmanager
def open_page() -> Iterator[Page]:
    """A page of a fresh headless Chromium; `ImportError` where there is none."""
    if CHROMIUM is None:
        raise ImportError("no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
        page.set_default_timeout(60_000)
        yield page
        browser.close()
