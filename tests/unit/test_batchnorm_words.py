"""Formulas and sentences of BatchNorm against none, against what PyTorch does."""

import pytest
import torch
from torch import nn

from dashlab.experiments.twins import TwinsConfig, TwinsEpoch
from dashlab.experiments.twins_sweeps import RateSweep, Trial
from ui import batchnorm_inside as inside
from ui.batchnorm_presets import RATES, TWINS


def test_the_formula_of_the_running_variance_is_what_torch_does():
    layer, batch = nn.BatchNorm1d(1, momentum=0.1), torch.tensor([[0.0], [2.0]])
    layer(batch)
    n, biased = len(batch), batch.var(unbiased=False).item()
    assert layer.running_var is not None
    assert layer.running_var.item() == pytest.approx(1.1)
    assert 0.9 * 1 + 0.1 * n / (n - 1) * biased == pytest.approx(1.1)
    assert r"m\,\frac{n}{n - 1}\,\sigma_B^2" in inside.RUNNING
    assert "n − 1" in inside.BESSEL


@pytest.mark.parametrize("order", ["before", "after"])
def test_what_batchnorm_is_said_to_hold_has_mean_0_and_variance_1(order: str):
    config = TwinsConfig(points=100, hidden=(8,), epochs=3, order=order, affine=False)
    entering = [row.normed.layers[0] for row in config.rows() if isinstance(row, TwinsEpoch)]
    held = all(abs(one.mean) < 1e-4 and one.std == pytest.approx(1, abs=0.01) for one in entering)
    assert held == (order == "before")
    assert ("what enters the activation" in inside._held(config)) == (order == "before")
    assert ("what leaves the activation" in inside._held(config)) == (order == "after")


def test_learned_scale_and_shift_are_said_to_move_what_is_held():
    assert "γ and β" in inside._held(TwinsConfig())
    assert "γ and β" not in inside._held(TwinsConfig(affine=False))


def twins_of(name: str) -> list[TwinsEpoch]:
    flat = TWINS[name].config.flat()
    config = TwinsConfig().change(**{field: flat[field] for field in TwinsConfig.specs()}).without_unused()
    return [row for row in config.rows() if isinstance(row, TwinsEpoch)]


def test_at_a_high_rate_the_loss_leaps_up_then_is_low_and_eval_mode_follows_later():
    rows = twins_of("highrate")
    losses = [row.normed.training.loss for row in rows]
    assert 0 < rows[-1].plain.diverged <= 10
    assert max(losses[2:8]) > 2 * losses[1]
    low = next(at for at, loss in enumerate(losses) if loss < 0.1)
    assert low <= 20
    assert rows[low].normed.by_running.accuracy < 0.9 < rows[-1].normed.by_running.accuracy


def test_six_plain_layers_learn_as_well_as_batchnorm_at_no_rate():
    sweep = RATES["ratedeep"].config
    assert isinstance(sweep, RateSweep)
    trials = [row for row in sweep.rows() if isinstance(row, Trial)]
    plain, normed = ([one for one in trials if one.batchnorm == bn] for bn in (False, True))
    best = max(one.by_running for one in plain if not one.diverged)
    assert best < max(one.by_running for one in normed if not one.diverged) - 0.1
    assert not plain[0].diverged
    assert plain[0].by_running < 0.6
    assert plain[-1].diverged
