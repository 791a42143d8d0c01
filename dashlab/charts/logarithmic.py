"""Axes of powers of ten, for what falls or grows by a factor a step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

LOWEST = 1e-16
"""What is smaller is rounding, and is drawn no more."""


def within(values: Array, highest: float) -> Array:
    """The values, of any shape [...]: NaN for those that a log axis up to `highest` cannot show."""
    with np.errstate(invalid="ignore"):
        return np.where((values >= LOWEST) & (values <= highest), values, np.nan)


def log_axis(values: Sequence[Array], highest: float) -> dict[str, Any]:
    """A log axis over what is shown of the values, arrays of any shape [...]; of at least two decades."""
    everything = within(np.abs(np.concatenate([np.ravel(own) for own in values])), highest)
    shown = everything[np.isfinite(everything)]
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (LOWEST, 1.0)
    top = np.log10(high) + 0.15
    bottom = min(np.log10(low) - 0.15, top - 2)
    dtick = max(1, round((top - bottom) / 6))
    return {"type": "log", "range": [bottom, top], "exponentformat": "power", "dtick": dtick}
