"""A browser session without a browser: speaks to the app as a page does, and draws nothing.

Twenty browsers on the cores of the server measure themselves; this leaves the server's own part.
"""

import asyncio
import random
import time
from types import TracebackType

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class Visitor:
    """`async with Visitor(address, query) as visitor: seconds = await visitor.press("Next", "Previous")`."""

    def __init__(self, address: str, query: str, page: str = "") -> None:
        self._address = address.replace("http", "ws", 1) + "/_stcore/stream"
        self._origin = address
        self._query, self._page = query, page
        self._buttons: dict[str, tuple[str, str]] = {}
        """by label: widget and fragment"""

    async def __aenter__(self) -> "Visitor":
        self._socket = await websockets.connect(
            self._address,
            subprotocols=["streamlit"],
            origin=self._origin,
            max_size=None,  # type: ignore[list-item, arg-type]
        )
        self.opened = await self._rerun(BackMsg())
        """seconds until the page was all there"""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()

    async def press(self, *labels: str) -> float:
        """Press the first of these buttons that can be; seconds until all of what it changes has come."""
        widget, fragment = next(self._buttons[label] for label in labels if label in self._buttons)
        message = BackMsg()
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.trigger_value = widget, True
        message.rerun_script.fragment_id = fragment
        return await self._rerun(message)

    async def _rerun(self, message: BackMsg) -> float:
        message.rerun_script.query_string, message.rerun_script.page_name = self._query, self._page
        began = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        seen: dict[str, tuple[str, str]] = {}
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(await self._socket.recv())
            kind = answer.WhichOneof("type")
            if kind == "script_finished" and answer.script_finished in DONE:
                self._buttons = seen or self._buttons
                return time.perf_counter() - began
            if kind == "session_event" and answer.session_event.HasField("script_compilation_exception"):
                raise RuntimeError("The app failed.")
            if kind == "delta" and answer.delta.new_element.HasField("button"):
                button = answer.delta.new_element.button
                if not button.disabled:
                    seen[button.label] = button.id, answer.delta.fragment_id


async def open_often(address: str, page: str, times: int) -> list[float]:
    """Seconds that a page took to come, each time in a session of its own."""
    took = []
    for _ in range(times):
        async with Visitor(address, "", page) as visitor:
            took.append(visitor.opened)
    return took


async def visit(address: str, query: str, visitors: int, seconds: float, pause: float) -> list[float]:
    """Seconds that each press of `visitors` took, who all look at the same result for `seconds` and think for `pause`
    between two presses, on the mean."""
    took: list[float] = []
    rng = random.Random(0)

    async def look() -> None:
        async with Visitor(address, query) as visitor:
            everyone.append(True)
            while len(everyone) < visitors:
                await asyncio.sleep(0.05)
            ends = time.monotonic() + seconds
            await asyncio.sleep(rng.uniform(0, pause))
            while time.monotonic() < ends:
                took.append(await visitor.press("Next", "Previous"))
                await asyncio.sleep(rng.expovariate(1 / pause))

    everyone: list[bool] = []
    await asyncio.gather(*(look() for _ in range(visitors)))
    return took
