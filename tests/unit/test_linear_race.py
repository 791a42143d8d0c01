"""The race on a linear layer is that of `torch.nn.Linear` under the same optimizers."""

import math

import pytest
import torch
from torch import nn

from dashlab.device import stream
from dashlab.experiments.linear_race import (
    FAR,
    INPUTS,
    MOST_UPDATES,
    NOISE,
    OUTPUTS,
    REGIMES,
    LinearTrack,
    race,
    samples,
)
from dashlab.optim import make_optimizer
from dashlab.optim_settings import OPTIMIZERS, OptimConfig

S14 = (
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
        nn.functional.mse_loss(layer(x[batch]), y[batch]).backward()
        optimizer.step()
    return nn.functional.mse_loss(layer(x), y).item()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_racer_ends_where_a_linear_layer_of_torch_ends(name):
    config = OptimConfig(optimizer=name, lr=0.05)
    track = of(race([config], passes=3), "Mini-batch 64")
    assert track.losses[-1] == pytest.approx(plain_loop(config, 64, 48), rel=1e-4)


def test_all_samples_at_once_are_full_batch_gradient_descent():
    config = OptimConfig(lr=0.1, momentum=0.9)
    track = of(race([config], passes=10), "BGD")
    assert track.losses[-1] == pytest.approx(plain_loop(config, 1000, 10), rel=1e-4)


def test_the_three_regimes_make_so_many_updates_as_a_pass_has_batches():
    tracks = race(S14[3:], count=1000, passes=4)
    assert [of(tracks, regime).updates[-1] for regime in REGIMES] == [4, 64, 1000]
    assert MOST_UPDATES == 1000
    assert of(tracks, "BGD").passes[-1] == 4.0
    assert of(tracks, "SGD").passes[-1] == 1.0


def test_racers_do_not_disturb_each_other():
    together = race(S14, passes=2)
    for racer, config in enumerate(S14):
        alone = race([config], passes=2)
        for regime in REGIMES:
            assert of(together, regime, racer).losses == pytest.approx(of(alone, regime).losses, rel=1e-5)


def test_s14_with_mini_batches_comes_down_to_the_noise_for_momentum_and_adam():
    tracks = race(S14, passes=10)
    for racer in (0, 3):
        assert of(tracks, "Mini-batch 64", racer).losses[-1] == pytest.approx(NOISE**2, rel=0.3)


def test_momentum_at_a_tenth_blows_up_with_one_sample_and_not_with_all():
    tracks = race(S14[:1])
    diverged = of(tracks, "SGD")
    assert diverged.diverged_at is not None
    assert diverged.updates[-1] < diverged.diverged_at
    assert all(loss < FAR * diverged.losses[0] for loss in diverged.losses)
    assert of(tracks, "BGD").diverged_at is None


def test_the_same_seed_gives_the_same_race_and_another_another():
    assert race(S14[:2], passes=2) == race(S14[:2], passes=2)
    assert race(S14[:2], passes=2, seed=1) != race(S14[:2], passes=2)
