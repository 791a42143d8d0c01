"""List the cached runs or studies, delete one, or pin one so that it is not removed to make room."""

import argparse
import sys
from collections.abc import Callable
from datetime import datetime, timezone

from dashlab.store import studies
from dashlab.store.runs import RunSummary, Store
from dashlab.store.studies import StudyFile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--studies`, `--delete KEY`, `--pin KEY`, `--unpin KEY`."""
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--studies", action="store_true", help="list the cached studies instead of the runs")
    one.add_argument(
        "--delete", metavar="KEY", default="", help="delete the run or study whose key begins with KEY"
    )
    one.add_argument("--pin", metavar="KEY", default="", help="never remove this run or study to make room")
    one.add_argument("--unpin", metavar="KEY", default="", help="allow it again")


def run(arguments: argparse.Namespace) -> int:
    """Print a line per run or study, newest first; returns the exit status.

    Beside the test accuracy of a run stands what always predicting the largest class gives.
    """
    store = Store()
    if arguments.delete:
        return _change(store, arguments.delete, store.delete, lambda key: studies.delete(key, store.root))
    if arguments.pin or arguments.unpin:
        pinned = bool(arguments.pin)
        return _change(
            store,
            arguments.pin or arguments.unpin,
            lambda key: store.pin(key, pinned=pinned),
            lambda key: studies.pin(key, store.root, pinned=pinned),
        )
    return _list_studies(store) if arguments.studies else _list_runs(store)


def _list_runs(store: Store) -> int:
    runs = store.runs()
    for summary in runs:
        sys.stdout.write(_line(summary) + "\n")
    for sentence in store.damaged():
        sys.stderr.write(sentence + "\n")
    if not runs:
        sys.stdout.write("No cached runs yet: `python -m dashlab train --preset mnist-fast` makes one.\n")
    return 0


def _list_studies(store: Store) -> int:
    files = studies.files(store.root)
    for file in files:
        sys.stdout.write(f"{_study_line(file)}{studies.title(file.key, store.root)}\n")
    if not files:
        sys.stdout.write("No cached studies yet: the pages make them.\n")
    return 0


def _change(
    store: Store, wanted: str, change_run: Callable[[str], object], change_study: Callable[[str], object]
) -> int:
    changes = [(run.key, change_run) for run in store.starting(wanted)]
    changes += [(file.key, change_study) for file in studies.files(store.root) if file.key.startswith(wanted)]
    if len(changes) != 1:
        sys.stderr.write(
            f"{len(changes)} runs and studies have a key that begins so: give the beginning of exactly one.\n"
        )
        return 1
    ((key, change),) = changes
    change(key)
    return 0


def _line(summary: RunSummary) -> str:
    accuracy = f"{summary.accuracy:7.2%}" if summary.accuracy is not None else f"{summary.state:>7}"
    share = summary.largest_class
    beside = f"(largest class {share:.2%})" if share is not None else ""
    about = f"{summary.created:%Y-%m-%d %H:%M}  {'pinned  ' if summary.pinned else ''}{summary.name}"
    return f"{summary.key[:12]}  {accuracy} {beside:<23}  {about}"


def _study_line(file: StudyFile) -> str:
    created = datetime.fromtimestamp(file.created, timezone.utc)
    return f"{file.key[:12]}  {created:%Y-%m-%d %H:%M}  {'pinned  ' if file.pinned else ''}"
