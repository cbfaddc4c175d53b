"""Who is at the page. Without `[auth]` in Streamlit's secrets nobody signs in: it is the one whose machine this is.

Streamlit (with Authlib) asks an OIDC provider who somebody is; what they may then do is the run store's to say.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from anomaly.domain import AccessError, lacks
from anomaly.ui import session
from anomaly.ui.lasting import sign_outs
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
SHARED, EACH = ("redirect_uri", "cookie_secret"), ("client_id", "client_secret", "server_metadata_url")
"""what Streamlit needs in the section [auth], and of each provider in it"""
SIGNED_OUT = "You signed out in another tab, or signed in too long ago."


def person() -> "Person":
    """Who is signed in; LOCAL where there are no accounts. To be asked only after `admit`."""
    # The first page need not wait for the run store.
    from anomaly.runs import LOCAL, Person

    name = name_signed_in()
    if name is None:
        return LOCAL
    if has_signed_out():
        # All stops here, and `admit` has its say; but a callback goes on.
        st.rerun()
        raise AccessError(SIGNED_OUT)
    # Anybody may call themselves Ada.
    address = st.user.to_dict().get("email")
    shown = f"{name} ({address})" if address and address != name else name
    return Person(f"{st.user.iss}|{st.user.sub}", shown)


def name_signed_in() -> str | None:
    """None where there are no accounts."""
    if not _providers():
        return None
    asked = st.user.to_dict()
    return str(asked.get("name") or asked.get("email") or asked["sub"])


def admit() -> bool:
    """Whether the page may be shown, and files uploaded. Where it may not, what to do is shown instead."""
    is_admitted = _admit()
    if is_admitted:
        session.let_upload(signed_out_check())
    else:
        session.let_upload_no_more()
    return is_admitted


def _admit() -> bool:
    try:
        providers, invited = _providers(), _invited()
        if invited and not providers:
            raise ValueError(
                f"{PEOPLE} names who may use this app, but nobody can sign in, so nobody is let in: expected an [auth] "
                "section in Streamlit's secrets, found none."
            )
    except ValueError as error:
        show_error(error)
        return False
    if not providers:
        return True
    if not st.user.is_logged_in:
        _show_sign_in(providers)
        return False
    if has_signed_out():
        session.close()
        _show_sign_in(providers)
        return False
    refusal = _say_refusal(st.user.to_dict(), invited)
    if refusal:
        show_error(refusal)
        st.button("Sign out", on_click=sign_out, icon=":material/logout:")
        return False
    if not st.query_params and "recalled" not in st.session_state:
        st.session_state["recalled"] = True
        st.html(RECALL, unsafe_allow_javascript=True)
    return True


def _providers() -> list[str]:
    """The names by which Streamlit's secrets know identity providers, "default" for one without a name; none where
    there are no accounts. Raises ValueError where the secrets cannot be read, or seem to mean accounts and name no
    provider: nobody is let in then."""
    files = [Path(path) for path in st.get_option("secrets.files")]
    if not any(path.exists() for path in files):
        return []
    try:
        secrets = st.secrets.to_dict()
    except FileNotFoundError:
        raise ValueError("Streamlit's secrets cannot be read, so nobody is let in: expected TOML.") from None
    auth = secrets.get("auth", {})
    named = {name: value for name, value in auth.items() if isinstance(value, Mapping) and "client_id" in value}
    found = {**({"default": auth} if "client_id" in auth else {}), **named}
    meant = [name for name in _all_names(secrets) if "auth" in name.lower() or name in (*SHARED, *EACH)]
    if not found and (meant or not secrets):
        raise ValueError(
            "Streamlit's secrets name no identity provider, so nobody is let in: expected a section [auth] with "
            f"client_id and what else st.login needs, found {', '.join(map(repr, meant[:5])) or 'nothing'}."
        )
    lacking = [key for key in SHARED if found and not auth.get(key)]
    lacking += [f"{key} of {name}" for name, one in found.items() for key in EACH if not one.get(key)]
    if lacking:
        raise ValueError(
            f"The section [auth] of Streamlit's secrets lacks {', '.join(lacking)}, so nobody can sign in: expected "
            "all that st.login needs."
        )
    if found and (package := lacks("authlib", "authlib")):
        raise ValueError(f"Nobody can sign in: {package}.")
    return list(found)


def _all_names(secrets: Mapping[str, object]) -> list[str]:
    """Of the sections and of what is in them."""
    inner = [_all_names(value) for value in secrets.values() if isinstance(value, Mapping)]
    return [*secrets, *(name for names in inner for name in names)]


def _show_sign_in(providers: list[str]) -> None:
    st.html(REMEMBER, unsafe_allow_javascript=True)
    st.title("Unforeseen", anchor=False)
    st.markdown("Find the unforeseen in sensor and medical-record time series. Runs here belong to who made them.")
    for name in providers:
        label = "Sign in" if name == "default" else f"Sign in with {plain(name.title())}"
        st.button(label, type="primary", icon=":material/login:", on_click=st.login, args=(name,))


def _invited() -> set[str]:
    """E-mail addresses and domains that the environment names; none: everybody. Raises ValueError."""
    named = _lower(os.environ.get(PEOPLE, "").strip())
    invited = {one.strip() for one in named.split(",")} if named else set()
    wrong = [one for one in sorted(invited) if "@" not in one or set(one) & set("; ")]
    if wrong:
        raise ValueError(
            f"{PEOPLE}: expected e-mail addresses and domains with commas between, such as ada@example.org, "
            f"@hospital.example; found {wrong[0]!r}. Nobody is let in."
        )
    return invited


def _say_refusal(asked: Mapping[str, object], invited: set[str]) -> str:
    """Why somebody with these claims may not use the app; empty where they may."""
    if not asked.get("iss") or not asked.get("sub"):
        return "The identity provider did not say who you are: expected the claims iss and sub."
    if not invited:
        return ""
    address = str(asked.get("email") or "")
    if address and not _is_verified(asked):
        # Before the list is looked at: whom it names is not told to somebody who only says they are one of them.
        found = repr(asked["email_verified"]) if "email_verified" in asked else "none"
        return (
            f"The identity provider does not vouch for the address {address}: expected the claim email_verified to be "
            f"true, found {found}. Ask who runs this app to have the provider send it."
        )
    if not _is_invited(asked, invited):
        return f"{address or 'This account'} is not among those who may use this app: ask who runs it."
    return ""


def _is_invited(asked: Mapping[str, object], invited: set[str]) -> bool:
    """Whether their e-mail address or its domain is among those, where there are any, and known to be theirs."""
    if not invited:
        return True
    address = _lower(str(asked.get("email") or ""))
    return bool(address and _is_verified(asked) and invited & {address, "@" + address.rpartition("@")[2]})


def _lower(address: str) -> str:
    """Only the letters of ASCII: among all others are some, as the sign of kelvins, that become another's letter."""
    return address.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _is_verified(asked: Mapping[str, object]) -> bool:
    """Whether the provider knows that the e-mail address is theirs: anybody can write one into an account."""
    verified = asked.get("email_verified")
    # Some providers send the word.
    return verified is True or (isinstance(verified, str) and verified.lower() == "true")


def has_signed_out() -> bool:
    """Whether who sits here signed out in another tab, or too long ago: this one's connection does not know."""
    return signed_out_check()()


def signed_out_check() -> Callable[[], bool]:
    """`has_signed_out` as a function that can be called where there is no page."""
    asked = st.user.to_dict()
    if not asked.get("is_logged_in"):
        return lambda: False
    return lambda: sign_outs.has_ended(asked)


def sign_out() -> None:
    """The page behind one's name."""
    # Streamlit forgets who it was.
    sign_outs.end(st.user.to_dict())
    st.logout()
