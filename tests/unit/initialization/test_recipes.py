"""S9, S10 and S11: what the page's presets give against loops written from the specification alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from dashlab.experiments.initialization.gain import gains
from dashlab.experiments.initialization.presets import GAINS, SIGNALS
from dashlab.experiments.initialization.rows import StackStats
from dashlab.experiments.initialization.settings import GainConfig, Setting, StackView
from dashlab.experiments.initialization.signals import layer_stats
from dashlab.settings.lists import entries_of
from dashlab.training.device import stream


def measured(preset: str) -> StackStats:
    """The first stack of a preset."""
    view = SIGNALS[preset].config
    assert isinstance(view, StackView)
    return layer_stats(view.stack(entries_of(view.settings, Setting)[0]).check())


def loop(
    fill: Callable[[Tensor, torch.Generator], object], activation: Callable[[Tensor], Tensor]
) -> list[float]:
    """The standard deviation after each of 100 layers of 256 units without bias, for 16 inputs."""
    x = torch.randn(16, 256, generator=stream(0, "input"))
    stds: list[float] = []
    for layer in range(100):
        linear = nn.Linear(256, 256, bias=False)
        fill(linear.weight, stream(0, f"weight {layer}"))
        with torch.no_grad():
            x = activation(linear(x))
        stds.append(x.std().item())
    return stds


def identity(x: Tensor) -> Tensor:
    return x


TANH_GAIN = nn.init.calculate_gain("tanh")
RECIPES: dict[str, tuple[Callable[[Tensor, torch.Generator], object], Callable[[Tensor], Tensor]]] = {
    "s9": (lambda w, g: nn.init.normal_(w, generator=g), identity),
    "s10a": (lambda w, g: nn.init.normal_(w, std=math.sqrt(1 / 256), generator=g), identity),
    "s10b": (lambda w, g: nn.init.xavier_uniform_(w, gain=TANH_GAIN, generator=g), torch.tanh),
    "s10c": (lambda w, g: nn.init.kaiming_normal_(w, nonlinearity="relu", generator=g), torch.relu),
}


@pytest.mark.parametrize("preset", RECIPES)
def test_a_preset_gives_the_spreads_of_a_loop_written_from_its_recipe(preset: str) -> None:
    stds = loop(*RECIPES[preset])
    found = [layer.std for layer in measured(preset).layers]
    assert len(found) == 100
    both = [(one, other) for one, other in zip(found, stds, strict=True) if math.isfinite(other)]
    assert all(one is not None and one == pytest.approx(other, rel=1e-2) for one, other in both)


def test_s9_stops_being_finite_where_its_loop_does_at_about_the_31st_layer() -> None:
    stds = loop(*RECIPES["s9"])
    first = next(at for at, std in enumerate(stds) if not math.isfinite(std))
    found = measured("s9").first_not_finite
    assert found is not None
    assert abs(found - first) <= 1
    assert first in range(29, 33)


@pytest.mark.parametrize(("preset", "low", "high"), [("s10a", 0.4, 2.5), ("s10c", 0.2, 2.5)])
def test_s10_stays_of_order_1(preset: str, low: float, high: float) -> None:
    assert all(low < std < high for std in loop(*RECIPES[preset]))


def test_s10_with_tanh_stays_at_about_065() -> None:
    assert all(0.6 < std < 0.7 for std in loop(*RECIPES["s10b"])[20:])


def test_s11_is_what_a_line_written_from_its_recipe_gives() -> None:
    config = GAINS["s11"].config
    assert isinstance(config, GainConfig)
    x = torch.randn(10_000, generator=stream(config.seed, "gain"))
    tanh = next(one for one in gains(config) if one.activation == "tanh")
    assert tanh.gain == pytest.approx((x.std() / torch.tanh(x).std()).item(), rel=1e-5)
    assert tanh.gain == pytest.approx(1.6, abs=0.05)
    assert tanh.calculated == nn.init.calculate_gain("tanh") == pytest.approx(5 / 3)
