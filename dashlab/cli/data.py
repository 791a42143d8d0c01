"""Show the data sets at hand, fetch a full one, or add your own pictures."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from dashlab.data.folders import data_folder
from dashlab.data.images import IMAGE_SETS, OwnSet, adopt, available_source, download, list_own
from dashlab.data.own import SHORT_NAME


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`data` alone, `data get NAME` or `data add PATH`."""
    actions = parser.add_subparsers(dest="action")
    get = actions.add_parser("get", help="fetch a full data set into the data folder")
    get.add_argument("name", choices=tuple(IMAGE_SETS), help="which one")
    add = actions.add_parser("add", help="keep a folder or zip of class folders for training")
    add.add_argument("path", type=Path, help="the folder or zip")


def run(arguments: argparse.Namespace) -> int:
    """List or fetch; returns the exit status."""
    if arguments.action == "get":
        return _get(arguments.name)
    if arguments.action == "add":
        return _add(arguments.path)
    sys.stdout.write(f"Data folder: {data_folder()}\n")
    sys.stdout.write("Sets for --dataset, and your own for --dataset own --path:\n")
    for name, info in IMAGE_SETS.items():
        sys.stdout.write(f"{name:8}  {info.title}: {available_source(name)}\n")
    for own in list_own():
        sys.stdout.write(f"{own.name[:SHORT_NAME]}  {own.title}: {own.problem or _counts(own)}\n")
    return 0


def _counts(own: OwnSet) -> str:
    return f"{own.train_count:,} + {own.test_count:,} pictures in {len(own.classes)} classes"


def _add(path: Path) -> int:
    with tqdm(unit="picture", dynamic_ncols=True, disable=None) as bar:

        def show(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        own = adopt(path, on_progress=show)
    for note in own.notes:
        sys.stdout.write(f"{note}\n")
    sys.stdout.write(f"{own.title}: {own.contents}. Train on it with --dataset own --path {own.name}\n")
    return 0


def _get(name: str) -> int:
    with tqdm(unit="B", unit_scale=True, dynamic_ncols=True, disable=None) as bar:

        def show(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        download(name, on_progress=show)
    sys.stdout.write(f"The full {IMAGE_SETS[name].title} is in {data_folder()}.\n")
    return 0
