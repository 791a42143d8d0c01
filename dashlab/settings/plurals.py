"""The one place in which a sentence takes its form from a count."""


def counted(count: int, one: str, many: str, **places: object) -> str:
    """The template that suits `count`, filled in; `{count}` in it is the number with its thousands apart.

    >>> counted(1, "{count} run is {state}.", "{count} runs are {state}.", state="there")
    '1 run is there.'
    >>> counted(1200, "{count} run is {state}.", "{count} runs are {state}.", state="there")
    '1,200 runs are there.'
    """
    return (one if count == 1 else many).format(count=f"{count:,}", **places)
