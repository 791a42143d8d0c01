"""The house: imports point one way, topics keep to themselves, and training needs torch alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house import RULES, TOPICS, House
from ui.frame.pages import PAGES

ROOT = Path(__file__).resolve().parents[2]
OURS = House(ROOT)
TORCHLESS = ("settings", "rows", "sweeps", "words", "presets")
"""The files of a topic that pages read to draw their controls: without torch they are there at once."""

LONG = "\n".join(["def long():", *["    x = 1"] * 41])
BROKEN = {
    "a room without a floor": {"dashlab/attic.py": ""},
    "a topic under another word": {"dashlab/charts/twins/curves.py": ""},
    "a page's folder under another word": {"ui/twins/page.py": ""},
    "the core imports upward": {"dashlab/training/engine.py": "from dashlab.store import runs"},
    "the core imports upward, late": {"dashlab/data/own.py": "def f():\n    import dashlab.training.engine"},
    "two rooms of one floor": {"dashlab/jobs/lab.py": "from dashlab.charts import style"},
    "a part imports the frame": {"ui/parts/live.py": "from ui.frame.page import link_to"},
    "the frame imports a topic": {"ui/frame/views.py": "from ui.batchnorm import twins"},
    "a topic imports another, in ui": {"ui/sketch/page.py": "from ui.trainer.results import figures"},
    "a topic imports another": {"dashlab/charts/sketch/digits.py": "import dashlab.charts.trainer.curves"},
    "the core imports Streamlit": {"dashlab/training/engine.py": "import streamlit as st"},
    "the core imports a test": {"dashlab/cli/train.py": "from tests import house"},
    "a page computes": {"pages/trainer.py": "import torch"},
    "a circle of two": {
        "ui/sketch/page.py": "from ui.sketch import canvas",
        "ui/sketch/canvas.py": "def f():\n    from ui.sketch.page import g",
    },
    "a circle of three": {
        "dashlab/settings/run.py": "import dashlab.settings.flat",
        "dashlab/settings/flat.py": "from dashlab.settings.lists import items",
        "dashlab/settings/lists.py": "from dashlab.settings import run",
    },
    "a long file": {"ui/parts/controls.py": "\n" * 401},
    "a long file of tests": {"tests/unit/test_setup.py": "\n" * 401},
    "a long body": {"ui/parts/controls.py": LONG},
    "a function that names nothing": {"ui/parts/controls.py": "def _told(): pass"},
    "a parameter that names nothing": {"ui/parts/controls.py": "def f(found): pass"},
    "a field that names nothing": {"ui/parts/controls.py": "class C:\n    kept: str = ''"},
    "two classes of one name": {
        "ui/parts/controls.py": "class View: pass",
        "dashlab/jobs/lab.py": "class View: pass",
    },
}


def breaks(house: House) -> list[str]:
    return [sentence for rule in RULES for sentence in rule(house)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.__name__))
def test_the_house_keeps_its_rules(rule: Callable[[House], list[str]]) -> None:
    assert OURS.files("dashlab")
    assert rule(OURS) == []


@pytest.mark.parametrize("broken", BROKEN)
def test_whatever_breaks_a_rule_is_noticed(broken: str, tmp_path: Path) -> None:
    for name, text in BROKEN[broken].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    sentences = breaks(House(tmp_path))
    assert sentences
    told = "\n".join(sentences).replace("/", ".")
    assert any(name.replace("/", ".").removesuffix(".py") in told for name in BROKEN[broken])


def test_every_page_has_a_topic_and_every_topic_a_page() -> None:
    assert tuple(page.slug for page in PAGES if page.slug != "home") == TOPICS


def test_tests_stand_under_the_same_words() -> None:
    usual = {"data", "settings", "training", "store", "jobs", "cli", "frame", "every_page"}
    folders = {
        path.name
        for level in ("unit", "app", "browser")
        for path in (ROOT / "tests" / level).iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    assert folders <= usual | set(TOPICS)


def loaded_after(code: str) -> set[str]:
    """Top-level names of the modules that a fresh process has loaded once it has run `code`."""
    report = "import json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def modules(*paths: Path) -> str:
    return ", ".join(".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths)


def test_charts_need_no_torch() -> None:
    assert "torch" not in loaded_after(f"import {modules(*OURS.files('dashlab/charts'))}")


def test_settings_rows_words_and_presets_need_no_torch() -> None:
    found = [path for path in OURS.files("dashlab/experiments") if path.stem in TORCHLESS]
    assert {"settings", "rows", "words"} <= {path.stem for path in found}
    found += [*OURS.files("dashlab/settings"), Path("dashlab/training/results.py"), Path("dashlab/errors.py")]
    assert "torch" not in loaded_after(f"import {modules(*found)}")


def test_training_from_the_command_line_needs_neither_dask_nor_streamlit_nor_plotly() -> None:
    loaded = loaded_after(
        "from dashlab.cli.main import main; "
        "assert main(['train', '--epochs', '1', '--train-size', '64', '--hidden', '8']) == 0"
    )
    assert {"torch", "dashlab"} <= loaded
    needless = {"distributed", "dask", "streamlit", "plotly", "pandas", "torchvision", "matplotlib"}
    assert loaded & needless == set()
