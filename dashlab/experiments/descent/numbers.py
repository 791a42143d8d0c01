"""Numbers as people read them: with a minus as wide as a plus."""

import re


def signed(value: float) -> str:
    """Five digits."""
    return with_minus(f"{value:.5g}")


def with_minus(text: str) -> str:
    """`text` in which every hyphen before a digit is a minus."""
    return re.sub(r"-(?=[\d.])", "−", text)
