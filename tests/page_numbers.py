"""What every page shows under every preset, as digests: the same before and after the house is rebuilt.

    python -m tests.page_numbers before.json          # and once more as again.json: what differs is left out
    python -m tests.page_numbers --compare before.json again.json after.json

A page is run without a browser; texts, tables and the data of every chart count, pictures do not. Trainings
that wait for a button are run small: one epoch of 512 pictures.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SMALL = {"train_size": 512, "epochs": 1}
OWN_FOLDERS = ("DASHLAB_STORE", "DASHLAB_DATA", "DASHLAB_OWN")

Digests = dict[str, list[str]]


def queries() -> Iterator[tuple[str, dict[str, str]]]:
    """Every page, with the link of each of its presets."""
    from dashlab.experiments.presets import every
    from ui.frame.pages import PAGES
    from ui.frame.views import views_of

    for page in PAGES:
        yield page.path, {}
        for view in views_of(page):
            if view.name:
                yield page.path, {f"{page.prefix}_view": view.name}
        for topic, _, preset in every():
            if topic == page.slug:
                yield page.path, {f"{page.prefix}_preset": preset.name}


def digests() -> Iterator[tuple[str, list[str]]]:
    """Each page's elements in their order, and the losses of each small training."""
    from streamlit.testing.v1 import AppTest

    for path, query in queries():
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        for name, text in query.items():
            app.query_params[name] = text
        app = app.switch_page(path) if path != "app.py" else app
        app.run()
        assert not app.exception, (path, query, app.exception)
        yield f"{path} {json.dumps(query)}", [_digest(element) for element in _elements(app.main)]
    yield from _trainings()


def _elements(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from _elements(child)
        else:
            yield child


def _digest(element: Any) -> str:
    proto = element.proto
    data = proto.SerializeToString(deterministic=True)
    return f"{element.type} {hashlib.sha256(data).hexdigest()[:16]}"


def _trainings() -> Iterator[tuple[str, list[str]]]:
    from dashlab.experiments.trainer.presets import PRESETS
    from dashlab.training.engine import train

    for name, preset in PRESETS.items():
        config = preset.config.change(**SMALL)
        if config.data.dataset == "own":
            continue
        result = train(config)
        assert result.evaluation is not None
        shown = [repr(row.loss) for row in result.steps] + [repr(result.evaluation.loss)]
        yield f"train {name}", shown


def compare(first: Digests, again: Digests, after: Digests) -> list[str]:
    """Where `after` differs although the first two runs agree."""
    problems = [f"{place} is there only once" for place in sorted(set(first) ^ set(after))]
    for place in sorted(set(first) & set(after) & set(again)):
        if len(first[place]) != len(after[place]):
            problems.append(f"{place}: {len(first[place])} elements before, {len(after[place])} after")
            continue
        for index, (one, two, new) in enumerate(zip(first[place], again[place], after[place], strict=True)):
            if one == two != new:
                problems.append(f"{place}, element {index}: {one} before, {new} after")
    return problems


def main(arguments: list[str]) -> int:
    """See the top of this file."""
    if arguments[0] == "--compare":
        first, again, after = (json.loads(Path(name).read_text(encoding="utf-8")) for name in arguments[1:])
        problems = compare(first, again, after)
        sys.stdout.write("".join(f"{problem}\n" for problem in problems))
        same = sum(one == two for place in first for one, two in zip(first[place], again[place], strict=True))
        sys.stdout.write(f"{len(first)} states of pages, {same} elements that stand still.\n")
        return 1 if problems else 0
    os.environ["DASHLAB_CALCULATORS"] = "0"
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {name: str(Path(folder) / name) for name in OWN_FOLDERS}
        import torch

        torch.set_num_threads(1)
        Path(arguments[0]).write_text(json.dumps(dict(digests()), indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
