"""How a long computation learns that nobody waits for it any more.

It calls `look_up` now and then. Where somebody can give it up (a process that computes for pages), whoever
runs it has said by `listen` how to find that out; elsewhere nothing happens.
"""

from collections.abc import Callable


class GivenUp(BaseException):
    """Nobody waits for the answer any more; no part of a computation should catch it."""


def look_up() -> None:
    """End here if nobody waits any more.

    Raises:
        GivenUp: that is so.
    """
    if _asked():
        raise GivenUp


def listen(asked: Callable[[], bool]) -> None:
    """Have `look_up` ask `asked` from now on, in this whole process."""
    global _asked  # noqa: PLW0603 - one for the process
    _asked = asked


def _never() -> bool:
    return False


_asked: Callable[[], bool] = _never
