"""What the documents say of the code is there: every file that they name, every room of the house."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house import FLOORS
from ui.frame.pages import PAGES, PageInfo

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("docs/architecture.md",)
PATH = re.compile(r"`((?:dashlab|ui|pages|tests|scripts|docs|\.streamlit)/[\w./*{},-]*)`")


def paths_in(text: str) -> set[str]:
    """Paths in code quotes, `tests/{unit,app}/x` as each of its meanings."""
    paths = set()
    for path in PATH.findall(text):
        before, brace, rest = path.partition("{")
        choices, _, after = rest.partition("}")
        paths |= {f"{before}{choice}{after}" for choice in choices.split(",")} if brace else {path}
    return paths


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    paths = paths_in((ROOT / document).read_text(encoding="utf-8"))
    assert len(paths) > 10
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_the_floors_are_those_that_the_rules_hold() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if re.match(r"\| \d \|", line)]
    rooms = [set(re.findall(r"`dashlab/(\w+)", line.split("|")[2])) for line in table]
    floors = [int(line.split("|")[1]) for line in table]
    written = [set().union(*(room for room, at in zip(rooms, floors, strict=True) if at == floor))
               for floor in sorted(set(floors))]  # fmt: skip
    assert written == [floor for floor in FLOORS["dashlab"] if floor != {"__main__"}]


@pytest.mark.parametrize("page", [page for page in PAGES if page.views], ids=lambda page: page.slug)
def test_the_readme_says_of_every_page_what_it_teaches(page: PageInfo) -> None:
    table = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]+ \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert page.title in table


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_every_file_that_a_document_links_to_is_there(document: str) -> None:
    path = ROOT / document
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
