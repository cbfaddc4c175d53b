"""Who is let in: whatever the secrets and the environment hold, nobody by mistake."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import Secrets

from anomaly.ui.lasting import signing_in


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path, before = tmp_path / "secrets.toml", st.get_option("secrets.files")
    config.set_option("secrets.files", [str(path)])
    monkeypatch.setattr(st, "secrets", Secrets())
    # Streamlit lays secrets into the environment too.
    environment = dict(os.environ)
    yield path
    config.set_option("secrets.files", before)
    os.environ.clear()
    os.environ.update(environment)


SHARED = 'redirect_uri = "u"\ncookie_secret = "s"\n'
EACH = 'client_id = "x"\nclient_secret = "y"\nserver_metadata_url = "z"\n'


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (f"[auth]\n{SHARED}{EACH}", ["default"]),
        (f"[auth]\n{SHARED}[auth.google]\n{EACH}", ["google"]),
        (f"[auth]\n{SHARED}{EACH}[auth.google]\n{EACH}", ["default", "google"]),
        ('[connections.db]\nurl = "sqlite://"', []),
    ],
)
def test_providers_are_those_that_the_secrets_name(secrets: Path, content: str, found: list[str]) -> None:
    assert signing_in._providers() == [], "without the file there are no accounts"
    secrets.write_text(content)
    assert signing_in._providers() == found


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# all of it commented out",
        "[auth]",
        '[auth]\nclientid = "x"',
        f"[Auth]\n{SHARED}{EACH}",
        f"{SHARED}{EACH}",
        f"[ahut]\n{SHARED}{EACH}",
        f"[login.google]\n{EACH}",
        '[auth.google]\nclient = "x"',
        "[auth",
    ],
)
def test_secrets_that_name_no_provider_let_nobody_in(secrets: Path, content: str) -> None:
    secrets.write_text(content)
    with pytest.raises(ValueError, match="nobody is let in: expected"):
        signing_in._providers()


@pytest.mark.parametrize(
    ("content", "lacking"),
    [
        (f'[auth]\n{SHARED}client_id = ""', "client_id of default, client_secret of default"),
        (f"[auth]\n{EACH}", "redirect_uri, cookie_secret,"),
        (f'[auth]\n{SHARED}[auth.google]\nclient_id = "x"', "client_secret of google, server_metadata_url of google,"),
    ],
)
def test_what_signing_in_lacks_is_said(secrets: Path, content: str, lacking: str) -> None:
    secrets.write_text(content)
    with pytest.raises(ValueError, match=f"lacks {lacking}"):
        signing_in._providers()


@pytest.mark.parametrize(
    ("named", "asked", "is_in"),
    [
        ("", {}, True),
        (" ", {}, True),
        ("ada@example.org", {"email": "Ada@Example.org", "email_verified": True}, True),
        ("ada@example.org", {"email": "ada@example.org", "email_verified": "true"}, True),
        ("ada@example.org", {"email": "ada@example.org"}, False),
        ("@example.org", {"email": "ada@example.org"}, False),
        ("@example.org", {"email": "ada@example.org", "email_verified": None}, False),
        ("@example.org", {"email": "ada@example.org", "email_verified": 1}, False),
        ("@example.org", {"email": "ada@example.org", "email_verified": "yes"}, False),
        ("@example.org", {"email": "ada@example.org", "email_verified": [True]}, False),
        ("bob@example.org, @Example.org", {"email": "ada@example.org", "email_verified": True}, True),
        ("kate@example.org", {"email": "\N{KELVIN SIGN}ate@example.org", "email_verified": True}, False),
        ("@example.org", {"email": "ada@notexample.org"}, False),
        ("@example.org", {"email": "ada@example.org.evil.com"}, False),
        ("@example.org", {"email": "ada@example.org", "email_verified": False}, False),
        ("@example.org", {"email": "ada@example.org", "email_verified": "false"}, False),
        ("@example.org", {}, False),
    ],
)
def test_who_may_come_in_is_the_environments(
    named: str, asked: dict[str, object], is_in: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANOMALY_PEOPLE", named)
    assert signing_in._is_invited(asked, signing_in._invited()) == is_in


@pytest.mark.parametrize("named", [",", " , ,", "example.org", "a@x.org;b@x.org", "a@x.org b@x.org", "a@x.org,"])
def test_people_that_are_none_let_nobody_in(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANOMALY_PEOPLE", named)
    with pytest.raises(ValueError, match="Nobody is let in"):
        signing_in._invited()
