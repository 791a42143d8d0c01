"""CONTRIBUTING.md, followed to the letter in a copy of the tree: what it adds works, and breaks no rule."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("app.py", "dashlab", "pages", "ui", "tests", "scripts", "pyproject.toml", ".streamlit")
HEAVY = "dashlab/data/bundled"
PATH = re.compile(r"`([\w/]+/\w+\.py)`")
HELD = (
    "tests/unit/optimizers/test_descent.py",
    "tests/unit/test_architecture.py::test_the_house_keeps_its_rules",
    "tests/unit/test_docstrings.py::test_the_core_says_of_itself_what_the_rule_asks_for",
    "tests/unit/frame/test_pages.py",
    "tests/unit/frame/test_links_of_pages.py",
    "tests/app/every_page/test_file_offers.py::test_no_file_is_offered_that_is_not_made_above",
    "tests/app/every_page/test_file_offers.py::test_every_file_that_is_offered_can_be_made_and_holds_something",
)


def steps(text: str) -> Iterator[tuple[str, str]]:
    """The file and the code of every block of the worked example, in order."""
    example = text.partition("## A view")[2].partition("## A page")[0]
    words, *rest = example.split("```python\n")
    for part in rest:
        code, _, following = part.partition("```")
        yield PATH.findall(words)[-1], code
        words = following


def put(file: Path, anchor: str, new: str) -> None:
    """Write `new` before the one place where `anchor` stands."""
    text = file.read_text(encoding="utf-8")
    assert text.count(anchor) == 1, f"{anchor!r} in {file}"
    file.write_text(text.replace(anchor, new + anchor), encoding="utf-8")


def follow(text: str, root: Path) -> list[str]:
    """Do what the example says; the files that it touches."""
    touched = []
    for path, code in steps(text):
        file = root / path
        if path.endswith("presets.py"):
            put(file, "\nBY_VIEW = {", f"\n{code}\n")
            put(file, "AverageConfig, BatchConfig, PlaneConfig\n", "")  # the line that is added to
            changed = file.read_text(encoding="utf-8")
            changed = changed.replace(
                "BatchConfig, PlaneConfig\n", "BatchConfig, DescentConfig, PlaneConfig\n"
            )
            changed = changed.replace("BY_VIEW = {", 'BY_VIEW = {"descent": DESCENTS, ')
            file.write_text(changed, encoding="utf-8")
        elif file.exists():
            file.write_text(f"{file.read_text(encoding='utf-8')}\n\n{code}", encoding="utf-8")
        else:
            file.write_text(code, encoding="utf-8")
        touched.append(path)
    (view,) = re.findall(r'add `("[\w.]+:VIEW")`', text)
    put(root / "ui/frame/pages.py", '            "ui.optimizers.network:VIEW",\n', f"            {view},\n")
    (case,) = re.findall(r"`(optim\(.*\),)`", text)
    offers = "tests/app/every_page/test_file_offers.py"
    put(root / offers, '    optim("surface", *RACES, detail="curves"),\n', f"    {case}\n")
    return [*touched, "ui/frame/pages.py", offers]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    root = tmp_path / "copy"
    root.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "bundled")
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, root / name)
    (root / HEAVY).symlink_to(ROOT / HEAVY)
    return root


def run_in(root: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_view_of_the_worked_example_works_and_keeps_the_rules(copy: Path) -> None:
    touched = follow((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), copy)
    assert len(touched) == len(set(touched)) == 10
    run_in(copy, "ruff", "format", *touched)
    run_in(copy, "ruff", "check", *touched)
    run_in(copy, "pytest", "-q", "-p", "no:cacheprovider", "-k", "not app or descent or no_file", *HELD)
