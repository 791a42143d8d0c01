"""The house: imports point one way, the core knows no page, and training needs torch alone."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FLOORS = (
    {"errors", "giving_up", "leftovers"},
    {"disklimit"},
    {"fields"},
    {"flatconfig"},
    {"lists"},
    {"settings", "optim_settings"},
    {"config", "device"},
    {"results", "data", "augment", "models", "optim", "presets"},
    {"speedtest"},
    {"records", "losses", "batches", "precision", "recorder", "weights"},
    {"evaluate", "runfolder", "stacked_layers"},
    {"engine", "classifier", "study", "runsummary"},
    {"runindex", "rungroups"},
    {"studies"},
    {"room"},
    {"store", "stacked"},
    {"jobs"},
    {"experiments"},
    {"charts", "export"},
    {"cli"},
    {"__main__"},
)
"""The parts of `dashlab/`, lowest first: each imports only what stands below it. New parts get a place."""

FLOOR_OF = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert found, folders
    return found


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def part_of(path: Path) -> str:
    """`models` for dashlab/training/models/layers.py, `config` for dashlab/settings/run.py."""
    return path.relative_to(ROOT / "dashlab").parts[0].removesuffix(".py")


def test_every_part_of_the_core_has_a_floor() -> None:
    parts = {part_of(path) for path in sources("dashlab")} - {"__init__"}
    assert parts <= FLOOR_OF.keys(), "name its floor in FLOORS"


def test_imports_point_one_way() -> None:
    upward = []
    for path in sources("dashlab"):
        own = part_of(path)
        for module in imports(path):
            names = module.split(".")
            if names[0] != "dashlab" or len(names) < 2 or names[1] not in FLOOR_OF or names[1] == own:
                continue
            if FLOOR_OF[names[1]] >= FLOOR_OF[own]:
                upward.append(f"{path.relative_to(ROOT)} imports {module}")
    assert upward == []


def test_nothing_in_the_core_imports_streamlit_or_a_page() -> None:
    outside = {"streamlit", "streamlit_drawable_canvas", "ui", "pages", "app", "tests"}
    broken = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources("dashlab")
        for module in imports(path)
        if module.split(".")[0] in outside
    ]
    assert broken == []


def test_a_page_computes_nothing_with_torch() -> None:
    broken = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in [*sources("pages"), ROOT / "app.py"]
        for module in imports(path)
        if module.split(".")[0] in {"torch", "torchvision"}
    ]
    assert broken == []


def loaded_after(code: str) -> set[str]:
    """Top-level names of the modules that a fresh process has loaded once it has run `code`."""
    report = "import json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def test_charts_need_no_torch() -> None:
    modules = [f"dashlab.charts.{path.stem}" for path in (ROOT / "dashlab" / "charts").glob("[a-z]*.py")]
    assert modules
    assert "torch" not in loaded_after("import " + ", ".join(modules))


def test_the_settings_and_presets_need_no_torch() -> None:
    assert "torch" not in loaded_after(
        "import dashlab.settings.presets, dashlab.training.results, dashlab.errors"
    )


def test_training_from_the_command_line_needs_neither_dask_nor_streamlit_nor_plotly() -> None:
    loaded = loaded_after(
        "from dashlab.cli.main import main; "
        "assert main(['train', '--epochs', '1', '--train-size', '64', '--hidden', '8']) == 0"
    )
    assert {"torch", "dashlab"} <= loaded
    needless = {"distributed", "dask", "streamlit", "plotly", "pandas", "torchvision", "matplotlib"}
    assert loaded & needless == set()
