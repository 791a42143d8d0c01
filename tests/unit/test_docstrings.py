"""What the core says of itself: each public name has a docstring, arrays have shapes, errors are named."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.house import House

ROOT = Path(__file__).resolve().parents[2]
ARRAYS = frozenset({"Tensor", "NDArray", "ndarray"})
DIMENSION = r"(?:\.\.\.|\*?[A-Za-z]\w*(?: [+−·/] \w+)?|[1-9]\d*)"
SHAPE = re.compile(rf"(?<![\w\]])\[{DIMENSION}(?:, {DIMENSION})*\]|\bscalar\b")
"""`[N, C, H, W]`, `[steps]`, `[..., 2]`, `[28, 28]` or "scalar"; ranges such as `[0, 1]` are none."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Public:
    """A public function, method or class, and where it stands."""

    path: Path
    name: str
    node: Definition

    @property
    def text(self) -> str:
        return ast.get_docstring(self.node) or ""

    def __str__(self) -> str:
        return f"{self.path}: {self.name}"


def public_names(house: House) -> Iterator[Public]:
    for path in house.files("dashlab"):
        yield from _inside(path, "", house.tree(path))


def _inside(path: Path, prefix: str, node: ast.Module | ast.ClassDef) -> Iterator[Public]:
    for inner in node.body:
        if isinstance(inner, Definition) and not inner.name.startswith("_"):
            yield Public(path, f"{prefix}{inner.name}", inner)
            if isinstance(inner, ast.ClassDef):
                yield from _inside(path, f"{prefix}{inner.name}.", inner)


def words_of(annotation: ast.expr | None) -> set[str]:
    """The names in an annotation, in one written as a string too."""
    return set(re.findall(r"\w+", ast.unparse(annotation))) if annotation else set()


@cache
def array_names(house: House) -> dict[Path, frozenset[str]]:
    """By file: what stands for arrays in it, its own and imported aliases among them.

    An alias beside which its shape is written, such as `Mask = NDArray[np.bool_]  # [H, W]`, says it itself.
    """
    silent: dict[tuple[str, str], bool] = {}
    for path in house.files("dashlab"):
        lines = (house.root / path).read_text(encoding="utf-8").splitlines()
        for node in house.tree(path).body:
            if isinstance(node, ast.Assign) and words_of(node.value) & ARRAYS:
                name = ast.unparse(node.targets[0])
                silent[module_of(path), name] = not SHAPE.search(lines[node.lineno - 1].partition("#")[2])
    names = {}
    for path in house.files("dashlab"):
        here = {
            name for (module, name), is_silent in silent.items() if module == module_of(path) and is_silent
        }
        for inner in ast.walk(house.tree(path)):
            if isinstance(inner, ast.ImportFrom) and inner.module:
                here |= {alias.name for alias in inner.names if silent.get((inner.module, alias.name))}
        names[path] = ARRAYS | here
    return names


def module_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)


def without_docstring(house: House) -> list[str]:
    """Public functions, methods and classes that say nothing of themselves."""
    return [f"{public} has no docstring" for public in public_names(house) if not public.text]


def without_shape(house: House) -> list[str]:
    """Public functions that take or give arrays, and do not say of what shape."""
    sentences = []
    for public in public_names(house):
        if isinstance(public.node, ast.ClassDef):
            continue
        arguments = public.node.args
        annotations = [
            argument.annotation
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        ]
        arrays = set[str]().union(*map(words_of, [*annotations, public.node.returns]))
        if arrays & array_names(house)[public.path] and not SHAPE.search(public.text):
            sentences.append(f"{public} takes or gives arrays and gives no shape, such as [N, C, H, W]")
    return sentences


def fields_without_shape(house: House) -> list[str]:
    """Fields of public classes that hold arrays, with no shape beside them nor in the class's docstring."""
    sentences = []
    for public in public_names(house):
        if not isinstance(public.node, ast.ClassDef) or SHAPE.search(public.text):
            continue
        lines = (house.root / public.path).read_text(encoding="utf-8").splitlines()
        for node in public.node.body:
            if not isinstance(node, ast.AnnAssign) or node.end_lineno is None:
                continue
            if words_of(node.annotation) & array_names(house)[public.path]:
                beside = " ".join(lines[node.lineno - 2 : node.end_lineno + 1])
                if not SHAPE.search(beside.partition("#")[2]):
                    sentences.append(f"{public}.{ast.unparse(node.target)} is an array without a shape")
    return sentences


def without_raises(house: House) -> list[str]:
    """Public functions that raise an error meant for a user, and do not name it."""
    errors = {
        node.name for node in house.tree(Path("dashlab/errors.py")).body if isinstance(node, ast.ClassDef)
    }
    sentences = []
    for public in public_names(house):
        if isinstance(public.node, ast.ClassDef):
            continue
        for node in ast.walk(public.node):
            if isinstance(node, ast.Raise) and node.exc is not None:
                unnamed = sorted(error for error in errors & words_of(node.exc) if error not in public.text)
                sentences += [f"{public} raises {error} and does not say so" for error in unnamed]
    return sentences


OURS = House(ROOT)
RULES = (without_docstring, without_shape, fields_without_shape, without_raises)

ERRORS = 'class ConfigError(Exception):\n    """Unsound."""\n'
BROKEN = {
    "a function without a docstring": "def spread():\n    pass",
    "a class without a docstring": "class spread:\n    pass",
    "a method without a docstring": "class C:\n    'One.'\n    def spread(self):\n        pass",
    "an array that comes in": "def spread(x: Tensor):\n    'All of x.'",
    "an array that goes out": "def spread() -> 'list[Tensor]':\n    'In [0, 1].'",
    "an alias of arrays": "Array = NDArray[np.float64]\ndef spread(x: Array):\n    'All of x.'",
    "a field": "class spread:\n    'What came out.'\n    x: Tensor",
    "an error": "def spread():\n    'One.'\n    raise ConfigError('no')",
}
SOUND = {
    "a shape": "def spread(x: Tensor, y: Tensor) -> Tensor:\n    'Of x [N, C, H, W] and y [N].'",
    "one number": "def spread(x: Tensor):\n    'Of a scalar.'",
    "an alias that says its shape": "Mask = NDArray[np.bool_]  # [H, W]\ndef spread(x: Mask):\n    'All.'",
    "a field with its shape": "class spread:\n    'What came out.'\n    x: Tensor  # [N]",
    "an error that is named": "def spread():\n    'Raises ConfigError.'\n    raise ConfigError('no')",
    "what is private": "def _spread(x: Tensor):\n    pass",
    "no array": "def spread(x: float):\n    'All of x.'",
}


def house_of(code: str, folder: Path) -> House:
    (folder / "dashlab").mkdir()
    (folder / "dashlab/errors.py").write_text(ERRORS, encoding="utf-8")
    (folder / "dashlab/charts.py").write_text(code, encoding="utf-8")
    return House(folder)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.__name__))
def test_the_core_says_of_itself_what_the_rule_asks_for(rule: Callable[[House], list[str]]) -> None:
    assert sum(1 for _ in public_names(OURS)) > 500
    assert rule(OURS) == []


@pytest.mark.parametrize("code", BROKEN.values(), ids=BROKEN)
def test_whatever_is_left_out_is_noticed_and_named(code: str, tmp_path: Path) -> None:
    house = house_of(code, tmp_path)
    sentences = [sentence for rule in RULES for sentence in rule(house)]
    assert len(sentences) == 1
    assert "spread" in sentences[0]


@pytest.mark.parametrize("code", SOUND.values(), ids=SOUND)
def test_what_is_said_is_not_asked_for_again(code: str, tmp_path: Path) -> None:
    house = house_of(code, tmp_path)
    assert [sentence for rule in RULES for sentence in rule(house)] == []


def test_an_alias_counts_in_the_files_that_import_it(tmp_path: Path) -> None:
    house = house_of("Array = NDArray[np.float64]", tmp_path)
    code = "from dashlab.charts import Array\ndef spread(x: Array):\n    'All of x.'"
    (tmp_path / "dashlab/curves.py").write_text(code, encoding="utf-8")
    assert without_shape(house) == [
        "dashlab/curves.py: spread takes or gives arrays and gives no shape, such as [N, C, H, W]"
    ]
