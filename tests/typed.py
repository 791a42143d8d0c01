"""What tests say to the type checker."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def there(value: T | None) -> T:
    """What may be missing, and must not be here."""
    assert value is not None
    return value
