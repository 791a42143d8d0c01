"""Which activations there are, found in the installed torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.modules import activation as of_torch

from dashlab.errors import ConfigError
from dashlab.experiments.activations.catalogue import (
    applied,
    build,
    catalogue,
    checked,
    describe,
    maps_numbers,
    offered,
    offered_among,
    title_of,
)
from dashlab.experiments.activations.entries import Chosen, read_curves, write_curves
from dashlab.experiments.activations.settings import CurvesConfig
from dashlab.experiments.activations.table import ARGUMENTS, USES

NOT_OF_NUMBERS = {"GLU", "MultiheadAttention", "Softmin", "Softmax", "Softmax2d", "LogSoftmax"}


def test_all_of_torchs_activations_are_offered_but_those_that_look_at_several_numbers() -> None:
    assert set(of_torch.__all__) - set(catalogue()) == NOT_OF_NUMBERS


@pytest.mark.parametrize("name", list(catalogue()))
def test_each_has_a_sentence_with_a_source_and_ranges_for_its_settings(name: str) -> None:
    assert name in USES
    assert USES[name].source
    assert USES[name].sentence.endswith(".")
    assert all(f"{name}.{argument}" in ARGUMENTS for argument in offered(name).specs)


@pytest.mark.parametrize("name", list(catalogue()))
def test_it_is_torchs_own_module(name: str) -> None:
    x = torch.linspace(-6, 6, 101)
    theirs = getattr(nn, name)(**offered(name).defaults).eval()
    assert torch.equal(applied(Chosen(name), x), theirs(x))


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_setting_may_stand_at_both_its_ends(name: str) -> None:
    for argument, spec in offered(name).specs.items():
        ends = spec.choices or (spec.low, spec.high)
        for end in ends:
            other = {"RReLU": {"lower": "0.0", "upper": "1.0"}}.get(name, {})
            curve = Chosen(name, tuple({**other, argument: spec.format(end)}.items()))
            assert applied(curve, torch.linspace(-3, 3, 7)).isfinite().all()


def test_nothing_described_here_is_gone_from_torch() -> None:
    assert set(USES) <= set(catalogue())
    for place in ARGUMENTS:
        name, argument = place.split(".")
        assert argument in offered(name).specs


def test_an_activation_that_torch_gets_tomorrow_is_offered() -> None:
    class Cubed(nn.Module):
        """x³, scaled.

        More.
        """

        def __init__(self, scale: float = 2.0, inplace: bool = False) -> None:
            super().__init__()
            self.scale = scale

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.scale * x**3

    class Needy(nn.Module):
        def __init__(self, kernel: object) -> None:
            super().__init__()

    class Mean(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x - x.mean()

    found = offered_among([Cubed, Needy, Mean])
    assert list(found) == ["Cubed"]
    assert found["Cubed"].use.sentence == "x³, scaled."
    assert (found["Cubed"].specs["scale"].low, found["Cubed"].specs["scale"].high) == (0, 8)
    assert describe(Needy) is None


def test_what_looks_at_its_neighbours_maps_no_number() -> None:
    assert maps_numbers(nn.Tanh())
    assert not maps_numbers(nn.Softmax2d())
    assert not maps_numbers(nn.Flatten())


def test_rrelu_draws_slopes_in_train_mode_and_has_one_in_eval_mode() -> None:
    curve = Chosen("RReLU", (("lower", "0.2"), ("upper", "0.6")))
    x = -torch.ones(20_000, dtype=torch.float64)
    drawn = -applied(curve, x, train=True, seed=3)
    assert drawn.min() >= 0.2
    assert drawn.max() <= 0.6
    assert float(drawn.mean()) == pytest.approx(0.4, abs=0.005)
    assert float(drawn.std()) == pytest.approx(0.4 / 12**0.5, rel=0.03)
    assert torch.equal(drawn, -applied(curve, x, train=True, seed=3))
    assert not torch.equal(drawn, -applied(curve, x, train=True, seed=4))
    assert sorted(set(applied(curve, x).tolist())) == pytest.approx([-0.4])
    assert torch.equal(applied(curve, -x, train=True), -x)


def test_drawing_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    applied(Chosen("RReLU"), -torch.ones(5), train=True)
    assert torch.equal(torch.get_rng_state(), before)


def test_prelus_slope_is_set() -> None:
    assert applied(Chosen("PReLU", (("init", "0.5"),)), torch.tensor([-2.0])).item() == -1


def test_curves_survive_a_link() -> None:
    curves = (Chosen("ELU", (("alpha", "2.0"),)), Chosen("Tanh"))
    assert read_curves(write_curves(curves)) == curves
    assert CurvesConfig(curves=write_curves(curves)).check().entries() == curves


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("activation~Softmax", "no activation 'Softmax'"),
        ("activation~ELU~beta~2", "no setting 'beta'"),
        ("activation~ELU~alpha~99", "must lie between"),
        ("activation~RReLU~lower~0.9~upper~0.1", "must not be above"),
        ("alpha~1", "does not say which"),
        ("", "1 to 6"),
    ],
)
def test_what_will_not_do_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        CurvesConfig(curves=text).check()


def test_a_link_with_settings_out_of_range_is_brought_in() -> None:
    spec, default = CurvesConfig.spec_of("curves"), CurvesConfig().curves
    text = "activation~ELU~alpha~99~~activation~Nonesuch~~activation~Tanh"
    assert spec.clamp(text, default) == "activation~ELU~alpha~4.0~~activation~Tanh"
    assert spec.clamp("activation~Nonesuch", default) == default


def test_a_title_names_what_is_not_the_default() -> None:
    assert title_of(Chosen("LeakyReLU")) == "LeakyReLU"
    assert title_of(Chosen("LeakyReLU", (("negative_slope", "0.2"),))) == "LeakyReLU, negative_slope 0.2"
    assert title_of(Chosen("GELU", (("approximate", "tanh"),))) == "GELU, approximate by tanh"


def test_hardtanh_with_its_ends_at_the_same_place_is_no_activation() -> None:
    assert checked(Chosen("Hardtanh"))["min_val"] == -1.0
    with pytest.raises(ConfigError, match="must lie"):
        build(Chosen("Hardtanh", (("max_val", "0"),)))
