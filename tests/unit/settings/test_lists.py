"""Settings that hold a list of configs, as one text."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from dashlab.errors import ConfigError
from dashlab.settings.fields import choice, number
from dashlab.settings.flat import FlatConfig
from dashlab.settings.lists import ListSpec, entries_of, items, read_entries, text_of, write_entries
from dashlab.settings.optim import OptimConfig, SurfaceOptimConfig
from tests.typed import there


@dataclass(frozen=True, slots=True, kw_only=True)
class Race(FlatConfig):
    racers: str = items(
        (OptimConfig(lr=0.1), OptimConfig(optimizer="adam")), "Racers", "Who races.", longest=3
    )
    noise: float = number(0.0, "Noise", "Of the gradient.", low=0, high=1)
    kind: str = choice("plain", "Kind", "Of race.", {"plain": "Plain", "fair": "Fair"})

    def conflicts(self) -> Iterator[tuple[bool, str]]:
        yield self.kind == "fair" and self.noise > 0.5, "A fair race has little noise."


SPEC = Race.spec_of("racers")


def test_a_list_of_configs_comes_back_from_its_text() -> None:
    racers = (OptimConfig(), OptimConfig(lr=0.5, momentum=0.9, nesterov=True), OptimConfig(optimizer="adam"))
    assert entries_of(text_of(racers), OptimConfig) == racers


def test_only_what_differs_from_the_defaults_is_written() -> None:
    assert text_of([OptimConfig(lr=0.5), OptimConfig()]) == "lr~0.5~~plain"


@pytest.mark.parametrize("eps", [1e-10, 1e-8, 1e-6])
@pytest.mark.parametrize("name", ["adam", "adagrad", "adadelta"])
def test_an_entry_keeps_its_coefficient_whatever_the_default_of_its_optimizer(name: str, eps: float) -> None:
    racer = OptimConfig(optimizer=name, eps=eps)
    assert entries_of(text_of([racer]), OptimConfig) == (racer,)
    assert SPEC.clamp(text_of([racer]), Race().racers) == text_of([racer])


def test_what_an_optimizer_brings_along_is_written_so_that_a_text_without_it_is_as_it_was_made() -> None:
    assert text_of([OptimConfig(optimizer="adadelta")]) == "optimizer~adadelta~eps~1e-06"
    assert entries_of("optimizer~adadelta", OptimConfig)[0].eps == 1e-8
    assert text_of([OptimConfig(optimizer="adadelta", eps=1e-8)]) == "optimizer~adadelta"
    assert entries_of("optimizer~adamw", OptimConfig)[0].weight_decay == 0.0
    assert entries_of("optimizer~lbfgs", SurfaceOptimConfig)[0].history == 10
    assert entries_of(text_of([SurfaceOptimConfig(optimizer="lbfgs")]), SurfaceOptimConfig)[0].history == 100


def test_no_entry_is_the_empty_text() -> None:
    assert read_entries(text_of([])) == []


@pytest.mark.parametrize("text", ["lr", "lr~", "~lr", "lr~1~~", "~"])
def test_a_text_that_is_no_list_cannot_be_parsed(text: str) -> None:
    with pytest.raises(ConfigError):
        SPEC.parse(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("lr~1000", "between"),
        ("speed~1", "no setting"),
        ("lr~fast", "not a number"),
        ("nesterov~on", "needs a momentum"),
        ("optimizer~adam~momentum~0.5", "no effect"),
        ("plain~~plain~~plain~~plain", "1 to 3 entries"),
        ("", "1 to 3 entries"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(text: str, word: str) -> None:
    assert word in there(SPEC.problem(text))


def test_a_sound_list_has_no_problem() -> None:
    assert SPEC.problem(Race().racers) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("lr~1000", "lr~100.0"),
        ("lr~fast~momentum~0.5", "momentum~0.5"),
        ("speed~1~lr~0.5", "lr~0.5"),
        ("optimizer~adam~momentum~0.5", "optimizer~adam"),
        ("lr~1~~lr~2~~lr~3~~lr~4", "lr~1.0~~lr~2.0~~lr~3.0"),
        ("nesterov~on", Race().racers),
    ],
)
def test_a_list_is_brought_to_the_nearest_sound_one(text: str, kept: str) -> None:
    assert SPEC.clamp(text, Race().racers) == kept


def test_a_config_with_a_list_survives_json() -> None:
    race = Race(racers="lr~0.5", noise=0.25)
    assert Race.from_json(race.to_json()) == race


def test_a_config_says_which_of_its_entries_is_unsound() -> None:
    with pytest.raises(ConfigError, match=r"racers.*between"):
        Race(racers="lr~1000").check()


def test_a_config_refuses_settings_that_do_not_fit_each_other() -> None:
    with pytest.raises(ConfigError, match="little noise"):
        Race(kind="fair", noise=0.75).check()


def test_equal_numbers_give_equal_keys_and_others_do_not() -> None:
    assert Race(noise=1).key() == Race(noise=1.0).key() != Race(noise=0.5).key()


def test_configs_of_two_kinds_never_share_a_key() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Other(Race):
        pass

    assert Other().key() != Race().key()


def test_names_and_values_are_written_as_they_are_read() -> None:
    entries = [{"a": "1", "b": "x y"}, {}, {"c": "-0.5"}]
    assert read_entries(write_entries(entries)) == entries


def test_a_list_spec_keeps_what_a_link_carries() -> None:
    assert isinstance(SPEC, ListSpec)
    assert SPEC.format(SPEC.parse(" lr~0.5 ")) == "lr~0.5"
