"""Garbage collection after every run of a page."""

from __future__ import annotations

import gc
import inspect
import platform
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from streamlit import runtime
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.runtime import Runtime
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

from ui.frame import collection

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def as_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(collection, "_frozen_at", 0)
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_was_imported_is_frozen_once_and_not_at_every_run() -> None:
    assert [collection.freeze_imports() for _ in range(5)] == [True, False, False, False, False]


def test_it_is_frozen_again_when_a_page_has_imported_much_more(monkeypatch: pytest.MonkeyPatch) -> None:
    collection.freeze_imports()
    for number in range(collection.MANY):
        monkeypatch.setitem(sys.modules, f"a_module_of_this_test_{number}", gc)
    assert collection.freeze_imports()
    assert not collection.freeze_imports()


def test_a_collection_afterwards_walks_few_objects() -> None:
    import torch  # noqa: F401 - what the server has imported

    before = len(gc.get_objects())
    collection.freeze_imports()
    assert before > 100_000
    assert len(gc.get_objects()) < 1_000


def test_what_becomes_garbage_later_is_collected() -> None:
    collection.freeze_imports()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle
    assert gc.collect() >= 1


def test_the_runs_of_some_seconds_are_collected_together(monkeypatch: pytest.MonkeyPatch) -> None:
    collected, wake = threading.Semaphore(0), threading.Semaphore(0)
    asleep: SimpleQueue[float] = SimpleQueue()

    def sleep(seconds: float) -> None:
        asleep.put(seconds)
        wake.acquire()

    monkeypatch.setattr(collection, "time", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(collection, "_collector", None)
    monkeypatch.setattr(collection, "_run_ended", threading.Event())
    monkeypatch.setattr(gc, "collect", collected.release)
    collection.freeze_imports()
    collected.acquire()  # that of the freezing
    collection.run_ended()
    assert asleep.get(timeout=60) == collection.EVERY_S
    for _ in range(20):
        collection.run_ended()
    assert not collected.acquire(blocking=False)
    wake.release()
    assert collected.acquire(timeout=60)
    assert not collection._run_ended.is_set(), "another collection would follow at once"
    assert not collected.acquire(blocking=False)


def test_memory_goes_back_when_nothing_has_run_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    given = threading.Event()
    for name, value in (("EVERY_S", 0.01), ("QUIET_S", (0.01, 0.01)), ("_collector", None)):
        monkeypatch.setattr(collection, name, value)
    monkeypatch.setattr(collection, "_run_ended", threading.Event())
    monkeypatch.setattr(collection, "give_back", given.set)
    collection.run_ended()
    assert given.wait(10)


def test_the_allocator_gives_back_what_is_free() -> None:
    if platform.libc_ver()[0] != "glibc":
        assert not collection.give_back()
        return
    process, size = psutil.Process(), 64 * 1024
    pieces = [bytearray(size) for _ in range(4_000)]  # 256 MB, each below what is mapped by itself
    kept = pieces[::8]
    del pieces
    before = process.memory_info().rss
    assert collection.give_back()
    assert before - process.memory_info().rss > 100e6
    assert kept


def test_who_left_is_forgotten_without_another_one_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemorySessionStorage(ttl_seconds=1)
    told: list[Callable[[], object]] = []
    loop = SimpleNamespace(call_soon_threadsafe=told.append)
    server = SimpleNamespace(
        _session_mgr=SimpleNamespace(_session_storage=storage),
        _get_async_objs=lambda: SimpleNamespace(eventloop=loop),
    )
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: server)
    left: Any = type("Left", (), {"session": SimpleNamespace(id="one")})()
    storage.save(left)
    is_kept = weakref.ref(left)
    del left
    time.sleep(1.1)
    assert is_kept() is not None
    collection.forget_who_left()
    for act in told:
        act()
    assert is_kept() is None


def test_this_streamlit_keeps_who_left_where_they_are_looked_for() -> None:
    source = inspect.getsource(Runtime) + inspect.getsource(WebsocketSessionManager)
    for name in ("self._session_mgr", "self._session_storage", "def _get_async_objs", "eventloop"):
        assert name in source


def test_streamlit_does_not_collect_after_every_run() -> None:
    settings = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert "postScriptGC = false" in settings


def test_pandas_is_whole_before_a_page_draws() -> None:
    """Plotly asks for what `sys.modules` has of it: while another page imports it, that is half a module."""
    code = "import sys; import ui.frame.page; print('pandas' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.strip() == "True"
