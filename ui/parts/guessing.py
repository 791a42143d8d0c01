"""What every test accuracy stands beside: that of always predicting the largest class."""

from collections.abc import Collection


def sentence(shares: Collection[float]) -> str:
    """The words for the shares, 0 to 1, of the largest class of the test data; empty for none.

    There are several where every seed draws test data of its own.
    """
    if not shares:
        return ""
    low, high = (f"{100 * share:.2f} %" for share in (min(shares), max(shares)))
    percent = low if low == high else f"{low} to {high}, by the seed"
    return f"Always predicting the largest class gives {percent}."
