"""Who has signed out is out: in every tab, on every server, after a restart, whatever cookies a copy comes with."""

import base64
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from anomaly.domain.exceptions import AccessError, RunError
from anomaly.runs.store import RunStore
from anomaly.ui import session
from anomaly.ui.lasting import keeping, opened_store, sign_outs, signing_in
from tests.support.browser import Server
from tests.support.visitors import USER, Visitor, claims, cookies_of

PROVIDER = "http://localhost:1"
"""nobody asks it: the visitors bring what it would have given them"""


@pytest.fixture
def restarted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forgets what a server knows by itself, as another or one that starts again does."""

    def restart() -> None:
        for name in ("_ended", "_asked"):
            monkeypatch.setattr(sign_outs, name, {})

    restart()
    return restart


def test_a_sign_in_is_known_by_what_the_provider_said_of_it() -> None:
    first = claims()
    assert sign_outs.sign_in_of(first) == sign_outs.sign_in_of(first | {"name": "Another", "tokens": {"id": "x"}})
    others = [{"iss": "https://other.example"}, {"sub": "ben"}, {"nonce": "n"}, {"iat": 1}, {"sid": "s"}]
    assert len({sign_outs.sign_in_of(first | one) for one in [{}, *others]}) == 6


def test_it_ends_for_every_server_and_the_others_go_on(empty_store: RunStore, restarted: Callable[[], None]) -> None:
    first, second = claims(), claims()
    sign_outs.end(first)
    assert sign_outs.has_ended(first) and not sign_outs.has_ended(second)
    restarted()
    assert sign_outs.has_ended(first) and not sign_outs.has_ended(second)
    assert not sign_outs.has_ended(first | {"iss": "https://other.example"}), "another provider's ada"


def test_without_a_store_it_ends_for_this_server(
    monkeypatch: pytest.MonkeyPatch, restarted: Callable[[], None]
) -> None:
    monkeypatch.setattr(opened_store, "open_here", lambda: None)
    first = claims()
    sign_outs.end(first)
    assert sign_outs.has_ended(first) and not sign_outs.has_ended(claims())


def test_a_store_that_does_not_answer_is_told_later(
    empty_store: RunStore, monkeypatch: pytest.MonkeyPatch, restarted: Callable[[], None]
) -> None:
    def fail() -> None:
        raise RunError("The run store does not answer.")

    first = claims()
    with monkeypatch.context() as broken:
        broken.setattr(opened_store, "open_here", fail)
        sign_outs.end(first)
        assert sign_outs.has_ended(first) and not sign_outs.has_ended(claims())
    assert not empty_store.sign_outs.has(sign_outs.sign_in_of(first))
    assert not sign_outs.has_ended(claims())
    assert empty_store.sign_outs.has(sign_outs.sign_in_of(first))


def test_a_tab_does_not_outlast_its_cookie(empty_store: RunStore, restarted: Callable[[], None]) -> None:
    """Else one that stayed open would be signed in again when its sign-out is forgotten."""
    day = 86_400
    assert not sign_outs.has_ended(claims(iat=int(time.time()) - 30 * day))
    assert sign_outs.has_ended(claims(iat=int(time.time()) - 31 * day - 1))
    assert sign_outs.KEPT_DAYS > sign_outs.SIGN_IN_DAYS


def test_a_download_is_refused_after_signing_out_elsewhere(
    empty_store: RunStore, monkeypatch: pytest.MonkeyPatch, restarted: Callable[[], None]
) -> None:
    first = claims()
    monkeypatch.setattr(st, "user", SimpleNamespace(to_dict=lambda: first))
    taken = keeping.guard(session.Run(None, None), "points.csv", lambda: b"points")  # type: ignore[arg-type]
    assert taken() == b"points"
    empty_store.sign_outs.add(sign_outs.sign_in_of(first), 32)
    restarted()
    with pytest.raises(AccessError, match="You signed out"):
        taken()


@pytest.mark.parametrize("verified", [None, False, "false", "", 1])
def test_the_refusal_says_what_the_provider_has_to_send(verified: object) -> None:
    asked = claims(email="ada@example.org", email_verified=verified)
    for invited in ({"@example.org"}, {"@elsewhere.org"}):
        words = signing_in._say_refusal(asked, invited)
        assert "email_verified to be true" in words and f"found {verified!r}" in words
    assert signing_in._say_refusal(asked, set()) == "", "where no address decides it does not matter"
    asked.pop("email_verified")
    assert "found none" in signing_in._say_refusal(asked, {"@example.org"})
    assert "This account is not among" in signing_in._say_refusal(claims(), {"@example.org"})
    assert "iss and sub" in signing_in._say_refusal(claims(sub=""), set())


@pytest.fixture(scope="module", params=["short", "long"])
def told(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Of a sign-in, in one cookie or in parts."""
    return claims(about=base64.b64encode(os.urandom(5_000 if request.param == "long" else 50)).decode())


def test_a_copied_cookie_is_out_with_others_beside_it_and_after_a_restart(told: dict[str, Any], tmp_path: Path) -> None:
    with Server(tmp_path, PROVIDER) as server:
        cookies = cookies_of(server.secrets, told)
        assert (len(cookies) > 1) == (len(told["about"]) > 5_000)
        with Visitor(server.address, cookies) as tab, Visitor(server.address, cookies) as other:
            assert "Or see it at work" in tab.run() and "Or see it at work" in other.run()
            tab.run("sign-out")
            assert "Sign in" in other.run()
        for beside in ({}, {"x": "1"}, {f"{USER}__1": "1"}, {f"{USER}_9": "1"}):
            with Visitor(server.address, beside | cookies) as copied:
                said = copied.run()
                assert "Sign in" in said and "Or see it at work" not in said
        with Visitor(server.address, cookies_of(server.secrets, claims())) as again:
            assert "Or see it at work" in again.run(), "another sign-in of the same person"
    with Server(tmp_path, PROVIDER) as server, Visitor(server.address, cookies_of(server.secrets, told)) as copied:
        said = copied.run()
        assert "Sign in" in said and "Or see it at work" not in said
