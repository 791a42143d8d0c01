"""Whatever a link to any page asks for, every setting is sound, and what could not be had is said."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping

import pytest

from dashlab.errors import ConfigError
from dashlab.settings.fields import Spec, Value
from ui.augmentation import page as augmentation
from ui.frame import views
from ui.frame.pages import page_of
from ui.parts import links
from ui.sketch import page as sketch
from ui.trainer import page as training

Start = Callable[[str], Mapping[str, Value] | None]
LINKS = 200
"""Of each page."""
ANY = (
    *("", "abc", "nan", "inf", "-inf", "1e400", "-1", "0", "9" * 30, "9" * 4400, "1.5", "１２", " 3 ", "é"),
    *("on", "None", "x" * 3000, "a\x01b", "<script>", "~~~", "-", "--", ",", "1_000", "0-1", "99999-1"),
    *("optimizer~sgd~lr~99999~~optimizer~nope", "activation~relu~~activation~tanh", "optimizer~adam~beta1~7"),
    *("transform~Resize~size~99999", "transform~RandomAffine~shear~60,-25", "transform~Foo", "plain~~plain"),
)


def of_views(slug: str) -> tuple[Mapping[str, Spec], Start]:
    own = views.views_of(page_of(slug))
    return views._specs(own), lambda preset: views._start(own, preset)


PAGES: Mapping[str, tuple[Mapping[str, Spec], Start]] = {
    "optim": of_views("optimizers"),
    "init": of_views("initialization"),
    "bn": of_views("batchnorm"),
    "aug": (augmentation.SPECS, augmentation.start),
    "train": (training.SPECS, training.start),
    "sketch": (sketch.SPECS, sketch.start),
}


def texts(spec: Spec, good: Value) -> Iterator[str]:
    """What a link might have for a setting."""
    yield from ANY
    yield from (spec.format(good), spec.format(good) + "x", spec.format(good)[:-1])
    yield from (*spec.choices, *map(str.upper, spec.choices))
    for end in (spec.low, spec.high):
        if math.isfinite(end):
            yield from (str(end), str(int(end) - 1), str(int(end) + 1), str(2 * end))


@pytest.mark.parametrize("prefix", PAGES)
def test_a_link_leaves_every_setting_sound_and_what_it_cannot_have_is_said(prefix: str) -> None:
    specs, start = PAGES[prefix]
    dice, usual = random.Random(prefix), start("") or {}
    for _ in range(LINKS):
        names = dice.sample(list(specs), dice.randint(1, min(6, len(specs))))
        asked = {name: dice.choice([*texts(specs[name], usual[name])]) for name in names}
        arrived = links.read({f"{prefix}_{name}": text for name, text in asked.items()}, prefix, specs, start)
        said = "\n".join(arrived.notes)
        for name, spec in specs.items():
            assert spec.problem(arrived.values[name]) is None, (asked, name)
        for name, text in asked.items():
            assert wanted(specs[name], text) == arrived.values[name] or f"{name}=" in said, (name, text)


def wanted(spec: Spec, text: str) -> Value | None:
    """What a text spells, if it can be read."""
    try:
        return spec.parse(text)
    except ConfigError:
        return None


def test_all_pages_that_have_settings_are_tried() -> None:
    from ui.frame.pages import PAGES as ALL

    assert PAGES.keys() == {page.prefix for page in ALL} - {"home"}
