"""What the trainer says in fixed sentences holds: helps of settings, presets, the count of steps."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import pairwise

import pytest
import streamlit as st
import torch
from torch import nn
from torch.nn import Parameter

from dashlab.cli import train as command
from dashlab.data.images import IMAGE_SETS, load_images
from dashlab.data.own import TEST_FRACTION
from dashlab.experiments.trainer.confusion import confused_pairs
from dashlab.experiments.trainer.presets import PUBLISHED, preset
from dashlab.settings.fields import Value
from dashlab.settings.optim import OptimConfig, ScheduleConfig
from dashlab.settings.run import RunConfig, spec_of
from dashlab.settings.run_parts import AugmentConfig
from dashlab.training.augment import augment, random_erase
from dashlab.training.batches import Normalization
from dashlab.training.engine import train
from dashlab.training.evaluate import loss_value
from dashlab.training.models import build, layers_of
from dashlab.training.models.layers import Residual
from dashlab.training.optim import make_optimizer, make_schedule
from dashlab.training.results import Result
from tests.unit.pictures import made_up
from ui.parts import preview


def after(gradients: Iterable[float], *, start: float = 0.0, **settings: Value) -> list[float]:
    """Where one weight stands after each step."""
    weight = Parameter(torch.tensor([start], dtype=torch.float64))
    optimizer = make_optimizer(OptimConfig().change(**settings), [weight], fused=False)
    found = []
    for gradient in gradients:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        found.append(weight.item())
    return found


# Helps of the optimizer


def test_weight_decay_pulls_biases_too_and_the_penalties_do_not() -> None:
    layer = nn.Linear(2, 2)
    with torch.no_grad():
        layer.bias.fill_(1.0)
    optimizer = make_optimizer(OptimConfig(lr=0.1, weight_decay=0.5), layer.parameters())
    for parameter in layer.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert layer.bias.tolist() == pytest.approx([0.95, 0.95])
    assert "biases too" in spec_of("weight_decay").help
    assert all("not biases" in spec_of(name).help for name in ("l1", "l2"))


def test_the_momentum_of_rmsprop_takes_the_gradient_divided_by_its_size() -> None:
    small, large = (after([size, 0.0], optimizer="rmsprop", momentum=0.5, lr=0.1) for size in (0.1, 10.0))
    assert small == pytest.approx(large, rel=1e-5)
    assert "RMSProp first divides" in spec_of("momentum").help


def test_adagrad_decays_its_rate_by_the_steps_before() -> None:
    plain, decayed = (after([1.0, 1.0, 1.0], optimizer="adagrad", lr_decay=decay) for decay in (0.0, 0.5))
    assert decayed[0] == plain[0]
    assert decayed[2] - decayed[1] == pytest.approx((plain[2] - plain[1]) / (1 + 0.5 * 2))
    assert "1 + decay·(steps so far)" in spec_of("lr_decay").help


def test_the_first_step_of_adadelta_comes_from_epsilon() -> None:
    tiny, larger = (after([1.0], optimizer="adadelta", lr=1.0, eps=eps)[0] for eps in (1e-8, 1e-6))
    assert larger / tiny == pytest.approx(10, rel=1e-3)
    assert "its first steps come from it" in spec_of("eps").help


def test_amsgrad_divides_by_the_largest_mean_of_squares_which_keeps_no_denominator_from_shrinking() -> None:
    def denominators(gradients: list[float], *, amsgrad: bool) -> list[float]:
        weight = Parameter(torch.zeros(1, dtype=torch.float64))
        config = OptimConfig(optimizer="adam", amsgrad=amsgrad)
        optimizer = make_optimizer(config, [weight], fused=False)
        found = []
        for step, gradient in enumerate(gradients, 1):
            weight.grad = torch.tensor([gradient], dtype=torch.float64)
            optimizer.step()
            state = optimizer.state[weight]
            kept = state["max_exp_avg_sq" if amsgrad else "exp_avg_sq"].item()
            found.append((kept / (1 - config.beta2**step)) ** 0.5)
        return found

    once = [1.0, *[0.0] * 200]
    with_it, without = denominators(once, amsgrad=True), denominators(once, amsgrad=False)
    assert with_it[-1] > without[-1]
    assert with_it[-1] < with_it[0] / 10, "the correction of the bias makes it smaller all the same"
    assert "shrink" not in spec_of("amsgrad").help


def test_the_schedules_run_as_their_help_says() -> None:
    def rates(schedule: str, steps: int = 2000) -> list[float]:
        optimizer = make_optimizer(OptimConfig(lr=0.5), [Parameter(torch.zeros(1))])
        made = make_schedule(ScheduleConfig(schedule=schedule), optimizer, steps_per_epoch=steps, epochs=1)
        found = []
        for _ in range(steps):
            found.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            if made is not None:
                made.step()
        return found

    for name in ("one_cycle", "triangle"):
        found = rates(name)
        assert found[0] == pytest.approx(0.5 / 25)
        assert max(found) == pytest.approx(0.5)
        assert found.index(max(found)) == pytest.approx(ScheduleConfig().warmup * 2000, abs=2)
        assert found[-1] < 1e-4 * 0.5
    assert set(rates("none")) == {0.5}
    cosine = rates("cosine")
    assert (cosine[1000], cosine[-1]) == pytest.approx((0.25, 0.0), abs=1e-3)


# Helps of the data, the network and the loss


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_the_published_mean_and_std_of_grey_sets_are_those_over_all_pixels(name: str) -> None:
    pixels = load_images(name, source="bundled").train_x.float() / 255
    info = IMAGE_SETS[name]
    assert (pixels.mean().item(), pixels.std().item()) == pytest.approx((*info.mean, *info.std), abs=0.005)


def test_a_stroke_grows_by_up_to_a_pixel_on_each_side() -> None:
    line = torch.zeros(200, 1, 9, 9, dtype=torch.uint8)
    line[:, :, :, 4] = 255
    widths = (
        augment(line, AugmentConfig(thickness=1.0), generator=torch.Generator().manual_seed(0)) > 0
    ).sum(3)
    assert (widths.min().item(), widths.max().item()) == (1, 3)


def test_part_of_what_is_erased_may_lie_outside() -> None:
    x = random_erase(torch.ones(300, 1, 12, 12), 6, generator=torch.Generator().manual_seed(0))
    erased = (x == 0).flatten(1).sum(1)
    assert erased.max() == 36
    assert erased.min() < 18


def test_the_networks_are_built_as_the_help_says() -> None:
    def kinds(model: str) -> list[str]:
        config = RunConfig().change(model=model, channels=(8, 16, 16)).without_unused().model
        network = build(config, shape=(1, 28, 28), classes=10, seed=0)
        return [type(layer).__name__ for layer in network]

    assert kinds("lenet").count("MaxPool2d") == 2
    resnet = kinds("resnet")
    assert (resnet[0], resnet[-1]) == ("Conv2d", "Linear")
    assert resnet.count("Linear") == 1
    assert resnet.count("Conv2d") == 3
    assert resnet.count("MaxPool2d") == resnet.count(Residual.__name__) == 2
    assert kinds("cnn").count("MaxPool2d") == 3


def test_the_squared_error_is_averaged_over_pictures_and_classes() -> None:
    loss = loss_value(torch.zeros(3, 5), torch.tensor([0, 1, 2]), "mse")
    assert loss.item() == pytest.approx(1 / 5)
    assert "averaged over pictures and classes" in spec_of("loss").help


def test_half_a_lambda_of_squares_is_half_of_l2() -> None:
    lam = 0.02
    config = RunConfig().change(hidden=(4,), batch_size=64, epochs=1, l2=lam / 2)
    first = train(config, images=made_up(64), device="cpu").steps[0]
    weights = [p for p in build(config.model, shape=(1, 8, 8), classes=4, seed=0).parameters() if p.dim() > 1]
    assert first.added_loss == pytest.approx(
        lam / 2 * sum(w.square().sum().item() for w in weights), rel=1e-3
    )


def test_the_command_line_names_every_default_that_follows_the_optimizer() -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    said = " ".join(parser.format_help().split())
    assert "(default: 1e-08; adagrad 1e-10; adadelta 1e-06)" in said
    assert "(default: 0.0; adamw 0.01)" in said


# Presets


def parameters(name: str) -> int:
    return sum(row.parameters for row in layers_of(preset(name).config.model, shape=(1, 28, 28), classes=10))


def test_the_sizes_that_presets_name_are_those_of_their_networks() -> None:
    assert parameters("s1") / parameters("s5") == pytest.approx(6, abs=0.2)
    first, fast, last = (preset(name).config.model.hidden for name in ("s1", "mnist-fast", "s3"))
    assert sum(first) / sum(fast) == pytest.approx(3, abs=0.25)
    assert len(last) == 2 * len(preset("s2").config.model.hidden)
    assert last[:2] == tuple(2 * units for units in preset("s2").config.model.hidden)


def test_the_figures_that_the_material_reports_lie_as_far_apart_as_the_presets_say() -> None:
    digits, clothes, cnn = (float(PUBLISHED[name].partition(" ")[0]) for name in ("s1", "s2", "s4"))
    assert digits - clothes == pytest.approx(10, abs=0.5)
    assert cnn - clothes == pytest.approx(4, abs=0.5)


def test_behind_the_first_layer_batchnorm_takes_scale_and_offset_of_the_pixels_out() -> None:
    pictures = load_images("mnist", source="bundled").train_x[:256]
    network = build(preset("mnist-small").config.model, shape=(1, 28, 28), classes=10, seed=0)
    with torch.no_grad():
        one, other = (
            network[:3](Normalization(*at)(pictures)) for at in (((0.0,), (1.0,)), ((0.5,), (0.5,)))
        )
    assert torch.allclose(one, other, atol=0.02)
    assert one.std() == pytest.approx(1, abs=0.05)


def test_eighteen_epochs_of_the_small_resnet_take_hours_on_a_processor_of_a_tenth_of_a_teraflop() -> None:
    config = preset("cifar-fast").config
    products = sum(row.multiply_adds for row in layers_of(config.model, shape=(3, 32, 32), classes=10))
    operations = 2 * 3 * products * 50_000 * config.loop.epochs  # forwards, and twice as many backwards
    assert operations / 1e11 > 2 * 3600


# Before training


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "64 pictures in batches of 64 make 1 step an epoch, 5 in all."),
        ({"batch_size": 21, "batchnorm": True}, "make 3 steps an epoch, 15 in all."),
        ({"batch_size": 21}, "make 4 steps an epoch, 20 in all."),
        (
            {"batch_size": 10, "val_fraction": 0.25, "patience": 2},
            "make 5 steps an epoch, at most 25 in",
        ),
    ],
)
def test_the_steps_are_counted_as_the_run_takes_them(
    settings: dict[str, int], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    captions: list[str] = []
    monkeypatch.setattr(st, "caption", captions.append)
    config, images = RunConfig().change(hidden=(4,), **settings), made_up(64)
    preview._steps(config, images)
    assert said in captions[0]
    taken = train(config.change(patience=0), images=images, device="cpu").started.steps_per_epoch
    assert f" make {taken} step" in captions[0]


# What the presets say of their runs


def trained(name: str, **settings: Value) -> Result:
    result = train(preset(name).config.change(source="bundled", **settings), device="cpu")
    assert result.evaluation is not None
    return result


def accuracy(result: Result) -> float:
    assert result.evaluation is not None
    return result.evaluation.accuracy


@pytest.mark.usefixtures("one_thread")
def test_three_fast_epochs_read_98_per_cent_and_more_than_five_of_the_first_network() -> None:
    fast, first = trained("mnist-fast"), trained("s1")
    assert (len(fast.epochs), len(first.epochs)) == (3, 5)
    assert accuracy(fast) > max(0.98, accuracy(first))
    at_first, *later = (row.loss for row in first.steps)
    epochs = [row.train_loss for row in first.epochs]
    assert at_first > 2
    assert later[-1] < 0.1
    assert epochs[0] - epochs[1] > 3 * max(one - next_ for one, next_ in pairwise(epochs[1:]))


@pytest.mark.usefixtures("one_thread")
def test_weight_decay_holds_the_accuracy_of_the_small_network_down() -> None:
    with_it, without = (trained("s5", train_size=10_000, epochs=5, weight_decay=wd) for wd in (0.001, 0.0))
    assert accuracy(without) > accuracy(with_it) + 0.01


@pytest.mark.usefixtures("one_thread")
def test_the_clothes_that_are_confused_most_are_shirts_t_shirts_pullovers_and_coats() -> None:
    last = trained("s2").evaluation
    assert last is not None
    classes = IMAGE_SETS["fashion"].classes
    tops = {classes.index(name) for name in ("T-shirt/top", "Pullover", "Coat", "Shirt")}
    pairs = [{i, j} for i, j, _ in confused_pairs(last.confusion)]
    assert all(pair <= tops for pair in pairs[:4])


@pytest.mark.usefixtures("one_thread")
def test_twice_as_many_hidden_layers_read_clothes_hardly_better() -> None:
    last, deeper = (accuracy(trained(name, train_size=5000, epochs=4)) for name in ("s2", "s3"))
    assert deeper < last + 0.02


def test_a_fifth_of_each_class_of_own_pictures_is_kept_for_testing() -> None:
    assert TEST_FRACTION == 1 / 5
    assert preset("s16").config.data.val_fraction == 1 / 5
