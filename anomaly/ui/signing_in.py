"""Who is at the page. Without `[auth]` in Streamlit's secrets nobody signs in: it is the one whose machine this is.

Streamlit (with Authlib) asks an OIDC provider who somebody is; what they may then do is the run store's to say.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from anomaly.ui.plain import plain, show_error

if TYPE_CHECKING:
    from anomaly.runs import Person

PEOPLE = "ANOMALY_PEOPLE"
WANTED = "unforeseen-wanted"
REMEMBER = f"<script>if (location.search) sessionStorage.setItem('{WANTED}', location.search)</script>"
RECALL = f"""<script>
const wanted = sessionStorage.getItem('{WANTED}');
sessionStorage.removeItem('{WANTED}');
if (wanted && !location.search) location.replace(location.pathname + wanted);
</script>"""
"""Signing in ends at the app's bare address: the tab itself remembers the link that somebody came with."""


def person() -> "Person":
    """Who is signed in; LOCAL where there are no accounts. Asked for after `admit` alone."""
    # The first page need not wait for the run store.
    from anomaly.runs import LOCAL, Person

    name = name_signed_in()
    return LOCAL if name is None else Person(f"{st.user.iss}|{st.user.sub}", name)


def name_signed_in() -> str | None:
    """None where there are no accounts."""
    if not _providers():
        return None
    asked = st.user.to_dict()
    return str(asked.get("name") or asked.get("email") or asked["sub"])


def admit() -> bool:
    """Whether the page may be shown. Where it may not, what to do is shown instead."""
    try:
        providers = _providers()
    except ValueError as error:
        show_error(error)
        return False
    if not providers:
        return True
    if not st.user.is_logged_in:
        _show_sign_in(providers)
        return False
    asked = st.user.to_dict()
    if not asked.get("iss") or not asked.get("sub"):
        show_error("The identity provider did not say who you are: expected the claims iss and sub.")
    elif not _is_invited(asked):
        show_error(f"{asked.get('email') or 'This account'} is not among those who may use this app: ask who runs it.")
    else:
        if not st.query_params and "recalled" not in st.session_state:
            st.session_state["recalled"] = True
            st.html(RECALL, unsafe_allow_javascript=True)
        return True
    st.button("Sign out", on_click=st.logout, icon=":material/logout:")
    return False


def _providers() -> list[str]:
    """The names by which Streamlit's secrets know identity providers, "default" for one without a name; none where
    there are no accounts. Raises ValueError where the secrets cannot be read: nobody is let in then."""
    files = [Path(path) for path in st.get_option("secrets.files")]
    if not any(path.exists() for path in files):
        return []
    try:
        auth = st.secrets.get("auth", {})
    except FileNotFoundError:
        raise ValueError("Streamlit's secrets cannot be read, so nobody is let in: expected TOML.") from None
    named = [name for name, value in auth.items() if isinstance(value, Mapping) and "client_id" in value]
    return ["default"] * ("client_id" in auth) + named


def _show_sign_in(providers: list[str]) -> None:
    st.html(REMEMBER, unsafe_allow_javascript=True)
    st.title("Unforeseen", anchor=False)
    st.markdown("Find the unforeseen in sensor and medical-record time series. Runs here belong to who made them.")
    for name in providers:
        label = "Sign in" if name == "default" else f"Sign in with {plain(name.title())}"
        st.button(label, type="primary", icon=":material/login:", on_click=st.login, args=(name,))


def _is_invited(asked: Mapping[str, object]) -> bool:
    """Whether the environment names their e-mail address or its domain, where it names any."""
    invited = {one.strip().lower() for one in os.environ.get(PEOPLE, "").split(",") if one.strip()}
    if not invited:
        return True
    address = str(asked.get("email") or "").lower()
    if not address or asked.get("email_verified") is False:
        return False
    return bool(invited & {address, "@" + address.rpartition("@")[2]})


def sign_out() -> None:
    """The page behind one's name."""
    st.logout()
