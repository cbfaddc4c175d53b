"""An OIDC provider of the tests' own, and the app started with accounts."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def run_provider(*people: dict[str, str]) -> Iterator[str]:
    """The address of a provider that knows these people by their claims (`sub`, `name`, `email`)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    claims = [part for one in people for part in ("--user-claims", json.dumps(one))]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *claims],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://localhost:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/.well-known/openid-configuration", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise RuntimeError("The provider did not start within 30 s.")
        yield address
    finally:
        process.terminate()
        process.wait(20)


def write_secrets(folder: Path, provider: str, app: str) -> Path:
    """Streamlit's secrets for the app at this address."""
    path = folder / "secrets.toml"
    path.write_text(
        f"""[auth]
redirect_uri = "{app}/oauth2callback"
cookie_secret = "{os.urandom(16).hex()}"
client_id = "unforeseen"
client_secret = "not much of one"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""
    )
    return path
