"""Settings that change only what is drawn: without them the same is computed, and kept in the same place."""

from collections.abc import Iterator
from typing import Any

import pytest

from dashlab.experiments.batchnorm.look import TwinsLook
from dashlab.experiments.batchnorm.rows import TwinsConfig
from dashlab.experiments.initialization.settings import Setting, StackView
from dashlab.experiments.optimizers.average import averages
from dashlab.experiments.optimizers.network import NetworkRace, entries
from dashlab.experiments.optimizers.race import RaceConfig
from dashlab.experiments.optimizers.settings import AverageConfig
from dashlab.settings.fields import Spec, Value
from dashlab.settings.flat import FlatConfig
from dashlab.training.study import Study
from ui.frame.pages import PAGES
from ui.frame.views import View, views_of

VIEWS: tuple[View, ...] = tuple(view for page in PAGES for view in views_of(page))


def others(spec: Spec) -> Iterator[Value]:
    """Sound values of a setting besides its default."""
    ends = (int(spec.low), int(spec.high)) if spec.kind == "integer" else (spec.low, spec.high)
    values: dict[str, tuple[Value, ...]] = {"flag": (False, True), "choice": spec.choices}
    yield from (value for value in values.get(spec.kind, ends) if value != spec.default)


def looks() -> Iterator[Any]:
    for view in VIEWS:
        for name, spec in view.config.specs().items():
            if spec.shown_only:
                yield pytest.param(view, name, id=view.full(name))


@pytest.mark.parametrize(("view", "name"), [*looks()])
def test_what_only_changes_the_picture_changes_neither_what_is_computed_nor_its_key(
    view: View, name: str
) -> None:
    cases = [view.config(), *(preset.config for preset in view.presets.values())]
    for config in cases:
        computed = config.computed()
        for value in others(config.spec_of(name)):
            changed = config.change(**{name: value}).computed()
            assert changed == computed
            assert changed.key() == computed.key()


@pytest.mark.parametrize("view", VIEWS, ids=[view.name for view in VIEWS])
def test_every_other_setting_that_has_an_effect_changes_what_is_computed(view: View) -> None:
    config = view.config()
    for name, spec in config.specs().items():
        if spec.shown_only or not config.is_used(name):
            continue
        for value in others(spec) if spec.kind in ("flag", "choice", "integer", "number") else ():
            assert config.change(**{name: value}).computed() != config.computed(), name


@pytest.mark.parametrize("view", VIEWS, ids=[view.name for view in VIEWS])
def test_what_is_computed_hangs_on_nothing_that_is_only_looked_at(view: View) -> None:
    specs = view.config.specs()
    for name, spec in specs.items():
        siblings = {sibling for sibling, _values in spec.used_when}
        siblings |= {spec.default_by[0]} if spec.default_by else set()
        assert spec.shown_only or not any(specs[one].shown_only for one in siblings), name


def test_a_view_of_a_study_computes_the_study_itself_under_the_key_that_it_always_had() -> None:
    for view in VIEWS:
        computed = view.config().computed()
        if isinstance(computed, Study):
            assert not any(spec.shown_only for spec in computed.specs().values())
    look = TwinsLook(at=3, pane="statistics", channel=4, epochs=7, factor=0.3)
    assert look.computed() == TwinsConfig(epochs=7, factor=0.3)
    assert type(look.computed()) is TwinsConfig
    assert look.change(dataset="moons").computed() == TwinsConfig(epochs=7, dataset="moons")


def test_a_config_without_such_settings_is_computed_as_it_is() -> None:
    config = TwinsConfig(epochs=7)
    assert config.computed() == config
    assert type(config.computed()) is TwinsConfig
    assert Setting(std=0.5, slope=0.2).computed() == Setting(std=0.5)


def test_another_look_at_a_config_changes_only_the_look() -> None:
    began, now = NetworkRace(task="grid", epochs=2), NetworkRace(task="grid", cell=5, cell_shows="loss")
    assert began.seen_as(now) == NetworkRace(task="grid", epochs=2, cell=5, cell_shows="loss")
    assert began.seen_as(now).computed() == began.computed()


COMPUTING: tuple[tuple[FlatConfig, Any], ...] = (
    (NetworkRace(epochs=1), entries),
    (NetworkRace(task="grid", lr_count=2), entries),
    (RaceConfig(noise=0.5), lambda race: (race.course(), race.field())),
    (StackView(depth=12), lambda view: view.stack(Setting(std=0.1))),
    (AverageConfig(length=50), lambda config: averages(config).corrected.tolist()),
)


@pytest.mark.parametrize(("config", "compute"), COMPUTING, ids=[type(one).__name__ for one, _ in COMPUTING])
def test_the_computation_does_not_read_what_only_changes_the_picture(
    config: FlatConfig, compute: Any
) -> None:
    before = compute(config)
    for name, spec in config.specs().items():
        if spec.shown_only:
            for value in others(spec):
                assert compute(config.change(**{name: value})) == before, name
    assert compute(config.computed()) == before
