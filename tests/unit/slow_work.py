"""Functions that a desk's processes find by name."""

import os
import time
from pathlib import Path

from dashlab.errors import ConfigError
from dashlab.giving_up import look_up


def process_id(number: int) -> int:
    return os.getpid()


def refuse(sentence: str) -> None:
    raise ConfigError(sentence)


def break_down() -> None:
    raise ZeroDivisionError("nobody expected this")


def die() -> None:
    os._exit(1)


def count_up(file: str, steps: int, polite: bool) -> int:
    """Writes a byte every 20 ms; a polite one looks whether anybody waits."""
    for _ in range(steps):
        with Path(file).open("ab") as out:
            out.write(b".")
        time.sleep(0.02)
        if polite:
            look_up()
    return steps


def as_many_bytes(size: int) -> bytes:
    return b"x" * size
