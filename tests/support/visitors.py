"""Visitors without a browser: they speak to Streamlit's server as a page of it does, and as no page would."""

import http.client
import os
import re
import time
import tomllib
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streamlit.auth_util import set_cookie_with_chunks
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value, generate_xsrf_token_string
from websockets.sync.client import connect

USER = "_streamlit_user"
CONTENT = "multipart/form-data; boundary=edge"
HEAD = b'--edge\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\n'
TAIL = b"\r\n--edge--\r\n"


def claims(**others: Any) -> dict[str, Any]:
    """What a provider says of Ada, each time that she signs in."""
    now = int(time.time())
    own = {"iss": "https://id.example", "sub": "ada", "name": "Ada", "iat": now, "exp": now + 60}
    return own | {"nonce": os.urandom(8).hex(), "is_logged_in": True} | others


def cookies_of(secrets: Path, claims: dict[str, Any]) -> dict[str, str]:
    """What Streamlit gives to whoever signed in, by the secrets of the app; a long one in parts."""
    auth = tomllib.loads(secrets.read_text())["auth"]
    given: dict[str, str] = {}

    def sign(name: str, value: str) -> bytes:
        return create_signed_value(auth["cookie_secret"], name, value)

    origin = auth["redirect_uri"].removesuffix("/oauth2callback")
    value = {**claims, "origin": origin, "is_logged_in": True, "provider": "default"}
    set_cookie_with_chunks(
        lambda name, part: given.update({name: sign(name, part).decode()}), sign, USER, value, cookie_attr_size=60
    )
    return given


class Visitor:
    """One tab; `with Visitor(address, cookies) as tab: tab.run()`."""

    def __init__(self, address: str, cookies: dict[str, str] | None = None) -> None:
        self._address = address
        self._xsrf = generate_xsrf_token_string()
        self._cookies = "; ".join(
            f"{name}={value}" for name, value in {"_streamlit_xsrf": self._xsrf, **(cookies or {})}.items()
        )
        self.session = ""

    def __enter__(self) -> "Visitor":
        self._socket = connect(
            f"{self._address.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=["streamlit", self._xsrf],  # type: ignore[list-item]
            additional_headers={"Cookie": self._cookies, "Origin": self._address},
            max_size=None,
            legacy=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def run(self, page: str = "") -> str:
        """All that the page says after another run of its script, as one text."""
        message = BackMsg()
        message.rerun_script.page_name = page
        self._socket.send(message.SerializeToString())
        said = []
        while True:
            got = ForwardMsg()
            got.ParseFromString(self._socket.recv(timeout=60))
            if got.WhichOneof("type") == "new_session":
                self.session = got.new_session.initialize.session_id
            said.append(str(got))
            if (
                got.WhichOneof("type") == "script_finished"
                and got.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
            ):
                return "\n".join(said)

    def upload(self, content: bytes, announced: bool = True) -> tuple[int, str]:
        """Status and words of the answer; without a length, as `announced` says, it is only known when all is there.
        0 where the server hung up instead, as it may on whoever goes on sending what was refused."""
        body = b"".join((HEAD, content, TAIL))
        data = body if announced else (body[start : start + 65_536] for start in range(0, len(body), 65_536))
        headers = {"Content-Type": CONTENT, "Cookie": self._cookies, "X-Xsrftoken": self._xsrf}
        where = f"{self._address}/_stcore/upload_file/{self.session}/{uuid.uuid4()}"
        request = urllib.request.Request(where, data=data, method="PUT", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def announce(self, size: int) -> tuple[int, str]:
        """Status and words of the answer to an upload that is refused before its first byte."""
        connection = self._begin(size)
        connection.endheaders()
        answer = connection.getresponse()
        words = answer.read().decode()
        connection.close()
        return answer.status, words

    @contextmanager
    def uploading(self, content: bytes) -> Iterator[Callable[[], int]]:
        """An upload whose last bytes have not come yet; the function sends them, and gives the status."""
        connection = self._begin(len(content))
        connection.endheaders(HEAD + content)

        def finish() -> int:
            try:
                connection.send(TAIL)
                return connection.getresponse().status
            except OSError:
                return 0

        yield finish
        connection.close()

    def _begin(self, size: int) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self._address.removeprefix("http://"), timeout=30)
        connection.putrequest("PUT", f"/_stcore/upload_file/{self.session}/{uuid.uuid4()}")
        length = len(HEAD) + size + len(TAIL)
        for name, value in (("Content-Type", CONTENT), ("Cookie", self._cookies), ("X-Xsrftoken", self._xsrf)):
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(length))
        return connection


def uploaded_bytes(address: str) -> int:
    """What the server holds of uploads, by its own count."""
    with urllib.request.urlopen(f"{address}/_stcore/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.search(r"cache_memory_bytes\{[^}]*UploadedFileManager[^}]*\} (\d+)", text)
    return int(found[1]) if found else 0
