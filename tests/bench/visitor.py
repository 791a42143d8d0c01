"""A visitor without a browser: speaks Streamlit's websocket protocol, and moves the sliders of a page.

It does what the browser's half of Streamlit does as far as the server can tell: it asks for a page with its
query, keeps the states of the widgets that it moved, sends them all with each change, runs a fragment alone
where the widget lies in one, and asks again for fragments that refresh themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Slider_pb2 import Slider
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

PATIENCE_S = 90.0


class PageFailed(RuntimeError):
    """The page showed an exception, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Control:
    """A slider or a button as the page last drew it."""

    widget: Slider | None
    id: str
    label: str
    fragment: str


@dataclass(slots=True)
class Visitor:
    """One person with one tab open.

    Args:
        port: of the server.
        page: the page's address without its slash, such as `optimizers`; empty for Home.
        query: the rest of the link.
        seed: of everything that is drawn at random.
    """

    port: int
    page: str
    query: dict[str, str]
    seed: int
    sliders: dict[str, Control] = field(default_factory=dict, init=False)
    buttons: dict[str, Control] = field(default_factory=dict, init=False)
    _states: dict[str, WidgetState] = field(default_factory=dict, init=False)
    _socket: ClientConnection | None = field(default=None, init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list, init=False)
    _refreshed: dict[str, asyncio.Task[None]] = field(default_factory=dict, init=False)
    _script: str = field(default="", init=False)
    _asked: str | None = field(default=None, init=False)  # the fragment whose answer is awaited; "": the page
    _answering: bool = field(default=False, init=False)  # whether the run under way answers what was asked
    _finished: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _exception: str = field(default="", init=False)
    _random: random.Random = field(default_factory=random.Random, init=False)

    async def __aenter__(self) -> Visitor:
        self._random.seed(self.seed)
        url = f"ws://localhost:{self.port}/_stcore/stream"
        self._socket = await connect(url, max_size=None, subprotocols=["streamlit"])  # type: ignore[list-item]
        self._tasks.append(asyncio.create_task(self._listen()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in [*self._tasks, *self._refreshed.values()]:
            task.cancel()
        if self._socket is not None:
            await self._socket.close()

    async def open(self) -> float:
        """Ask for the page; returns the seconds until its script has finished."""
        return await self._run("", page=self.page)

    async def move(self) -> float:
        """Move a slider of the page to another of its stops; returns the seconds until the page stands.

        Raises:
            PageFailed: there is no slider, the page showed an exception or took too long.
        """
        free = [one for one in self.sliders.values() if one.widget is not None and not one.widget.disabled]
        if not free:
            raise PageFailed(f"/{self.page} {self.query} has no slider")
        control = self._random.choice(free)
        self._states[control.id] = self._elsewhere(control)
        return await self._run(control.fragment)

    async def press(self, label: str) -> float:
        """Press the button that is called `label`; returns the seconds until the page stands."""
        control = next((one for one in self.buttons.values() if label in one.label), None)
        if control is None:
            raise PageFailed(
                f"/{self.page} has no button {label!r}: {[b.label for b in self.buttons.values()]}"
            )
        self._states[control.id] = WidgetState(id=control.id, trigger_value=True)
        try:
            return await self._run(control.fragment)
        finally:
            del self._states[control.id]

    def _elsewhere(self, control: Control) -> WidgetState:
        slider = control.widget
        assert slider is not None
        state = WidgetState(id=slider.id)
        if slider.type == Slider.SELECT_SLIDER:
            state.string_array_value.data.extend([self._random.choice(slider.options)] * len(slider.default))
            return state
        stops = max(1, round((slider.max - slider.min) / (slider.step or 1)))
        ends = sorted(self._random.randint(0, stops) for _ in slider.default)
        state.double_array_value.data.extend(min(slider.max, slider.min + n * slider.step) for n in ends)
        return state

    async def _run(self, fragment: str, page: str = "") -> float:
        self._finished.clear()
        self._asked, self._answering = fragment, False
        begun = time.perf_counter()
        await self._ask(fragment, page)
        try:
            await asyncio.wait_for(self._finished.wait(), PATIENCE_S)
        except asyncio.TimeoutError as error:
            raise PageFailed(f"/{self.page} {self.query} did not answer within {PATIENCE_S:g} s") from error
        if self._exception:
            raise PageFailed(f"/{self.page} {self.query}: {self._exception}")
        return time.perf_counter() - begun

    async def _ask(self, fragment: str, page: str = "", *, automatic: bool = False) -> None:
        message = BackMsg()
        run = message.rerun_script
        run.query_string = urlencode(self.query)
        run.page_script_hash = self._script
        run.page_name = page
        run.fragment_id = fragment
        run.is_auto_rerun = automatic
        run.widget_states.widgets.extend(self._states.values())
        run.context_info.url = f"http://localhost:{self.port}/{self.page}"
        run.context_info.timezone = "UTC"
        assert self._socket is not None
        await self._socket.send(message.SerializeToString())

    async def _listen(self) -> None:
        assert self._socket is not None
        async for data in self._socket:
            message = ForwardMsg()
            message.ParseFromString(data if isinstance(data, bytes) else data.encode())
            self._take(message)

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._begin(message)
        elif kind == "delta":
            self._remember(message.delta)
        elif kind == "navigation":
            self._script = message.navigation.page_script_hash
        elif kind == "auto_rerun":
            self._refresh(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                if task := self._refreshed.pop(fragment, None):
                    task.cancel()
        elif kind == "script_finished":
            self._end(message)

    def _begin(self, message: ForwardMsg) -> None:
        """A run begins: of the whole page, which draws everything anew, or of some of its fragments."""
        fragments = message.metadata.run.fragment_ids
        if not fragments:
            self._forget()
        self._answering = not fragments or self._asked in fragments

    def _end(self, message: ForwardMsg) -> None:
        """A run is over. One that makes way for a newer one ends early: it is not the answer."""
        if self._answering and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self._answering = False
            self._finished.set()

    def _forget(self) -> None:
        self.sliders.clear()
        self.buttons.clear()
        self._exception = ""
        for task in self._refreshed.values():
            task.cancel()
        self._refreshed.clear()

    def _remember(self, delta: Delta) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "slider":
            slider = Slider()
            slider.CopyFrom(element.slider)
            self.sliders[slider.id] = Control(slider, slider.id, slider.label, delta.fragment_id)
        elif kind == "button":
            button = element.button
            self.buttons[button.id] = Control(None, button.id, button.label, delta.fragment_id)
        elif kind == "exception":
            self._exception = f"{element.exception.type}: {element.exception.message}"

    def _refresh(self, fragment: str, interval: float) -> None:
        if old := self._refreshed.pop(fragment, None):
            old.cancel()
        self._refreshed[fragment] = asyncio.create_task(self._again(fragment, interval))

    async def _again(self, fragment: str, interval: float) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(interval)
                await self._ask(fragment, automatic=True)
