"""List the presets of all pages and their views: each sets everything to a case worth seeing."""

import argparse
import sys

from dashlab.errors import ConfigError
from dashlab.experiments.presets import every


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`PAGE`."""
    parser.add_argument("page", nargs="?", default="", metavar="PAGE", help="only those of this page")


def run(arguments: argparse.Namespace) -> int:
    """Print a line per preset: its page, its view where the page has several, its name and title.

    Raises:
        ConfigError: there is no such page.
    """
    rows = [(page, view, preset.name, preset.title) for page, view, preset in every()]
    pages = dict.fromkeys(page for page, *_ in rows)
    if arguments.page and arguments.page not in pages:
        raise ConfigError(f"There is no page {arguments.page!r} with presets; there are {', '.join(pages)}.")
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for *words, title in rows:
        if arguments.page in ("", words[0]):
            cells = (word.ljust(width) for word, width in zip(words, widths, strict=True))
            sys.stdout.write("  ".join([*cells, title]) + "\n")
    return 0
