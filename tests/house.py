"""The rules of the house, as questions to a tree of files: each answers with what breaks it, in sentences."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FLOORS = {
    "dashlab": (
        {"errors", "giving_up", "leftovers"},
        {"data", "settings"},
        {"training"},
        {"experiments", "store"},
        {"charts", "jobs"},
        {"cli"},
        {"__main__"},
    ),
    "ui": ({"parts"}, {"frame"}),  # the topics stand above
}
"""The rooms of a package, lowest first: each imports only from rooms below it. New rooms get a place."""
TOPICS = (
    "descent",
    "optimizers",
    "initialization",
    "activations",
    "batchnorm",
    "fitting",
    "convolution",
    "augmentation",
    "trainer",
    "sketch",
)
"""The one word for each page, on every floor."""
TOPICAL = ("ui", "dashlab/experiments", "dashlab/charts")
"""Where each topic has a folder of its own."""
CODE = ("app.py", "pages", "ui", "dashlab", "scripts")
OUTSIDE = {"streamlit", "streamlit_drawable_canvas", "ui", "pages", "app", "scripts", "tests"}
"""What the core knows nothing of."""
EMPTY = {"found", "kept", "said", "told"}
"""Words that name nothing: what was found, and what for? As a local name in a few lines they will do."""
MOST_LINES, MOST_OF_A_BODY = 400, 40


@dataclass(frozen=True)
class House:
    """A tree of files: dashlab's own, or one that a test has made up."""

    root: Path

    def files(self, *folders: str) -> list[Path]:
        """The Python files below these folders, relative to the root."""
        found: list[Path] = []
        for folder in folders:
            place = self.root / folder
            found += [place] if place.is_file() else sorted(place.rglob("*.py"))
        return [path.relative_to(self.root) for path in found]

    def tree(self, path: Path) -> ast.Module:
        """A file as Python reads it."""
        return ast.parse((self.root / path).read_text(encoding="utf-8"))

    def imports(self, path: Path) -> Iterator[str]:
        """Full names of the modules that a file imports, anywhere in it, and of what it takes from them."""
        return iter(_imports(self.root / path))


@cache
def _imports(path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += (f"{node.module}.{name.name}" for name in node.names)
    return tuple(names)


def room_of(path: Path) -> str:
    """`models` for dashlab/models/layers.py, `errors` for dashlab/errors.py."""
    return path.parts[1].removesuffix(".py")


def homeless(house: House) -> list[str]:
    """Rooms that have no floor, and topics that go by another word."""
    floors = {package: set().union(*FLOORS[package]) for package in FLOORS}
    floors["ui"] |= set(TOPICS)
    found = [
        f"{path} stands in no room: name its floor in FLOORS, or its topic in TOPICS"
        for package, rooms in floors.items()
        for path in house.files(package)
        if room_of(path) not in rooms | {"__init__"}
    ]
    for folder in TOPICAL[1:]:
        depth = len(Path(folder).parts)
        found += [
            f"{path} is of no topic: {path.parts[depth]} is none of {', '.join(TOPICS)}"
            for path in house.files(folder)
            if len(path.parts) > depth + 1 and path.parts[depth] not in TOPICS
        ]
    return found


def upward(house: House) -> list[str]:
    """Imports from a room that does not stand below."""
    found = []
    for package, floors in FLOORS.items():
        floor_of = {room: floor for floor, rooms in enumerate(floors) for room in rooms}
        top = len(floors)
        for path in house.files(package):
            own = room_of(path)
            for module in house.imports(path):
                names = module.split(".")
                if names[0] != package or len(names) < 2 or names[1] == own or own == "__init__":
                    continue
                if names[1] not in floor_of and (package != "ui" or names[1] not in TOPICS):
                    continue  # a name out of the package itself, such as its version
                if floor_of.get(names[1], top) >= floor_of.get(own, top):
                    found.append(f"{path} imports {module}")
    return found


def between_topics(house: House) -> list[str]:
    """Imports of one topic from another, within `experiments` and within `charts`."""
    found = []
    for folder in TOPICAL[1:]:
        depth, prefix = len(Path(folder).parts), folder.replace("/", ".")
        for path in house.files(folder):
            if path.parts[depth] not in TOPICS:
                continue
            for module in house.imports(path):
                topic = module.removeprefix(f"{prefix}.").partition(".")[0]
                if module.startswith(f"{prefix}.") and topic in TOPICS and topic != path.parts[depth]:
                    found.append(f"{path} imports {module}")
    return found


def strangers(house: House) -> list[str]:
    """Imports of the core from what it knows nothing of, and of pages from what computes."""
    found = [
        f"{path} imports {module}"
        for path in house.files("dashlab")
        for module in house.imports(path)
        if module.partition(".")[0] in OUTSIDE
    ]
    return found + [
        f"{path} imports {module}"
        for path in house.files("app.py", "pages")
        for module in house.imports(path)
        if module.partition(".")[0] in {"torch", "torchvision"}
    ]


def circles(house: House) -> list[str]:
    """Files that import each other, over however many others."""
    files = {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in house.files(*CODE)
    }
    below = {
        name: {
            target
            for module in house.imports(path)
            for target in (module, module.rpartition(".")[0])
            if target in files and target != name and files[target].name != "__init__.py"
        }
        for name, path in files.items()
    }
    return [" → ".join(circle) for circle in _circles(below)]


def _circles(below: dict[str, set[str]]) -> Iterator[list[str]]:
    """One circle for each import that closes one."""
    done: set[str] = set()
    way: list[str] = []

    def visit(name: str) -> Iterator[list[str]]:
        way.append(name)
        for target in sorted(below[name]):
            if target in way:
                yield [*way[way.index(target) :], target]
            elif target not in done:
                yield from visit(target)
        done.add(way.pop())

    for name in sorted(below):
        if name not in done:
            yield from visit(name)


def too_long(house: House, folders: Iterable[str] = (*CODE, "tests")) -> list[str]:
    """Files and bodies that nobody reads in one go, of tests too; a docstring is not counted."""
    found = []
    for path in house.files(*folders):
        lines = len((house.root / path).read_text(encoding="utf-8").splitlines())
        if lines > MOST_LINES:
            found.append(f"{path} has {lines} lines")
        for node in ast.walk(house.tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = _length(node)
                if length > MOST_OF_A_BODY:
                    found.append(f"{path}: the body of {node.name} has {length} lines")
    return found


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body
    last = body[-1].end_lineno
    assert last is not None
    return last - body[0].lineno + 1


def namesakes(house: House) -> list[str]:
    """Classes that share their name with one in another file: whoever searches for one meets the other."""
    places: dict[str, list[Path]] = {}
    for path in house.files("dashlab", "ui"):
        for node in ast.walk(house.tree(path)):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(path)
    return [
        f"{name} is a class of {' and of '.join(map(str, paths))}"
        for name, paths in places.items()
        if len(paths) > 1
    ]


def nameless(house: House) -> list[str]:
    """Functions, parameters, fields and names of modules that tell nothing of what they hold."""
    sentences = []
    for path in house.files(*CODE):
        tree = house.tree(path)
        names = [
            (node.lineno, node.name.strip("_"))
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        ]
        names += [(node.lineno, node.arg) for node in ast.walk(tree) if isinstance(node, ast.arg)]
        for holder in ast.walk(tree):
            if isinstance(holder, (ast.Module, ast.ClassDef)):
                names += [(node.lineno, name) for node in holder.body for name in _assigned(node)]
        sentences += [f"{path}:{line}: {name} says nothing" for line, name in names if name.lower() in EMPTY]
    return sentences


def _assigned(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from (name.id.strip("_") for name in ast.walk(target) if isinstance(name, ast.Name))


RULES = (homeless, upward, between_topics, strangers, circles, too_long, namesakes, nameless)
