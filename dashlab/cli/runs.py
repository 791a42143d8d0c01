"""List the cached runs, delete one, or pin one so that it is not removed to make room."""

import argparse
import sys
from collections.abc import Callable

from dashlab.store import RunSummary, Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--delete KEY`, `--pin KEY`, `--unpin KEY`."""
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--delete", metavar="KEY", default="", help="delete the run whose key begins with KEY")
    one.add_argument("--pin", metavar="KEY", default="", help="never remove this run to make room")
    one.add_argument("--unpin", metavar="KEY", default="", help="allow it again")


def run(arguments: argparse.Namespace) -> int:
    """Print a line per run, newest first; returns the exit status."""
    store = Store()
    for wanted, change in (
        (arguments.delete, store.delete),
        (arguments.pin, store.pin),
        (arguments.unpin, lambda key: store.pin(key, pinned=False)),
    ):
        if wanted:
            return _change([run.key for run in store.starting(wanted)], change)
    runs = store.runs()
    for summary in runs:
        sys.stdout.write(_line(summary) + "\n")
    for sentence in store.damaged():
        sys.stderr.write(sentence + "\n")
    if not runs:
        sys.stdout.write("No cached runs yet: `python -m dashlab train --preset mnist-fast` makes one.\n")
    return 0


def _change(matching: list[str], change: Callable[[str], None]) -> int:
    if len(matching) != 1:
        sys.stderr.write(
            f"{len(matching)} runs have a key that begins so: give the beginning of exactly one.\n"
        )
        return 1
    change(matching[0])
    return 0


def _line(summary: RunSummary) -> str:
    accuracy = f"{summary.accuracy:7.2%}" if summary.accuracy is not None else f"{summary.state:>7}"
    pinned = "pinned  " if summary.pinned else ""
    return f"{summary.key[:12]}  {accuracy}  {summary.created:%Y-%m-%d %H:%M}  {pinned}{summary.name}"
