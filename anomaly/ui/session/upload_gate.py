"""In front of Streamlit's endpoint for uploads: only a session that was let in comes by, and with no more than it may
hold. Behind a session that leaves, what it held is let go of.
"""

import asyncio
from typing import TYPE_CHECKING

import streamlit as st

from anomaly.ui.session import uploads

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENDPOINT = "_stcore/upload_file/"
FRAME_BYTES = 1 << 20
"""what goes with a file in a request, at most: names and boundaries"""
LEFT_SHARE, LOOK_SHARE = 0.9, 0.04
"""of the time in which a session that left may come back: it is ended before that is over, while Streamlit still finds
it; and how often is looked"""
REFUSED = (
    "Expected an upload from a session that was let in, found one that was not, or has signed out: open the page, sign "
    "in, and upload the file there."
)


class UploadGate:
    """ASGI middleware around the whole app; it looks at uploads and at the connections of sessions alone."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app
        self._watch: asyncio.TimerHandle | None = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "PUT" and ENDPOINT in scope["path"]:
            await self._upload(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _connect(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def receive_and_note() -> "Message":
            message = await receive()
            if message["type"] == "websocket.disconnect":
                uploads.note_connected()
            return message

        try:
            await self._app(scope, receive_and_note, send)
        finally:
            self._keep_watch()

    async def _upload(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        from starlette.datastructures import Headers
        from starlette.exceptions import HTTPException
        from starlette.responses import PlainTextResponse

        session = scope["path"].partition(ENDPOINT)[2].partition("/")[0]
        has_signed_out = uploads.let_in.get(session)
        # The run store may be asked, which may take its time.
        if has_signed_out is None or await asyncio.to_thread(has_signed_out):
            await PlainTextResponse(REFUSED, 403)(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and _is_too_much(session, int(length)):
            await PlainTextResponse(_say_too_much(), 413)(scope, receive, send)
            return
        arrived = 0

        async def receive_and_count() -> "Message":
            nonlocal arrived
            message = await receive()
            size = len(message.get("body", b""))
            if _is_too_much(session, size):
                # Streamlit's own app makes it an answer.
                raise HTTPException(413, _say_too_much())
            arrived += size
            uploads.under_way[session] += size
            return message

        def settle() -> None:
            nonlocal arrived
            uploads.under_way[session] -= arrived
            arrived = 0
            if not uploads.under_way[session]:
                del uploads.under_way[session]

        async def settle_and_send(message: "Message") -> None:
            # By now the file is held, or is not.
            settle()
            await send(message)

        try:
            await self._app(scope, receive_and_count, settle_and_send)
        finally:
            settle()
            # The session may have left, and been ended, before its file was there.
            self._keep_watch()

    def _keep_watch(self) -> None:
        """Look after sessions that leave for as long as there are any."""
        if self._watch is None:
            seconds = st.get_option("server.disconnectedSessionTTL") * LOOK_SHARE
            self._watch = asyncio.get_running_loop().call_later(seconds, self._look_after)

    def _look_after(self) -> None:
        self._watch = None
        uploads.end_sessions_that_left(st.get_option("server.disconnectedSessionTTL") * LEFT_SHARE)
        if uploads.known():
            self._keep_watch()


def _is_too_much(session: str, more: int) -> bool:
    return uploads.held(session) + uploads.under_way[session] + more > uploads.most_bytes() + FRAME_BYTES


def _say_too_much() -> str:
    return (
        f"Expected at most {uploads.most_bytes() // uploads.MEGABYTE:,} MB that one session has uploaded and not "
        "opened yet, found more: take a file out of the upload box first, or ask who runs this app to raise "
        "server.maxUploadSize."
    )
