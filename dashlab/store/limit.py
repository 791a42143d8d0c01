"""How much the cached runs and studies may take on the disk, and which of them go first.

`DASHLAB_LIMIT` says it: "20 GB" where it says nothing.
"""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dashlab.errors import ConfigError

DEFAULT = "20 GB"
JUST_NOW_S = 600.0
"""What was kept so lately is not removed: somebody has just trained it and is looking at it."""

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_UNITS |= {f"{unit}I": 1024**power for power, unit in enumerate(("K", "M", "G", "T"), start=1)}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?I?)B?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Removable:
    """One thing on the disk."""

    created: float  # seconds since 1970, UTC
    bytes: int
    pinned: bool  # or in use
    remove: Callable[[], bool]  # whether it was still there; raises OSError where the system refuses
    is_waste: bool = False  # goes before all that is worth something


def parse(text: str) -> int:
    """Bytes in "20 GB", "500MB", "1.5 GiB" or "1000".

    Raises:
        ConfigError: it is no size.
    """
    size = _SIZE.fullmatch(text.strip())
    if size is None or size[2].upper() not in _UNITS:
        raise ConfigError(
            f'DASHLAB_LIMIT is {text[:40]!r}, which is not a size: write it as "20 GB" or "500 MB".'
        )
    return int(float(size[1]) * _UNITS[size[2].upper()])


def limit() -> int:
    """How many bytes all cached runs and studies together may take; raises as `parse`."""
    return parse(os.environ.get("DASHLAB_LIMIT") or DEFAULT)


def to_remove(entries: Iterable[Removable], most: int, now: float) -> list[Removable]:
    """What must go so that no more than `most` bytes stay: waste, then the oldest.

    What is pinned stays, and so does what was kept just now, even if too much stays then.
    """
    everything = list(entries)
    excess = sum(one.bytes for one in everything) - most
    going: list[Removable] = []
    for one in sorted(everything, key=lambda one: (not one.is_waste, one.created)):
        if excess <= 0:
            break
        if one.pinned or now - one.created < JUST_NOW_S:
            continue
        going.append(one)
        excess -= one.bytes
    return going


def in_words(size: int) -> str:
    """A size for people: 1.2 GB, 34 MB, 5 kB."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if size >= factor:
            return f"{size / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{-(-size // 1000)} kB"
