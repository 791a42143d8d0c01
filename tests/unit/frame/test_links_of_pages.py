"""Whatever a link to any page asks for, every setting is sound, and what could not be had is said."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import partial

import pytest

from dashlab.errors import ConfigError
from dashlab.settings.fields import Spec, Value
from ui.frame.pages import PAGES
from ui.frame.views import specs_of, start_of, views_of
from ui.parts import links

LINKS = 200
"""Of each page."""
ANY = (
    *("", "abc", "nan", "inf", "-inf", "1e400", "-1", "0", "9" * 30, "9" * 4400, "1.5", "１２", " 3 ", "é"),
    *("on", "None", "x" * 3000, "a\x01b", "<script>", "~~~", "-", "--", ",", "1_000", "0-1", "99999-1"),
    *("optimizer~sgd~lr~99999~~optimizer~nope", "activation~relu~~activation~tanh", "optimizer~adam~beta1~7"),
    *("transform~Resize~size~99999", "transform~RandomAffine~shear~60,-25", "transform~Foo", "plain~~plain"),
)


WITH_SETTINGS = {page.prefix: views_of(page) for page in PAGES if page.views}


def texts(spec: Spec, good: Value) -> Iterator[str]:
    """What a link might have for a setting."""
    yield from ANY
    yield from (spec.format(good), spec.format(good) + "x", spec.format(good)[:-1])
    yield from (*spec.choices, *map(str.upper, spec.choices))
    for end in (spec.low, spec.high):
        if math.isfinite(end):
            yield from (str(end), str(int(end) - 1), str(int(end) + 1), str(2 * end))


@pytest.mark.parametrize("prefix", WITH_SETTINGS)
def test_a_link_leaves_every_setting_sound_and_what_it_cannot_have_is_said(prefix: str) -> None:
    views = WITH_SETTINGS[prefix]
    specs, start = specs_of(views), partial(start_of, views)
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
    assert WITH_SETTINGS.keys() == {page.prefix for page in PAGES} - {"home"}
