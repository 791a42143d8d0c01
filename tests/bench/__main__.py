"""`python -m tests.bench [names] [--pairs N] [--threads N] [--json FILE]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from tests.bench.cifar import cifar
from tests.bench.classroom import classroom, click
from tests.bench.course import course
from tests.bench.digits import digits
from tests.bench.epochs import s1, s4
from tests.bench.fitting import fitting
from tests.bench.jobs import first_figure, watched
from tests.bench.loading import loading
from tests.bench.pictures import full_data
from tests.bench.race import race_sliders, races
from tests.bench.report import as_json, heading, markdown
from tests.bench.settings import Settings
from tests.bench.stack import sliders, stacks
from tests.bench.stacked import stacked
from tests.bench.store import store
from tests.bench.timing import Bench
from tests.bench.to98 import to98

BENCHES: dict[str, Callable[[Settings], Bench]] = {
    "loading": loading,
    "s1": s1,
    "s4": s4,
    "to98": to98,
    "first": first_figure,
    "watched": watched,
    "cifar": cifar,
    "stacked": stacked,
    "stack": stacks,
    "sliders": sliders,
    "course": course,
    "fitting": fitting,
    "race": races,
    "race-sliders": race_sliders,
    "click": click,
    "class": classroom,
    "store": store,
    "digits": digits,
}


def main(arguments: list[str] | None = None) -> None:
    """Run the benches that are named, or all; print their tables and write the JSON."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}: choose among {', '.join(BENCHES)}")
    if options.threads:
        torch.set_num_threads(options.threads)
    settings = Settings(pairs=options.pairs, threads=torch.get_num_threads(), workers=options.workers)
    full_data()
    done: list[Bench] = []
    print(heading(settings), end="\n\n", flush=True)
    for name in options.names or BENCHES:
        sys.stderr.write(f"{name}\n")
        done.append(BENCHES[name](settings))
        print(markdown(done[-1]), flush=True)
        if options.json:  # after each, so that a long run that is cut short leaves something
            text = json.dumps(as_json(done, settings), indent=1, ensure_ascii=False)
            options.json.write_text(text + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Speed, side by side.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; all if none is named"
    )
    parser.add_argument("--pairs", type=_count, default=5, metavar="N", help="repetitions of each side (5)")
    parser.add_argument(
        "--threads", type=_count, metavar="N", help="of torch (as many as torch takes itself)"
    )
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes of the textbook's DataLoader (0)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single timing there")
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


if __name__ == "__main__":
    main()
