"""What a session may upload, and when its uploads are let go of.

Streamlit takes a file before any page is asked, from every session and however many. `upload_gate.py` stands in front
of that; here is what it knows: which sessions a page has let in, how much they hold, and when they were last there.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

PAGE = "page of the uploads"
MEGABYTE = 1 << 20

let_in: dict[str, Callable[[], bool]] = {}
"""sessions that may upload, by Streamlit's id, and whether each has signed out since"""
under_way: Counter[str] = Counter()
"""bytes of a session that are arriving"""
_seen: dict[str, float] = {}
"""when a session was last connected, on the monotonic clock"""


def most_bytes() -> int:
    """As many as one file may have, a session may hold in all: the setting server.maxUploadSize, in megabytes."""
    return int(st.get_option("server.maxUploadSize")) * MEGABYTE


def let_upload(has_signed_out: Callable[[], bool]) -> None:
    """The session at the page is let in, until it `has_signed_out`, which is asked from another thread."""
    session = _session_here()
    if session is not None:
        let_in[session] = has_signed_out


def let_upload_no_more() -> None:
    """The session at the page is not let in, or not any more; what it uploaded is let go of."""
    session = _session_here()
    if session is not None:
        let_in.pop(session, None)
        _release(session)


def turn_to(page: str) -> None:
    """The upload boxes of another page are gone, and nobody can take their files out any more: they are let go of."""
    session = _session_here()
    if st.session_state.get(PAGE, page) != page and session is not None:
        _release(session)
    st.session_state[PAGE] = page


def forget_uploads(uploaded: Iterable[UploadedFile]) -> None:
    """The bytes of an upload would stay in the server's memory until the visitor leaves: they have been read."""
    session, remove = _session_here(), getattr(_manager(), "remove_file", None)
    if session is not None and remove is not None:
        for file in uploaded:
            remove(session_id=session, file_id=file.file_id)


def held(session: str) -> int:
    """Bytes of the files that a session has uploaded and that are still there."""
    files = getattr(_manager(), "file_storage", {}).get(session, {})
    return sum(len(file.data) for file in list(files.values()))


def note_connected() -> None:
    """Which sessions are connected. To be called now and then, and while one that leaves still is."""
    if runtime.exists():
        here = runtime.get_instance().is_active_session
        _seen.update((session, time.monotonic()) for session in known() if here(session))


def end_sessions_that_left(seconds: float) -> None:
    """End every session that has not been connected for so long, with all that it holds. On the server's event loop.

    Streamlit forgets a session that left after `server.disconnectedSessionTTL` seconds, but only when the next one
    leaves; and a file that arrives after that it keeps for ever."""
    if not runtime.exists():
        return
    note_connected()
    for session in known():
        if time.monotonic() - _seen.setdefault(session, time.monotonic()) >= seconds:
            runtime.get_instance().close_session(session)
            _release(session)
            let_in.pop(session, None)
            del _seen[session]


def known() -> list[str]:
    """Sessions that were let in or hold uploads, connected or not."""
    return list({*let_in, *getattr(_manager(), "file_storage", {})})


def _release(session: str) -> None:
    # Only the store that keeps files in memory has anything to let go of.
    remove = getattr(_manager(), "remove_session_files", None)
    if remove is not None:
        remove(session)


def _session_here() -> str | None:
    context = get_script_run_ctx(suppress_warning=True)
    return None if context is None else context.session_id


def _manager() -> Any:
    """Streamlit's store of uploads; None where no server runs."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None:
        return context.uploaded_file_mgr
    return runtime.get_instance().uploaded_file_mgr if runtime.exists() else None
