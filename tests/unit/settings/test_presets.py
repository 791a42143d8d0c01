"""The one class of presets, and every preset: sound, told apart, and each with what to look for."""

import re
from collections import Counter

import pytest

from dashlab.errors import ConfigError
from dashlab.experiments.presets import every
from dashlab.settings.flat import FlatConfig
from dashlab.settings.presets import Preset, by_name
from dashlab.settings.run import RunConfig
from tests.house import TOPICS

EVERY = list(every())


def test_every_topic_with_a_page_has_presets() -> None:
    assert {topic for topic, _, _ in EVERY} >= set(TOPICS)


def test_a_name_stands_for_one_preset_of_a_page_and_fits_into_a_link() -> None:
    assert set(Counter((topic, preset.name) for topic, _, preset in EVERY).values()) == {1}
    assert all(re.fullmatch(r"[\w-]+", preset.name, re.ASCII) for _, _, preset in EVERY)


@pytest.mark.parametrize(("topic", "view", "preset"), EVERY, ids=lambda one: getattr(one, "name", one))
def test_every_preset_is_sound_and_has_a_title_and_sentences(
    topic: str, view: str, preset: Preset[FlatConfig | RunConfig]
) -> None:
    assert preset.title
    assert preset.about.endswith((".", "?"))
    if (topic, view, preset.name) == ("trainer", "", "s16"):
        with pytest.raises(ConfigError, match="Own pictures need a path"):
            preset.config.check()
    else:
        assert preset.config.check() is preset.config


def test_presets_are_kept_by_name_in_their_order_and_no_two_have_one() -> None:
    two, one = Preset("two", "Two", "Look.", 2), Preset("one", "One", "Look.", 1)
    assert list(by_name(two, one).items()) == [("two", two), ("one", one)]
    with pytest.raises(AssertionError, match="one name"):
        by_name(two, two)
