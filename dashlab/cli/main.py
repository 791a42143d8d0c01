"""Reads the command line and hands over to one command."""

import argparse
import sys
from collections.abc import Sequence

import dashlab
from dashlab.cli import data, doctor, presets, runs, train
from dashlab.errors import DashlabError

_COMMANDS = {"train": train, "presets": presets, "runs": runs, "data": data, "doctor": doctor}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 for a user's mistake, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m dashlab", description=(dashlab.__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--version", action="version", version=f"dashlab {dashlab.__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in _COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=module.__doc__, description=module.__doc__))
    chosen = parser.parse_args(arguments)
    try:
        return int(_COMMANDS[chosen.command].run(chosen))
    except DashlabError as error:
        sys.stderr.write(f"dashlab: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("dashlab: interrupted\n")
        return 130
