"""The race on a linear layer is that of `torch.nn.Linear` under the same optimizers."""

import math

import pytest
import torch
from torch import nn

from dashlab.experiments.optimizers.linear import (
    FAR,
    INPUTS,
    MOST_UPDATES,
    NOISE,
    OUTPUTS,
    REGIMES,
    LinearTrack,
    floor,
    race,
    samples,
)
from dashlab.experiments.optimizers.presets import NETWORK as PRESETS
from dashlab.settings.optim import OPTIMIZERS, OptimConfig
from dashlab.training.device import stream
from dashlab.training.optim import make_optimizer

FOUR = (
    OptimConfig(lr=0.1, momentum=0.9),
    OptimConfig(optimizer="adagrad", lr=0.1),
    OptimConfig(optimizer="rmsprop", lr=0.1, alpha=0.9),
    OptimConfig(optimizer="adam", lr=0.1),
)


def of(tracks: tuple[LinearTrack, ...], regime: str, racer: int = 0) -> LinearTrack:
    return next(track for track in tracks if (track.regime, track.racer) == (regime, racer))


def plain_loop(config: OptimConfig, size: int, updates: int, *, seed: int = 0) -> float:
    """The slow, obvious form: the loss over all samples after so many updates of one `nn.Linear`."""
    x, y = samples(1000, seed=seed)
    layer = nn.Linear(INPUTS, OUTPUTS)
    both = torch.empty(OUTPUTS, INPUTS + 1)
    bound = 1 / math.sqrt(INPUTS)
    both.uniform_(-bound, bound, generator=stream(seed, "linear weights"))
    with torch.no_grad():
        layer.weight.copy_(both[:, :-1])
        layer.bias.copy_(both[:, -1])
    optimizer = make_optimizer(config, layer.parameters())
    order = stream(seed, "linear order")
    batches: list[torch.Tensor] = []
    while len(batches) < updates:
        batches += torch.split(torch.randperm(1000, generator=order), size)
    for batch in batches[:updates]:
        optimizer.zero_grad()
        nn.functional.mse_loss(layer(x[batch]), y[batch]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return nn.functional.mse_loss(layer(x), y).item()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_racer_ends_where_a_linear_layer_of_torch_ends(name: str) -> None:
    config = OptimConfig(optimizer=name, lr=0.05)
    track = of(race([config], passes=3), "Mini-batch 64")
    assert track.losses[-1] == pytest.approx(plain_loop(config, 64, 48), rel=1e-4)


def test_all_samples_at_once_are_full_batch_gradient_descent() -> None:
    config = OptimConfig(lr=0.1, momentum=0.9)
    track = of(race([config], passes=10), "BGD")
    assert track.losses[-1] == pytest.approx(plain_loop(config, 1000, 10), rel=1e-4)


def test_the_three_regimes_make_so_many_updates_as_a_pass_has_batches() -> None:
    tracks = race(FOUR[3:], count=1000, passes=4)
    assert [of(tracks, regime).updates[-1] for regime in REGIMES] == [4, 64, 1000]
    assert MOST_UPDATES == 1000
    assert of(tracks, "BGD").passes[-1] == 4.0
    assert of(tracks, "SGD").passes[-1] == 1.0


def test_racers_do_not_disturb_each_other() -> None:
    together = race(FOUR, passes=2)
    for racer, config in enumerate(FOUR):
        alone = race([config], passes=2)
        for regime in REGIMES:
            assert of(together, regime, racer).losses == pytest.approx(of(alone, regime).losses, rel=1e-5)


def test_mini_batches_come_down_to_the_noise_for_momentum_and_adam() -> None:
    tracks = race(FOUR, passes=10)
    for racer in (0, 3):
        assert of(tracks, "Mini-batch 64", racer).losses[-1] == pytest.approx(NOISE**2, rel=0.3)


@pytest.mark.parametrize("targets", ["linear", "noise"])
@pytest.mark.parametrize("seed", range(4))
def test_no_layer_gets_below_the_floor_and_full_batches_come_down_to_it(seed: int, targets: str) -> None:
    lowest = floor(1000, seed=seed, targets=targets)
    tracks = race(FOUR, passes=10, full_passes=200, seed=seed, targets=targets)
    assert min(min(track.losses) for track in tracks) >= lowest * (1 - 1e-6)
    assert of(tracks, "BGD", 0).losses[-1] == pytest.approx(lowest, rel=1e-2)


def test_the_floor_of_seed_1_is_below_the_variance_of_the_noise() -> None:
    assert floor(1000, seed=1) < NOISE**2


def test_targets_of_pure_noise_have_nothing_to_do_with_the_inputs() -> None:
    x, y = samples(10_000, seed=0, targets="noise")
    assert abs(y.mean()) < 0.02
    assert y.std() == pytest.approx(1, abs=0.02)
    assert (x.T @ y / len(x)).abs().max() < 0.05


def s14(name: str, **more: int) -> tuple[tuple[LinearTrack, ...], float]:
    """The race of a preset, and the lowest loss that it can come to."""
    config = PRESETS[name].config
    count, targets, seed = config.samples, config.targets, more.get("seed", config.seed)
    raced = race(
        config.field(), count=count, passes=more.get("passes", config.passes),
        full_passes=config.full_passes, seed=seed, targets=targets,
    )  # fmt: skip
    return raced, floor(count, seed=seed, targets=targets)


def test_s14_is_sgd_with_momentum_on_noise_for_50_full_batches_and_200_epochs() -> None:
    config = PRESETS["netnoise"].config.check()
    assert (config.targets, config.samples, config.passes, config.full_passes) == ("noise", 10_000, 200, 50)
    assert config.field() == (OptimConfig(lr=0.01, momentum=0.9),)
    tracks, lowest = s14("netnoise", passes=5)
    assert of(tracks, "BGD").updates[-1] == 50
    assert of(tracks, "Mini-batch 64").updates[-1] == 5 * 157
    for regime in ("BGD", "Mini-batch 64"):
        assert of(tracks, regime).losses[-1] == pytest.approx(1, abs=0.02)
        assert of(tracks, regime).losses[-1] < 1.01 * lowest
    assert of(tracks, "SGD").losses[-1] > 1.1 * lowest, "with one sample a step it stays above"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_s14_adaptive_optimizers_make_50_steps_over_a_thousand_samples_of_noise(seed: int) -> None:
    config = PRESETS["netadaptive"].config.check()
    assert [(one.optimizer, one.lr, one.eps) for one in config.field()] == [
        ("adagrad", 0.1, 1e-8), ("rmsprop", 0.1, 1e-8), ("adam", 0.1, 1e-8)
    ]  # fmt: skip
    assert (config.field()[1].alpha, config.samples) == (0.9, 1000)
    tracks, lowest = s14("netadaptive", seed=seed)
    ends = [of(tracks, "BGD", racer) for racer in range(3)]
    assert [track.updates[-1] for track in ends] == [50, 50, 50]
    assert ends[0].losses[-1] < 1.002 * lowest
    assert ends[2].losses[-1] < 1.002 * lowest
    assert ends[1].losses[-1] > 1.02 * lowest, "RMSProp jumps above it"


def test_momentum_at_a_tenth_blows_up_with_one_sample_and_not_with_all() -> None:
    tracks = race(FOUR[:1])
    diverged = of(tracks, "SGD")
    assert diverged.diverged_at is not None
    assert diverged.updates[-1] < diverged.diverged_at
    assert all(loss < FAR * diverged.losses[0] for loss in diverged.losses)
    assert of(tracks, "BGD").diverged_at is None


def test_the_same_seed_gives_the_same_race_and_another_another() -> None:
    assert race(FOUR[:2], passes=2) == race(FOUR[:2], passes=2)
    assert race(FOUR[:2], passes=2, seed=1) != race(FOUR[:2], passes=2)
