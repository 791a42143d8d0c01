"""Numbers as people read them in the tables of a step."""


def signed(value: float) -> str:
    """Five digits, with a minus that is as wide as a plus."""
    return f"{value:.5g}".replace("-", "−")
