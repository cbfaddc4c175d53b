"""Who is let in: whatever the secrets and the environment hold, nobody by mistake."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import Secrets

from anomaly.ui import signing_in


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


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('[auth]\nclient_id = "x"', ["default"]),
        ('[auth]\nredirect_uri = "y"\n[auth.google]\nclient_id = "x"', ["google"]),
        ('[auth]\nclient_id = "x"\n[auth.google]\nclient_id = "x"', ["default", "google"]),
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
        '[Auth]\nclient_id = "x"',
        '[oauth]\nclient_id = "x"',
        '[auth.google]\nclient = "x"',
        "[auth",
    ],
)
def test_secrets_that_name_no_provider_let_nobody_in(secrets: Path, content: str) -> None:
    secrets.write_text(content)
    with pytest.raises(ValueError, match="nobody is let in: expected"):
        signing_in._providers()


@pytest.mark.parametrize(
    ("named", "asked", "is_in"),
    [
        ("", {}, True),
        (" ", {}, True),
        ("ada@example.org", {"email": "Ada@Example.org"}, True),
        ("bob@example.org, @Example.org", {"email": "ada@example.org", "email_verified": True}, True),
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
