"""Many people on all pages at once: how long a change takes, and what it costs the server.

make bench ARGS="click"   one person, each view: the server's processor time for a change
make bench ARGS="class"   30 people, 30 with three who train, 60: from the slider to the page that stands
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.bench.settings import Settings
from tests.bench.timing import Bench, Limit
from tests.bench.visitor import PageFailed, Visitor
from tests.browser.servers import Server

CLASS_S = 180.0  # how long a class lasts
LEFT_S = 140.0  # after this their memory should be back: Streamlit waits two minutes for whoever comes back
THINK_S = (2.0, 4.0)  # between two changes of one person
ARRIVE_S = 10.0  # all come within this time
CHANGES = 12  # of each view, in the bench of one person
TRAINED = "train_preset=s1"


@dataclass(slots=True)
class Noted:
    """What happened to the people of one class."""

    first: list[float] = field(default_factory=list)  # seconds until their first page stood
    by_view: dict[str, list[float]] = field(default_factory=dict)  # seconds from a change to the page
    failures: list[str] = field(default_factory=list)
    memory_mib: dict[str, float] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)

    @property
    def changes(self) -> list[float]:
        """Those of all views."""
        return [taken for every in self.by_view.values() for taken in every]

    def slowest(self, count: int) -> list[tuple[str, float]]:
        """The views in which a change takes longest, and the median of it in seconds."""
        medians = [(name, statistics.median(every)) for name, every in self.by_view.items() if every]
        return sorted(medians, key=lambda one: -one[1])[:count]


def views() -> list[tuple[str, dict[str, str]]]:
    """Every page and view that has something to move, as address and query."""
    from tests.places import PLACES
    from ui.frame.pages import PAGES

    slugs = {page.path: page.slug for page in PAGES}
    return [(slugs[path], query) for path, query in PLACES if slugs[path] != "home"]


def click(settings: Settings) -> Bench:
    """Seconds of the server's processor that a change costs, view by view, with nobody else there."""
    seconds: dict[str, list[float]] = {}
    with _server() as server:
        for slug, query in views():
            name = " ".join((slug, *query.values()))
            seconds[name] = asyncio.run(_alone(server, slug, query, CHANGES))
            sys.stderr.write(f"  {name}: {statistics.median(seconds[name]):.3f} s\n")
    return Bench(
        name="click",
        title="Processor time of the server for one change, one person",
        seconds=seconds,
        limits=tuple(Limit(side=name, seconds=0.1) for name in seconds),
        notes=(
            f"{CHANGES} changes of random sliders of each view, after the view had been opened and moved "
            "twice. Workers are not counted.",
        ),
    )


def classroom(settings: Settings) -> Bench:
    """Thirty people on all pages; the same with three of them training; sixty."""
    groups = {"30 people": (30, 0), "30 people, 3 of them training": (30, 3), "60 people": (60, 0)}
    seconds: dict[str, list[float]] = {}
    notes: list[str] = []
    with _server() as server:
        for at, (name, (people, training)) in enumerate(groups.items()):
            noted = asyncio.run(hold_class(server, people, training, CLASS_S, LEFT_S, first=1000 * at))
            seconds[f"{name}: first page"] = noted.first
            seconds[f"{name}: a change"] = noted.changes
            notes.append(f"{name}: {summary(noted)}")
            sys.stderr.write(f"  {notes[-1]}\n")
    return Bench(
        name="class",
        title=f"A class of {CLASS_S:.0f} s on all pages, from a slider to the page that stands",
        seconds=seconds,
        notes=("One server, which no page has been asked of before the first class.", *notes),
    )


async def hold_class(
    server: Server, people: int, training: int, seconds: float, wait_s: float, *, first: int = 0
) -> Noted:
    """Let `people` use all pages for `seconds` while `training` more train, then wait for `wait_s`.

    `first` is the number of the first of them; each moves other sliders.
    """
    noted = Noted()
    _measure(server, noted, "before")
    until = time.monotonic() + seconds
    places = views()
    visits = [
        _visit(server, *places[number % len(places)], first + number, until, noted)
        for number in range(people)
    ]
    trainings = [_train(server, first + number, until, noted) for number in range(training)]
    await asyncio.gather(*visits, *trainings)
    _measure(server, noted, "at the end")
    await asyncio.sleep(wait_s)
    _measure(server, noted, "after they left")
    return noted


def summary(noted: Noted) -> str:
    """Percentiles, failures, memory and files of one class, in a sentence."""
    memory = ", ".join(f"{when} {value:.0f}" for when, value in noted.memory_mib.items())
    files = ", ".join(f"{when} {value}" for when, value in noted.files.items())
    worst = max(noted.first, default=float("nan"))
    slowest = ", ".join(f"{name} {taken:.2f} s" for name, taken in noted.slowest(4))
    return (
        f"{len(noted.changes)} changes, p50 {percentile(noted.changes, 50):.2f} s, p95 "
        f"{percentile(noted.changes, 95):.2f} s (slowest by their medians: {slowest}); first page at most "
        f"{worst:.1f} s; {len(noted.failures)} failed{': ' + noted.failures[0] if noted.failures else ''}; "
        f"server's memory in MiB: {memory}; open files: {files}."
    )


def percentile(values: list[float], share: int) -> float:
    """The `share`-th percentile (1 to 99) of `values`; not a number when there are fewer than two."""
    return (
        statistics.quantiles(values, n=100, method="inclusive")[share - 1]
        if len(values) > 1
        else float("nan")
    )


async def _visit(
    server: Server, slug: str, query: dict[str, str], number: int, until: float, noted: Noted
) -> None:
    chance, name = random.Random(number), " ".join((slug, *query.values()))
    await asyncio.sleep(chance.uniform(0, ARRIVE_S))
    try:
        async with Visitor(server.port, slug, query, seed=number) as person:
            noted.first.append(await person.open())
            while time.monotonic() < until:
                await asyncio.sleep(chance.uniform(*THINK_S))
                noted.by_view.setdefault(name, []).append(await person.move())
    except (PageFailed, OSError) as failure:
        noted.failures.append(str(failure))


async def _train(server: Server, number: int, until: float, noted: Noted) -> None:
    name, value = TRAINED.split("=")
    query = {name: value, "train_seed": str(100 + number)}
    try:
        async with Visitor(server.port, "trainer", query, seed=number) as person:
            await person.open()
            await person.press("Train")
            await asyncio.sleep(max(0.0, until - time.monotonic()))
    except (PageFailed, OSError) as failure:
        noted.failures.append(str(failure))


async def _alone(server: Server, slug: str, query: dict[str, str], changes: int) -> list[float]:
    process = psutil.Process(server.process.pid)
    taken: list[float] = []
    async with Visitor(server.port, slug, query, seed=0) as person:
        await person.open()
        await asyncio.sleep(3)  # what a first visit starts, such as the worker, is no part of a change
        if not person.sliders:
            return [float("nan")]
        for number in range(changes + 2):
            before = sum(process.cpu_times()[:2])
            await person.move()
            await asyncio.sleep(0.5)  # Streamlit's collection comes after the page stands, and counts
            if number >= 2:
                taken.append(sum(process.cpu_times()[:2]) - before)
    return taken


def _measure(server: Server, noted: Noted, when: str) -> None:
    process = psutil.Process(server.process.pid)
    noted.memory_mib[when] = process.memory_info().rss / 2**20
    noted.files[when] = process.num_fds()


@contextmanager
def _server() -> Iterator[Server]:
    given = {"DASHLAB_DATA": os.environ["DASHLAB_DATA"]} if "DASHLAB_DATA" in os.environ else {}
    with tempfile.TemporaryDirectory(prefix="dashlab-bench-") as folder:
        server = Server(Path(folder), None, **given).wait().rest()  # a class comes to a server that stands
        try:
            yield server
        finally:
            server.stop()
