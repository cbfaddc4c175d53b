"""Sign-ins, each known by what the identity provider said of it, and whether they have ended: signed out in whichever
tab and on whichever server, or too old.

Streamlit checks the signature of the cookie in which they stand when a tab connects, and never again. So a sign-in is
known by the claims that were signed, never by the cookies themselves: of these a visitor can send others beside.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress

from anomaly.domain import AnomalyError
from anomaly.ui.lasting import opened_store

CLAIMS = ("iss", "sub", "aud", "iat", "exp", "auth_time", "nonce", "jti", "sid")
"""those that no two sign-ins share all of; the others a proxy's headers may stand for (`server.trustedUserHeaders`)"""
SIGN_IN_DAYS = 31
"""Streamlit takes its cookie for 30 days and one of grace; a tab that stays open has no longer either"""
KEPT_DAYS = SIGN_IN_DAYS + 1
"""what ended is kept a day longer: the clocks of provider and server may differ"""
ASK_SECONDS = 2.0
"""a sign-out on another server is known here after so long; each page asks several times"""
MOST_ASKED = 10_000

_ended: dict[str, bool] = {}
"""sign-ins that ended on this server, and whether the store has been told"""
_asked: dict[str, float] = {}
"""when the store was last asked about others, on the monotonic clock"""


def sign_in_of(asked: Mapping[str, object]) -> str:
    """The digest of a sign-in, by its claims: another for every time that somebody signs in."""
    known = {name: asked[name] for name in CLAIMS if name in asked}
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()


def end(asked: Mapping[str, object]) -> None:
    """From now on this sign-in is none any more."""
    _ended[sign_in_of(asked)] = False
    _tell_store()


def has_ended(asked: Mapping[str, object]) -> bool:
    """Whether this sign-in was signed out, or is too old. Where the store does not answer only what this server knows
    counts: nothing that is kept can be read then either. Can be called from any thread."""
    issued = asked.get("iat")
    if isinstance(issued, int | float) and time.time() - issued > SIGN_IN_DAYS * 86_400:
        return True
    sign_in = sign_in_of(asked)
    if sign_in in _ended:
        return True
    if time.monotonic() - _asked.get(sign_in, -ASK_SECONDS) < ASK_SECONDS:
        return False
    with suppress(AnomalyError):
        _tell_store()
        kept = opened_store.open_here()
        if kept is not None and kept.sign_outs.has(sign_in):
            _ended[sign_in] = True
            return True
    if len(_asked) >= MOST_ASKED:
        _asked.clear()
    _asked[sign_in] = time.monotonic()
    return False


def _tell_store() -> None:
    """What it has not been told yet: it may not have answered when somebody signed out."""
    for sign_in in [one for one, is_told in list(_ended.items()) if not is_told]:
        with suppress(AnomalyError):
            kept = opened_store.open_here()
            if kept is not None:
                kept.sign_outs.add(sign_in, KEPT_DAYS)
                _ended[sign_in] = True
