"""The config of a run: flat names, checks, JSON and the key under which its result is kept."""

import json
import subprocess
import sys

import pytest

from dashlab.errors import ConfigError
from dashlab.settings import run_parts as settings
from dashlab.settings.fields import Value, following
from dashlab.settings.optim import OptimConfig, ScheduleConfig
from dashlab.settings.run import LEAVES, PARTS, RunConfig, leaf_part, spec_of
from dashlab.settings.run_parts import ModelConfig
from dashlab.training.models.initialize import initialize
from dashlab.training.models.layers import activation_layer
from dashlab.training.models.networks import build
from dashlab.training.optim import make_optimizer, make_schedule

NAMES = tuple(LEAVES)
SPECS = {name: spec for name, (_, spec) in LEAVES.items()}


def another_value(name: str) -> Value:
    """A sound value that is not the default."""
    spec, default = spec_of(name), RunConfig().flat()[name]
    match spec.kind:
        case "number":
            return spec.low if default != spec.low else (spec.low + spec.high) / 2
        case "integer":
            return int(spec.low) if default != spec.low else int(spec.low) + 1
        case "flag":
            return not default
        case "choice":
            return next(choice for choice in spec.choices if choice != default)
        case "sizes":
            return (7,)
        case "text":
            return "somewhere"


# -- the leaves --------------------------------------------------------------------------------------------


def test_the_default_config_is_sound() -> None:
    assert RunConfig().check() == RunConfig()


def test_no_two_settings_have_the_same_name() -> None:
    fields = [name for part in PARTS.values() for name in part.specs()]
    assert sorted(fields) == sorted(LEAVES)


def test_every_setting_has_a_label_a_sentence_of_help_and_a_sound_default() -> None:
    for name in NAMES:
        spec = spec_of(name)
        assert spec.label[0].isupper() or spec.label[0] in "αβγερ"
        assert spec.help.endswith(".")
        assert spec.problem(RunConfig().flat()[name]) is None
        assert spec.low <= spec.high


def test_used_when_names_a_choice_of_the_same_part_and_values_of_it() -> None:
    for name in NAMES:
        for sibling, values in spec_of(name).used_when:
            assert leaf_part(sibling) == leaf_part(name)
            assert set(values) < set(spec_of(sibling).choices)


def test_a_name_that_is_no_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="no setting called 'learning_rate'"):
        RunConfig().change(learning_rate=0.1)


# -- what is in settings is implemented --------------------------------------------------------------------


@pytest.mark.parametrize("name", spec_of("optimizer").choices)
def test_every_optimizer_can_be_made(name: str) -> None:
    network = build(ModelConfig(model="softmax"), shape=(1, 2, 2), classes=2, seed=0)
    make_optimizer(OptimConfig(optimizer=name), network.parameters())


@pytest.mark.parametrize("name", spec_of("schedule").choices)
def test_every_schedule_can_be_made(name: str) -> None:
    network = build(ModelConfig(model="softmax"), shape=(1, 2, 2), classes=2, seed=0)
    optimizer = make_optimizer(OptimConfig(), network.parameters())
    make_schedule(ScheduleConfig(schedule=name), optimizer, steps_per_epoch=5, epochs=2)


@pytest.mark.parametrize("name", spec_of("init").choices)
def test_every_initializer_can_be_drawn(name: str) -> None:
    network = build(ModelConfig(model="softmax"), shape=(1, 2, 2), classes=2, seed=0)
    initialize(network, ModelConfig(model="softmax", init=name), seed=1)


@pytest.mark.parametrize("name", settings.ACTIVATIONS)
def test_every_activation_has_a_layer(name: str) -> None:
    activation_layer(name)


@pytest.mark.parametrize("name", spec_of("model").choices)
def test_every_network_can_be_built(name: str) -> None:
    build(ModelConfig(model=name), shape=(1, 32, 32), classes=3, seed=0)


# -- change, differences, unused settings ------------------------------------------------------------------


def test_a_changed_setting_is_the_only_difference() -> None:
    for name in NAMES:
        value = another_value(name)
        changed, start = RunConfig().change(**{name: value}), RunConfig().flat()
        with_it = {name: value} | following(SPECS, start, {name: value})  # an optimizer brings its ε along
        wanted = {one: (start[one], new) for one, new in with_it.items() if new != start[one]}
        assert RunConfig().differences(changed) == wanted


def test_what_depends_on_the_optimizer_follows_it_unless_it_was_set() -> None:
    assert RunConfig().change(optimizer="adadelta").optim.eps == 1e-6
    assert RunConfig().change(optimizer="adadelta").change(optimizer="adagrad").optim.eps == 1e-10
    assert RunConfig().change(optimizer="adadelta").change(optimizer="adam") == RunConfig().change(
        optimizer="adam"
    )
    assert RunConfig().change(eps=1e-4).change(optimizer="adadelta").optim.eps == 1e-4
    assert RunConfig().change(optimizer="adadelta", eps=1e-8).optim.eps == 1e-8
    assert OptimConfig(optimizer="adadelta") == OptimConfig(optimizer="adadelta", eps=1e-6)


def test_a_run_that_was_kept_with_another_default_is_still_found() -> None:
    # All its settings stand in its JSON; its key is the one of before ε depended on the optimizer.
    old = RunConfig().change(optimizer="adadelta", eps=1e-8)
    assert old.key() == "40e4fb236df281526c9f170ec0835ebbd77fcdc4736ed06ce822010dc1678514"
    read = RunConfig.from_json(json.loads(json.dumps(old.to_json())))
    assert (read.optim.eps, read.key()) == (1e-8, old.key())
    plain = RunConfig().change(optimizer="adamw", weight_decay=0.0)
    assert plain.key() == "c33d26f66360284ef9b0d6164fa2602bbea4eb82048bbed82118dd7176eec728"


def test_a_setting_without_effect_is_refused_and_the_sentence_says_what_to_do() -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig().change(optimizer="adam", momentum=0.9).check()
    assert str(caught.value) == (
        "Momentum (momentum) has no effect when optimizer is 'adam': it belongs to sgd, rmsprop. "
        "Leave it at its default or change optimizer."
    )


def test_settings_without_effect_go_back_to_their_defaults() -> None:
    config = RunConfig().change(model="softmax", hidden=(7,), optimizer="adam", momentum=0.9, beta1=0.5)
    assert config.without_unused() == RunConfig().change(model="softmax", optimizer="adam", beta1=0.5)


def with_effect(name: str) -> dict[str, Value]:
    """What else to set so that this setting has an effect."""
    return {sibling: values[0] for sibling, values in spec_of(name).used_when}


def test_every_setting_has_an_effect_somewhere() -> None:
    for name in NAMES:
        assert RunConfig().change(**with_effect(name)).is_used(name)


# -- check -------------------------------------------------------------------------------------------------


def test_a_number_out_of_range_is_refused_by_its_name_and_range() -> None:
    for name in [name for name in NAMES if spec_of(name).kind in ("number", "integer")]:
        spec = spec_of(name)
        for value in (spec.low - 1, spec.high + 1):
            wrong = float(value) if spec.kind == "number" else int(value)
            with pytest.raises(ConfigError) as caught:
                RunConfig().change(**with_effect(name), **{name: wrong}).check()
            assert f"({name}) must lie between" in str(caught.value)
            assert repr(wrong) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nesterov": True}, "Nesterov needs a momentum above 0"),
        ({"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "no dampening"),
        ({"patience": 2}, "Early stopping watches the validation loss"),
        ({"dataset": "own"}, "Own pictures need a path"),
        ({"batchnorm": True, "batch_size": 1}, "BatchNorm needs at least two pictures in a batch"),
        ({"dataset": "imagenet"}, "must be one of mnist, fashion, cifar10, own"),
        ({"lr": float("nan")}, "must lie between"),
        ({"epochs": 1.0}, "must be a whole number"),
        ({"hidden": [5]}, "must be whole numbers joined by '-'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes: dict[str, Value], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig().change(**changes).check()
    assert words in str(caught.value)


# -- JSON --------------------------------------------------------------------------------------------------


def test_json_brings_every_setting_back() -> None:
    for name in NAMES:
        changes = {name: another_value(name)} | with_effect(name)
        if name == "nesterov":
            changes["momentum"] = 0.9
        if name == "patience":
            changes["val_fraction"] = 0.1
        if changes.get("dataset") == "own":
            changes.setdefault("path", "somewhere")
        config = RunConfig().change(**changes)
        assert RunConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_json_may_leave_settings_out() -> None:
    assert RunConfig.from_json({"optim": {"lr": 0.5}}) == RunConfig().change(lr=0.5)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "must be an object"),
        ("mnist", "must be an object"),
        ({"optimiser": {}}, "'optimiser' is not a part"),
        ({"optim": 3}, "'optim' is not a part"),
        ({"optim": {"speed": 1}}, "no setting called 'speed'"),
        ({"optim": {"epochs": 1}}, "'epochs' does not belong to 'optim'"),
        ({"optim": {"lr": None}}, "must be a number"),
        ({"optim": {"lr": {"__import__": "os"}}}, "must be a number"),
        ({"model": {"hidden": [[1]]}}, "must be whole numbers"),
        ({"model": {"hidden": [1.5]}}, "must be whole numbers"),
        ({"loop": {"compile": 1}}, "must be on or off"),
    ],
)
def test_json_that_is_no_config_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_json(values)
    assert words in str(caught.value)


# -- the key -----------------------------------------------------------------------------------------------


def test_the_key_of_the_default_config_is_the_one_under_which_runs_are_kept() -> None:
    # This changes whenever a setting is added, renamed or given another default. Cached runs are then no more
    # found: right if the same settings now give another result (raise SCHEMA for that), and a loss if not.
    assert RunConfig().key() == "40c72bc26c85f7c3170a018ff80089c97ba08557b260609c8a5c707d16226096"


def test_the_key_is_the_same_in_another_process() -> None:
    config = RunConfig().change(dataset="own", path="Jörg/🦆", lr=0.1 + 0.2, hidden=(3, 4))
    code = (
        "import json, sys; from dashlab.settings.run import RunConfig; "
        "sys.stdout.write(RunConfig.from_json(json.loads(sys.argv[1])).key())"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, json.dumps(config.to_json())],
        env={"PYTHONHASHSEED": "4", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == config.key()


def test_every_setting_is_part_of_the_key() -> None:
    for name in NAMES:
        assert RunConfig().change(**{name: another_value(name)}).key() != RunConfig().key()


@pytest.mark.parametrize(("one", "other"), [({"lr": 1}, {"lr": 1.0}), ({"l1": 0.0}, {"l1": -0.0})])
def test_equal_configs_have_equal_keys(one: dict[str, Value], other: dict[str, Value]) -> None:
    assert RunConfig().change(**one) == RunConfig().change(**other)
    assert RunConfig().change(**one).key() == RunConfig().change(**other).key()
