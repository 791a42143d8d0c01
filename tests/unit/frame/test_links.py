"""Settings to and from links."""

from __future__ import annotations

from functools import partial

import pytest

from dashlab.experiments.trainer.presets import PRESETS
from dashlab.settings.fields import Value
from dashlab.settings.run import LEAVES, RunConfig
from ui.frame.views import specs_of, start_of
from ui.parts import links
from ui.parts.runs import training_link
from ui.trainer.page import VIEW

SPECS, start = specs_of([VIEW]), partial(start_of, [VIEW])


def read(**query: str) -> links.Arrived:
    return links.read({f"train_{name}": text for name, text in query.items()}, "train", SPECS, start)


def test_a_link_without_anything_for_the_page_is_told_from_one_that_asks_for_the_defaults() -> None:
    assert not links.read({"sketch_run": "abc"}, "train", SPECS, start).known
    assert read(lr="0.01").known


def test_names_of_other_pages_are_left_alone() -> None:
    arrived = links.read({"sketch_lr": "5", "train_epochs": "3"}, "train", SPECS, start)
    assert arrived.values == {**RunConfig().flat(), "epochs": 3}
    assert arrived.notes == ()


@pytest.mark.parametrize("eps", [1e-10, 1e-8, 1e-6])
@pytest.mark.parametrize("name", ["sgd", "adam", "adagrad", "adadelta", "adamw"])
def test_a_link_keeps_a_coefficient_whatever_the_default_of_its_optimizer(name: str, eps: float) -> None:
    values = RunConfig().change(optimizer=name, eps=eps, weight_decay=0.0).flat()
    for preset in ("", "s5"):
        query = links.write(values, "train", SPECS, start(preset) or {}, preset)
        assert links.read(query, "train", SPECS, start).values == values


def test_a_link_to_an_optimizer_has_the_defaults_that_torch_gives_it() -> None:
    assert read(optimizer="adadelta").values["eps"] == 1e-6
    torchs = RunConfig().change(optimizer="adadelta").flat()
    assert links.write(torchs, "train", SPECS, start("") or {}) == {"train_optimizer": "adadelta"}
    assert read(eps="1e-8", optimizer="adadelta").values["eps"] == 1e-8


def test_a_link_starts_from_its_preset() -> None:
    arrived = read(preset="s4", epochs="2")
    assert arrived.preset == "s4"
    assert arrived.values == {**PRESETS["s4"].config.flat(), "epochs": 2}


def test_too_much_is_brought_down_to_the_most_and_said() -> None:
    arrived = read(epochs="5000")
    assert arrived.values["epochs"] == 1000
    assert arrived.notes == ("The link asked for epochs=5000; the most is 1000.",)


def test_too_little_is_brought_up_to_the_least_and_said() -> None:
    arrived = read(lr="-1")
    assert arrived.values["lr"] == 1e-7
    assert arrived.notes == ("The link asked for lr=-1; the least is 1e-07.",)


@pytest.mark.parametrize("text", ["abc", "", "1,5", "0x10"])
def test_what_is_no_number_leaves_the_setting_as_it_was_and_is_said(text: str) -> None:
    arrived = read(preset="s5", batch_size=text)
    assert arrived.values["batch_size"] == PRESETS["s5"].config.loop.batch_size
    (note,) = arrived.notes
    assert f"batch_size={text}, which cannot be read" in note


def test_not_a_number_is_no_learning_rate() -> None:
    arrived = read(lr="nan")
    assert arrived.values["lr"] == 0.01
    assert len(arrived.notes) == 1


def test_an_unknown_choice_leaves_the_setting_and_names_the_choices() -> None:
    arrived = read(model="vgg")
    assert arrived.values["model"] == "mlp"
    assert "softmax, mlp, lenet, cnn, resnet" in arrived.notes[0]


def test_too_large_layers_are_clamped_one_by_one() -> None:
    arrived = read(hidden="64-99999-32")
    assert arrived.values["hidden"] == (64, 8192, 32)
    assert "8192" in arrived.notes[0]


def test_an_unknown_setting_is_said_and_changes_nothing() -> None:
    arrived = read(wings="2")
    assert arrived.values == RunConfig().flat()
    assert "wings" in arrived.notes[0]


def test_an_unknown_preset_is_said_and_the_defaults_are_used() -> None:
    arrived = read(preset="s99", epochs="2")
    assert arrived.preset == ""
    assert arrived.values == {**RunConfig().flat(), "epochs": 2}
    assert "s99" in arrived.notes[0]


def test_a_very_long_value_is_shortened_in_its_note() -> None:
    assert len(read(model="x" * 5000).notes[0]) < 300


@pytest.mark.parametrize("preset", ["", *PRESETS])
def test_what_is_written_is_read_back(preset: str) -> None:
    changed: dict[str, Value] = {"lr": 0.00123, "hidden": (7, 8), "nesterov": True, "path": "a b/ü&c"}
    values = {**(start(preset) or {}), **changed}
    query = links.write(values, "train", SPECS, start(preset) or {}, preset)
    arrived = links.read(query, "train", SPECS, start)
    assert (arrived.values, arrived.preset, arrived.notes) == (values, preset, ())


def test_only_what_differs_is_written() -> None:
    values = {**RunConfig().flat(), "epochs": 3}
    assert links.write(values, "train", SPECS, RunConfig().flat()) == {"train_epochs": "3"}


def test_every_setting_survives_the_way_through_a_link_at_both_ends_of_its_range() -> None:
    for name, (_, spec) in LEAVES.items():
        if spec.kind in ("number", "integer"):
            for end in (spec.low, spec.high):
                value = float(end) if spec.kind == "number" else int(end)
                assert links.read_one(name, spec.format(value), spec, value) == (value, ())


def test_a_run_that_follows_a_preset_is_opened_by_its_preset_alone() -> None:
    config = PRESETS["s1"].config.change(source="full")
    assert training_link(config) == {"train_preset": "s1"}


def test_a_run_of_its_own_is_opened_with_all_its_settings() -> None:
    config = RunConfig().change(dataset="fashion", source="bundled", epochs=1)
    query = training_link(config)
    assert query == {"train_dataset": "fashion", "train_source": "bundled", "train_epochs": "1"}


def test_a_run_of_the_plain_defaults_is_opened_with_them_though_the_trainer_opens_as_a_preset() -> None:
    arrived = links.read(training_link(RunConfig()), "train", SPECS, start)
    assert (arrived.values, arrived.preset, arrived.notes, arrived.known) == (
        RunConfig().flat(),
        "",
        (),
        True,
    )
