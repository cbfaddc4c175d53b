"""Who may upload, how much at once, and for how long it is kept: asked of a server, without a page between."""

import base64
import os
import time
from collections.abc import Iterator
from types import SimpleNamespace
from unittest import mock

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from anomaly.ui.session import uploads
from tests.support.browser import Server
from tests.support.fit_jobs import wait_until
from tests.support.visitors import Visitor, claims, cookies_of, uploaded_bytes

MOST = 2 << 20
SMALL = {"STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "2", "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "2"}
REFUSED = (413, 0)
"""0: the server hung up on what was still being sent"""
PROVIDER = "http://localhost:1"
"""nobody asks it: the visitors bring what it would have given them"""


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    """With accounts, for whom the environment names."""
    people = {"ANOMALY_PEOPLE": "@example.org"}
    with Server(provider=PROVIDER, environment=SMALL | people) as running:
        yield running


@pytest.fixture(scope="module")
def unguarded() -> Iterator[Server]:
    with Server(environment=SMALL) as running:
        yield running


def ada(server: Server, **others: object) -> dict[str, str]:
    return cookies_of(server.secrets, claims(email="ada@example.org", email_verified=True) | others)


def refused(visitor: Visitor) -> bool:
    status, why = visitor.upload(b"t,x\n1,2\n")
    assert status in (204, 403)
    return status == 403 and why.startswith("Expected an upload from a session that was let in, found one that was not")


def test_who_is_not_signed_in_uploads_nothing(guarded: Server) -> None:
    with Visitor(guarded.address) as stranger:
        assert "Sign in" in stranger.run()
        assert refused(stranger)
        assert stranger.announce(MOST)[0] == 403
    stranger.session = "another"
    assert refused(stranger)


@pytest.mark.parametrize("others", [{"email_verified": None}, {"email": "ada@elsewhere.org"}, {"sub": ""}])
def test_who_is_signed_in_but_not_let_in_uploads_nothing(guarded: Server, others: dict[str, object]) -> None:
    with Visitor(guarded.address, ada(guarded, **others)) as visitor:
        assert "Or see it at work" not in visitor.run()
        assert refused(visitor)


def test_a_cookie_that_was_altered_or_is_too_old_uploads_nothing(guarded: Server) -> None:
    good = ada(guarded)
    (name, value), *_ = good.items()
    with mock.patch("time.time", return_value=time.time() - 32 * 86_400):
        old = ada(guarded)
    for cookies in ({name: value[:-1] + ("A" if value[-1] != "A" else "B")}, old):
        with Visitor(guarded.address, cookies) as visitor:
            assert "Sign in" in visitor.run()
            assert refused(visitor)


def test_who_is_let_in_uploads_until_they_sign_out_in_another_tab(guarded: Server) -> None:
    cookies = ada(guarded, about=base64.b64encode(os.urandom(5_000)).decode())
    assert len(cookies) > 1, "a long cookie comes in parts"
    with Visitor(guarded.address, cookies) as tab, Visitor(guarded.address, cookies) as other:
        assert "Or see it at work" in tab.run()
        other.run()
        assert not refused(tab) and not refused(other)
        other.run("sign-out")
        assert refused(tab) and refused(other)
        assert "Sign in" in tab.run()


def test_a_session_holds_no_more_than_one_file_may_have(unguarded: Server) -> None:
    """All files together, whether their sizes were announced or not, and those still on their way."""
    half = b"x" * (MOST // 2)
    with Visitor(unguarded.address) as tab, Visitor(unguarded.address) as other:
        tab.run()
        other.run()
        assert [tab.upload(half)[0], tab.upload(half)[0]] == [204, 204]
        status, why = tab.announce(len(half))
        assert status == 413 and "Expected at most 2 MB" in why and "server.maxUploadSize" in why
        assert tab.upload(half, announced=False)[0] in REFUSED
        assert other.upload(half)[0] == 204, "another session has its own"
        # On another page nobody could take them out any more.
        tab.run("runs")
        with tab.uploading(half) as finish:
            answers = [tab.upload(half, announced=False)[0], tab.upload(half, announced=False)[0], finish()]
        assert answers.count(204) == 2 and set(answers) <= {204, *REFUSED}
        assert tab.announce(len(half))[0] == 413


def test_what_a_session_that_left_had_uploaded_is_let_go_of(unguarded: Server) -> None:
    """Also where nobody else comes or goes."""
    wait_until(lambda: uploaded_bytes(unguarded.address) == 0)
    with Visitor(unguarded.address) as tab:
        tab.run()
        assert tab.upload(b"x" * 1_000)[0] == 204
        wait_until(lambda: uploaded_bytes(unguarded.address) == 1_000)
    wait_until(lambda: uploaded_bytes(unguarded.address) == 0)


def test_a_session_is_ended_when_it_has_been_away_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that came back is not, and a file that arrives after the end does not stay."""
    clock, connected, ended = [0.0], {"here", "away"}, []
    files = MemoryUploadedFileManager("/upload")
    server = SimpleNamespace(
        uploaded_file_mgr=files, is_active_session=lambda one: one in connected, close_session=ended.append
    )
    monkeypatch.setattr(uploads.runtime, "exists", lambda: True)
    monkeypatch.setattr(uploads.runtime, "get_instance", lambda: server)
    monkeypatch.setattr(uploads.time, "monotonic", lambda: clock[0])
    for name in ("let_in", "_seen"):
        monkeypatch.setattr(uploads, name, {})
    for one in ("here", "away"):
        uploads.let_in[one] = lambda: False
        files.add_file(one, UploadedFileRec("f", "f.csv", "text/csv", b"1234"))

    def at(seconds: float) -> list[str]:
        clock[0] = seconds
        uploads.end_sessions_that_left(100.0)
        return ended

    assert at(10) == []
    connected.remove("away")
    assert at(109) == []
    connected.add("away")
    assert at(111) == []
    connected.remove("away")
    assert at(210) == [] and uploads.held("away") == 4
    assert at(212) == ["away"] and uploads.held("away") == 0 and uploads.held("here") == 4
    assert set(uploads.let_in) == {"here"}
    files.add_file("away", UploadedFileRec("g", "g.csv", "text/csv", b"12"))
    assert at(220) == ["away"]
    assert at(321) == ["away", "away"] and uploads.held("away") == 0 and uploads.known() == ["here"]


def test_a_server_that_is_told_to_end_ends_in_order() -> None:
    """Else tables that were set aside on disk would stay there."""
    with Server(environment=SMALL) as running, Visitor(running.address) as tab:
        tab.run()
        running._process.terminate()
        assert running._process.wait(60) == 0
