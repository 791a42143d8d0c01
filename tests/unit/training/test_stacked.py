"""Runs trained stacked are the runs that `engine.train` gives one by one."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from dashlab.errors import ConfigError
from dashlab.settings.fields import Value
from dashlab.settings.optim import OPTIMIZERS
from dashlab.settings.run import RunConfig
from dashlab.training.models import build
from dashlab.training.models.layers import ACTIVATION_LAYERS, Dropout
from dashlab.training.results import EpochRow, Result, Row, Started, StepRow
from dashlab.training.stacked import BESIDE, can_stack, train_stacked
from dashlab.training.stacked_layers import Movable, Stack
from tests.typed import there
from tests.unit.pictures import made_up
from tests.unit.training.runs import DIVERGING, MLP, NOISY, run, same

pytestmark = pytest.mark.sameness

BN = MLP.change(hidden=(16, 12), batchnorm=True, epochs=4)


def stacked(configs: list[RunConfig], **more: Any) -> list[Result]:
    return train_stacked(configs, device="cpu", images=more.pop("images", made_up()), **more)


def farthest(one: Result, other: Result) -> float:
    """The largest difference between any two weights."""
    assert one.weights.keys() == other.weights.keys()
    return max(
        (one.weights[name].double() - other.weights[name].double()).abs().max().item() for name in one.weights
    )


def rows_without_seconds(result: Result) -> list[Row]:
    return [replace(row, loss=round(row.loss, 5)) for row in result.steps]


def with_optimizer(config: RunConfig, name: str) -> list[RunConfig]:
    """Two racers with this optimizer and different rates, and one with another."""
    base = config.change(optimizer=name)
    return [base.change(lr=0.1), base.change(lr=0.003), config.change(optimizer="sgd", momentum=0.9)]


# -- the same numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_stacked_weights_are_those_of_runs_trained_alone(name: str) -> None:
    configs = with_optimizer(BN, name)
    for config, result in zip(configs, stacked(configs), strict=True):
        assert result.state == "finished"
        assert farthest(result, run(config)) <= 1e-5


@pytest.mark.parametrize(
    "change",
    [
        {"model": "softmax", "hidden": (512, 512), "batchnorm": False},
        {"batchnorm": False},
        {"activation": "gelu"},
        {"hidden": (13,), "activation": "tanh"},
        {"loss": "mse"},
        {"label_smoothing": 0.2},
        {"l1": 1e-3, "l2": 1e-3},
        {"batch_size": 24},  # the last batch is smaller
        {"dropout": 0.4},
        {"rotate": 20.0, "crop_padding": 1},
        {"val_fraction": 0.25},
    ],
    ids=str,
)
def test_whatever_the_runs_have_in_common_stacked_weights_stay_those_of_runs_alone(
    change: dict[str, Value],
) -> None:
    configs = [config.change(**change) for config in with_optimizer(BN, "adam")]
    for config, result in zip(configs, stacked(configs), strict=True):
        assert farthest(result, run(config)) <= 1e-5


def test_every_racer_may_have_penalties_of_its_own() -> None:
    changes: list[dict[str, Value]] = [{}, {"l1": 1e-3}, {"l2": 0.01}, {"l1": 2e-3, "l2": 1e-3}]
    configs = [BN.change(**change) for change in changes]
    for config, result in zip(configs, stacked(configs), strict=True):
        alone = run(config)
        assert farthest(result, alone) <= 1e-5
        for name in ("loss", "added_loss", "accuracy"):
            expected = [getattr(row, name) for row in alone.steps]
            assert [getattr(row, name) for row in result.steps] == pytest.approx(expected, abs=1e-5)


def test_of_racers_with_and_without_patience_only_those_with_it_stop_early() -> None:
    base = BN.change(val_fraction=0.25, epochs=12, lr=1.0)
    configs = [base, base.change(patience=1), base.change(patience=3, l2=0.01)]
    images = made_up(noise=200)  # hard to learn
    results, alone = stacked(configs, images=images), [run(config, images=images) for config in configs]
    assert [len(result.epochs) for result in results] == [len(result.epochs) for result in alone]
    assert len(results[0].epochs) == 12 > len(results[1].epochs)
    for result, single in zip(results, alone, strict=True):
        assert farthest(result, single) <= 1e-5


@pytest.mark.parametrize("schedule", ["step", "cosine", "one_cycle", "triangle"])
def test_every_racer_may_have_a_schedule_of_its_own(schedule: str) -> None:
    configs = [BN, BN.change(schedule=schedule, lr=0.1)]
    for config, result in zip(configs, stacked(configs), strict=True):
        alone = run(config)
        assert farthest(result, alone) <= 1e-5
        assert [row.lr for row in result.steps] == [row.lr for row in alone.steps]


def test_rows_and_figures_are_those_of_runs_alone() -> None:
    configs = [NOISY, NOISY.change(optimizer="adam")]
    for config, result in zip(configs, stacked(configs), strict=True):
        alone = run(config)
        assert rows_without_seconds(result) == rows_without_seconds(alone)
        assert [row.val_loss for row in result.epochs] == [row.val_loss for row in alone.epochs]
        assert result.started == alone.started
        assert there(result.evaluation).confusion == there(alone.evaluation).confusion
        assert torch.allclose(
            there(result.evaluation).probabilities, there(alone.evaluation).probabilities, atol=1e-6
        )


def test_early_stopping_ends_each_racer_at_its_own_epoch() -> None:
    base = BN.change(val_fraction=0.25, patience=1, epochs=12)
    configs = [base.change(lr=lr) for lr in (2.0, 0.05, 0.001)]
    images = made_up(noise=200)  # hard to learn
    results, alone = stacked(configs, images=images), [run(config, images=images) for config in configs]
    assert [len(result.epochs) for result in results] == [len(result.epochs) for result in alone]
    assert len({len(result.epochs) for result in results}) > 1
    assert [result.note for result in results] == [result.note for result in alone]
    for result, single in zip(results, alone, strict=True):
        assert farthest(result, single) <= 1e-5


def test_a_stack_of_one_is_a_run_alone() -> None:
    (result,) = stacked([BN])
    assert same(result.weights, run(BN).weights)
    assert result.environment[BESIDE].startswith("0 other runs")


def test_training_stacked_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    stacked([NOISY, NOISY.change(lr=0.1)])
    assert torch.equal(torch.get_rng_state(), before)


# -- the layers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", [*ACTIVATION_LAYERS, "none"])
@pytest.mark.parametrize("hidden", [(16, 32), (13,)], ids=str)
def test_gradients_written_out_are_those_of_autograd(activation: str, hidden: tuple[int, ...]) -> None:
    config = BN.change(activation=activation, hidden=hidden).model
    networks = [build(config, shape=(1, 4, 4), classes=3, seed=seed) for seed in range(3)]
    alone = [build(config, shape=(1, 4, 4), classes=3, seed=seed) for seed in range(3)]
    movables = [Movable(network) for network in networks]
    stack = Stack(networks, movables, list(networks[0]))
    draw = torch.Generator().manual_seed(0)
    x, grad = torch.randn(8, 1, 4, 4, generator=draw), torch.randn(3, 8, 3, generator=draw)
    logits = stack.forward(x)
    stack.backward(grad)
    for network, place in zip(alone, range(3), strict=True):
        out = network(x)
        out.backward(grad[place])
        assert torch.allclose(out, logits[place], atol=1e-6)
        for moved, owners in zip(movables[place].parameters, movables[place].owners, strict=True):
            names = {id(parameter): name for name, parameter in networks[place].named_parameters()}
            wanted = [there(network.get_parameter(names[id(owner)]).grad).flatten() for owner in owners]
            assert torch.allclose(there(moved.grad), torch.cat(wanted), atol=1e-6)


def test_what_an_optimizer_moves_is_the_network() -> None:
    network = build(BN.model, shape=(1, 4, 4), classes=3, seed=0)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    movable = Movable(network)
    Stack([network], [movable], list(network))
    assert len(movable.parameters) < len(before)
    with torch.no_grad():
        for parameter in movable.parameters:
            parameter.add_(1)
    for parameter, old in zip(network.parameters(), before, strict=True):
        assert torch.equal(parameter, old + 1)


# -- ends ---------------------------------------------------------------------------------------------------


def test_a_racer_that_diverges_ends_as_alone_and_does_not_disturb_the_others() -> None:
    calm = DIVERGING.change(lr=1e-6)
    configs = [calm, DIVERGING, calm.change(lr=2e-6)]
    first, diverged, last = stacked(configs)
    alone = run(DIVERGING)
    assert (diverged.state, diverged.note, diverged.weights) == ("diverged", alone.note, {})
    assert diverged.evaluation is None
    assert farthest(first, run(configs[0])) <= 1e-5
    assert farthest(last, run(configs[2])) <= 1e-5


def test_the_first_racer_may_diverge_while_its_dropout_masks_go_on() -> None:
    calm = DIVERGING.change(lr=1e-6, dropout=0.3)
    first, second = stacked([DIVERGING.change(dropout=0.3), calm])
    assert first.state == "diverged"
    assert farthest(second, run(calm)) <= 1e-5


def test_a_stopped_racer_keeps_what_it_has_and_the_others_go_on() -> None:
    asked = {0: 0, 1: 0}

    def should_stop(index: int) -> bool:
        asked[index] += 1
        return index == 0 and asked[0] > 5

    stopped, other = stacked([BN, BN.change(lr=0.1)], should_stop=should_stop)
    assert stopped.state == "stopped"
    assert stopped.steps[-1].step == 5
    assert stopped.note.startswith("Stopped after 5 of 16 steps.")
    assert stopped.weights
    assert stopped.evaluation is None
    assert farthest(other, run(BN.change(lr=0.1))) <= 1e-5


def test_all_racers_stop_where_all_are_told_to() -> None:
    results = stacked([BN, BN.change(lr=0.1)], should_stop=lambda _index: True)
    assert [result.state for result in results] == ["stopped", "stopped"]
    assert [result.steps for result in results] == [(), ()]


# -- rows and seconds ---------------------------------------------------------------------------------------


def test_every_row_comes_with_the_index_of_its_racer() -> None:
    heard: dict[int, list[Row]] = {0: [], 1: []}
    results = stacked([BN, BN.change(lr=0.1)], on_row=lambda index, row: heard[index].append(row))
    for index, result in enumerate(results):
        assert isinstance(heard[index][0], Started)
        assert [row for row in heard[index] if isinstance(row, StepRow)] == list(result.steps)
        assert [row for row in heard[index] if isinstance(row, EpochRow)] == list(result.epochs)


def test_the_seconds_of_a_racer_are_its_share_and_the_result_says_so() -> None:
    results = stacked([BN, BN.change(lr=0.1), BN.change(optimizer="nadam")])
    for result in results:
        assert 0 < result.epochs[-1].seconds <= result.seconds.train
        assert result.environment[BESIDE] == "2 other runs; the seconds are this run's share"


# -- what can be stacked ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [{"seed": 1}, {"batch_size": 8}, {"hidden": (16,)}, {"train_size": 10}, {"epochs": 5}, {"dropout": 0.1}],
    ids=str,
)
def test_runs_that_differ_in_more_than_the_optimizer_cannot_be_stacked(
    other: dict[str, Value],
) -> None:
    assert not can_stack([BN, BN.change(**other)])
    with pytest.raises(ConfigError, match="one after the other"):
        stacked([BN, BN.change(**other)])


@pytest.mark.parametrize(
    "change",
    [{"model": "lenet", "hidden": (512, 512)}, {"precision": "fast"}, {"start_from": "0" * 64}],
    ids=str,
)
def test_what_would_give_other_numbers_cannot_be_stacked(change: dict[str, Value]) -> None:
    assert not can_stack([BN.change(**change), BN.change(**change, lr=0.1)])


def test_nothing_cannot_be_stacked() -> None:
    assert not can_stack([])


def test_runs_that_differ_in_optimizer_and_schedule_can_be_stacked() -> None:
    assert can_stack([BN, BN.change(optimizer="adam", lr=0.1), BN.change(schedule="cosine")])


def test_an_unsound_setting_is_refused_with_its_sentence() -> None:
    with pytest.raises(ConfigError, match="Learning rate"):
        stacked([BN, BN.change(lr=math.inf)])


def test_the_engine_and_the_stack_agree_on_what_a_network_is_made_of() -> None:
    """Another kind of layer in an MLP would need a place in the stack."""
    activations = {type(make()) for make in ACTIVATION_LAYERS.values()}
    network = build(NOISY.model, shape=(1, 8, 8), classes=4, seed=0)
    assert {type(layer) for layer in network} <= {
        nn.Flatten,
        nn.Linear,
        nn.BatchNorm1d,
        Dropout,
        *activations,
    }
