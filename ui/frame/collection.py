"""Python's garbage collection in the server: seldom, and without what the imports leave for ever.

Streamlit would collect after every run of a page (`runner.postScriptGC`, which is off here). Once torch is
imported such a collection walks half a million objects, and beside thirty people still those of their pages:
most of the time of a rerun, then a third. Here what the imports leave is frozen, so that it is passed over,
and one thread collects for all runs of some seconds together. When nobody moves anything any more it also
gives back to the system what the allocator keeps, which the threads of thirty people leave in pieces.
"""

import atexit
import contextlib
import ctypes
import gc
import logging
import sys
import threading
import time
from typing import Any

from streamlit import runtime

log = logging.getLogger(__name__)

MANY = 100
"""So many more modules than when it was last frozen are worth freezing again."""

EVERY_S = 5.0
"""The garbage of so many seconds is collected together."""

QUIET_S = (20.0, 105.0)
"""When nothing has run for so long, and for so long again: by then Streamlit has forgotten who has left."""

_lock = threading.Lock()
_frozen_at = 0
_collector: threading.Thread | None = None
_run_ended = threading.Event()


def run_ended() -> None:
    """A page has been drawn: freeze what it has imported, and have its garbage collected soon."""
    global _collector  # noqa: PLW0603 - one for the process
    freeze_imports()
    _run_ended.set()
    with _lock:
        if _collector is None or not _collector.is_alive():
            _collector = threading.Thread(target=_collect_for_ever, name="dashlab-garbage", daemon=True)
            _collector.start()


def freeze_imports() -> bool:
    """Freeze what is imported by now, if that is much more than at the last time; whether it was done.

    To be called at the end of a page, whose own imports are done then. What is in use by others at that
    moment is frozen too: it is freed as usual unless it ends as part of a cycle, and this happens a few times
    at most in the life of a server.
    """
    global _frozen_at  # noqa: PLW0603 - one for the process, as what it counts
    with _lock:
        modules = len(sys.modules)
        if modules < _frozen_at + MANY:
            return False
        if not _frozen_at:
            atexit.register(gc.unfreeze)  # what is frozen would not be cleared when the server ends
        _frozen_at = modules
        gc.collect()  # or garbage would be kept for ever
        gc.freeze()
        return True


def give_back() -> bool:
    """Have the allocator return to the system what it holds and nobody uses; whether there was any.

    glibc's alone is told so: others return it by themselves.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # no glibc
        return bool(ctypes.CDLL(None).malloc_trim(0))
    return False


def forget_who_left() -> None:
    """Have Streamlit let go of the people whose time to come back is over.

    It keeps everything of a page for two minutes after its tab was closed, but looks at the clock only when
    the next one is closed: after a class its memory would be kept all night.
    """
    if not runtime.exists():
        return
    server: Any = runtime.get_instance()
    try:
        expire = server._session_mgr._session_storage._cache.expire  # there is no public way
        server._get_async_objs().eventloop.call_soon_threadsafe(expire)
    except (
        AttributeError,
        RuntimeError,
    ):  # another Streamlit, or it ends just now
        log.info("Those who left could not be forgotten now.", exc_info=True)


def _collect_for_ever() -> None:
    while True:
        _run_ended.wait()
        time.sleep(EVERY_S)
        _run_ended.clear()
        gc.collect()
        _tidy_while_quiet()


def _tidy_while_quiet() -> None:
    for seconds in QUIET_S:
        if _run_ended.wait(seconds):
            return
        forget_who_left()
        gc.collect()
        give_back()
