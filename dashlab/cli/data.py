"""Show the data sets at hand, or fetch a full one."""

import argparse
import sys

from tqdm import tqdm

from dashlab.data.folders import data_folder
from dashlab.data.images import IMAGE_SETS, available_source, download


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`data` alone, or `data get NAME`."""
    actions = parser.add_subparsers(dest="action")
    get = actions.add_parser("get", help="fetch a full data set into the data folder")
    get.add_argument("name", choices=tuple(IMAGE_SETS), help="which one")


def run(arguments: argparse.Namespace) -> int:
    """List or fetch; returns the exit status."""
    if arguments.action == "get":
        return _get(arguments.name)
    sys.stdout.write(f"Data folder: {data_folder()}\n")
    for name, info in IMAGE_SETS.items():
        sys.stdout.write(f"{name:8}  {info.title}: {available_source(name)}\n")
    return 0


def _get(name: str) -> int:
    with tqdm(unit="B", unit_scale=True, dynamic_ncols=True, disable=None) as bar:

        def show(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        download(name, on_progress=show)
    sys.stdout.write(f"The full {IMAGE_SETS[name].title} is in {data_folder()}.\n")
    return 0
