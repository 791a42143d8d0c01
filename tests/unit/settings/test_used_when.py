"""Settings that have an effect under others alone: under which, and the sentence that says why not."""

from collections.abc import Iterator

import pytest

from dashlab.errors import ConfigError
from dashlab.experiments.initialization.settings import Setting
from dashlab.experiments.optimizers.network import TASKS, NetworkRace
from dashlab.settings.fields import Value
from dashlab.settings.flat import FlatConfig
from dashlab.settings.lists import ListSpec
from dashlab.settings.run import PARTS, RunConfig
from tests.unit.settings.test_shown_only import VIEWS


def kinds() -> Iterator[type[FlatConfig] | type[RunConfig]]:
    """The configs of all views, those of the entries of their lists, and the parts of a run."""
    yield from PARTS.values()
    for view in VIEWS:
        yield view.config
        yield from (spec.of for spec in view.config.specs().values() if isinstance(spec, ListSpec))


KINDS = [*dict.fromkeys(kinds())]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_conditions_name_choices_and_flags_of_the_same_config_and_some_of_their_values(
    kind: type[FlatConfig] | type[RunConfig],
) -> None:
    specs = kind.specs()
    for spec in specs.values():
        for sibling, values in spec.used_when:
            every = specs[sibling].choices or (False, True)
            assert specs[sibling].kind in ("choice", "flag")
            assert set(values) < set(every)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_what_hangs_on_a_setting_hangs_on_all_that_this_one_hangs_on(
    kind: type[FlatConfig] | type[RunConfig],
) -> None:
    specs = kind.specs()
    for name, spec in specs.items():
        for sibling, _values in spec.used_when:
            assert set(specs[sibling].used_when) <= set(spec.used_when), name


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_every_setting_has_an_effect_under_its_conditions_and_none_where_one_fails(
    kind: type[FlatConfig] | type[RunConfig],
) -> None:
    for name, spec in kind.specs().items():
        used = kind().change(**{sibling: values[0] for sibling, values in spec.used_when})
        assert used.is_used(name)
        for sibling, values in spec.used_when:
            for value in kind.spec_of(sibling).choices or (False, True):
                assert used.change(**{sibling: value}).is_used(name) == (value in values)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (NetworkRace(task="linear", epochs=7), "Epochs (epochs) has no effect when task is 'linear': it "
         "belongs to race, grid. Leave it at its default or change task."),
        (NetworkRace(task="linear", hidden=(7,)), "no effect when task is 'linear': it belongs to race"),
        (NetworkRace(network="cnn", hidden=(7,)), "has no effect when network is 'cnn': it belongs to mlp."),
        (NetworkRace(passes=7), "has no effect when task is 'race': it belongs to linear."),
        (NetworkRace(lr_low=0.1), "has no effect when task is 'race': it belongs to grid."),
        (NetworkRace(task="grid", log_loss=False), "has no effect when task is 'grid': it belongs to race."),
        (Setting(gain=2.0), "has no effect when initializer is 'normal': it belongs to xavier_uniform"),
        (Setting(initializer="orthogonal", gain=2.0), "no effect when gain_from is 'one': it belongs to own"),
    ],
)  # fmt: skip
def test_the_sentence_names_the_condition_that_fails(config: FlatConfig, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.check()
    assert words in str(caught.value)


@pytest.mark.parametrize("task", TASKS)
def test_a_race_checks_whatever_is_set_under_another_task_with_a_sentence(task: str) -> None:
    other: dict[str, Value] = {"epochs": 7, "lr_count": 3, "passes": 7, "log_loss": False, "cell": 2}
    for name, value in other.items():
        config = NetworkRace(task=task).change(**{name: value})
        assert config.without_unused().check() == config.without_unused()
        if not config.is_used(name):
            with pytest.raises(ConfigError, match=f"when task is '{task}'"):
                config.check()
