"""List the cached runs, or delete one."""

import argparse
import sys

from dashlab.store import RunSummary, Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--delete KEY`."""
    parser.add_argument(
        "--delete", metavar="KEY", default="", help="delete the run whose key begins with KEY"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print a line per run, newest first; returns the exit status."""
    store = Store()
    runs = store.runs()
    if arguments.delete:
        return _delete(store, [run.key for run in runs if run.key.startswith(arguments.delete)])
    for summary in runs:
        sys.stdout.write(_line(summary) + "\n")
    for sentence in store.damaged():
        sys.stderr.write(sentence + "\n")
    if not runs:
        sys.stdout.write("No cached runs yet: `python -m dashlab train --preset mnist-fast` makes one.\n")
    return 0


def _delete(store: Store, matching: list[str]) -> int:
    if len(matching) != 1:
        sys.stderr.write(
            f"{len(matching)} runs have a key that begins so: give the beginning of exactly one.\n"
        )
        return 1
    store.delete(matching[0])
    return 0


def _line(summary: RunSummary) -> str:
    accuracy = f"{summary.accuracy:7.2%}" if summary.accuracy is not None else f"{summary.state:>7}"
    return f"{summary.key[:12]}  {accuracy}  {summary.created:%Y-%m-%d %H:%M}  {summary.name}"
