"""Python's garbage collection in the server: what the imports leave for ever is looked through once.

Streamlit collects garbage after every run of a page (`runner.postScriptGC`), which gives back what the run
has left. Once torch is imported such a collection walks half a million objects, none of which is ever
garbage: most of the time of a rerun. Frozen, they are passed over, and the collection keeps its use.
"""

import atexit
import gc
import sys
import threading

MANY = 100
"""So many more modules than when it was last frozen are worth freezing again."""

_lock = threading.Lock()
_frozen_at = 0


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
