"""What is measured of twins: in both modes, layer by layer, and when they diverge."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import nn

from dashlab.experiments.batchnorm import network as networks
from dashlab.experiments.batchnorm.rows import BINS, GRID, TwinsConfig, TwinsEpoch, boundary_of, pack_boundary
from dashlab.training.device import stream
from tests.unit.batchnorm.small import FULL, SMALL, by_hand, run

# What is measured


def test_measuring_in_train_mode_leaves_the_network_as_it_was() -> None:
    network = networks.build_twin(SMALL, batchnorm=True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    x = torch.randn(20, 2, generator=stream(0, "a test"))
    networks.logits_by_batch(network, x, 6)
    networks.spreads(network, x)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(layer.training and layer.track_running_stats for layer in networks.normalizers(network))


def test_a_lone_test_input_joins_the_batch_before_it() -> None:
    network = networks.build_twin(SMALL, batchnorm=True)
    x = torch.randn(9, 2, generator=stream(0, "a test"))
    with networks.batch_statistics(network), torch.no_grad():
        expected = torch.cat([network(x[:4]), network(x[4:])])
    assert torch.equal(networks.logits_by_batch(network, x, 4), expected)


def test_without_running_statistics_both_modes_agree() -> None:
    rows = run(SMALL.change(track=False))
    assert all(row.normed.by_batch == row.normed.by_running for row in rows)
    assert all(found.running_mean == () for row in rows for found in row.moments)


def test_momentum_moves_nothing_but_eval_mode() -> None:
    quick, slow = run(SMALL), run(SMALL.change(momentum=0.01))
    assert [row.normed.training for row in quick[1:]] == [row.normed.training for row in slow[1:]]
    assert [row.normed.by_batch for row in quick] == [row.normed.by_batch for row in slow]
    assert quick[-1].normed.by_running != slow[-1].normed.by_running


def test_batchnorm_hands_the_activation_mean_zero_and_variance_one() -> None:
    before = run(FULL)[0]
    for spread in before.normed.layers:
        assert spread.mean == pytest.approx(0, abs=1e-5)
        assert spread.std == pytest.approx(1, abs=0.02)
    assert before.plain.layers[1].std < 0.5


def test_histograms_count_every_value_they_are_given() -> None:
    spread = run(FULL)[0].normed.layers[0]
    assert len(spread.entering) == len(spread.leaving) == BINS
    assert sum(spread.entering) == sum(spread.leaving) == 70 * 8
    assert sum(spread.leaving[: BINS // 2]) == 0  # ReLU lets nothing below zero through


def test_values_beyond_the_histogram_are_counted_at_its_ends() -> None:
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Identity(), nn.Linear(1, 2))
    nn.init.ones_(network[0].weight)  # type: ignore[arg-type]
    (spread,) = networks.spreads(network, torch.tensor([[-100.0], [100.0], [0.1]]))
    assert (spread.entering[0], spread.entering[BINS // 2], spread.entering[-1]) == (1, 1, 1)


def test_units_that_never_change_are_silent() -> None:
    config = FULL.change(init="zeros")
    assert [spread.silent for spread in run(config)[0].plain.layers] == [1.0, 1.0]
    assert run(FULL)[0].normed.layers[0].silent == 0.0


def test_the_boundary_is_the_probability_of_class_one() -> None:
    config = FULL.change(epochs=1)
    network, _, _ = by_hand(config, batchnorm=True)
    x = networks.load_points(config).x
    left, right = x[:, 0].min().item() - 0.25, x[:, 0].max().item() + 0.25
    bottom, top = x[:, 1].min().item() - 0.25, x[:, 1].max().item() + 0.25
    cell = boundary_of(run(config)[1].normed.boundary)[3][30]  # fourth row from the bottom
    middle = [left + 30.5 / GRID * (right - left), bottom + 3.5 / GRID * (top - bottom)]
    with torch.no_grad():
        expected = network.eval()(torch.tensor([middle])).softmax(1)[0, 1].item()
    assert cell == pytest.approx(expected, abs=1e-4)


def test_a_packed_boundary_comes_back() -> None:
    cells = [number * 40 for number in range(GRID * GRID)]
    assert boundary_of(pack_boundary(cells))[2][5] == pytest.approx(cells[2 * GRID + 5] / 65_535)


def test_accuracies_of_classes_average_to_that_over_all() -> None:
    config, last = SMALL, run(SMALL)[-1].normed
    _, test = networks.load_points(config).split(config.test_fraction)
    counts = test.y.bincount(minlength=2)
    over_all = (counts * torch.tensor(last.classes_by_running)).sum().item() / len(test)
    assert over_all == pytest.approx(last.by_running.accuracy)


# Divergence


DIVERGING = TwinsConfig(points=400, hidden=(64,) * 4, init="kaiming_normal", lr=5.0, epochs=20)


@pytest.fixture(scope="module")
def diverging() -> list[TwinsEpoch]:
    """The plain twin's loss is no number after a few steps."""
    return run(DIVERGING)


def test_a_twin_that_diverges_is_named_with_its_step(diverging: Sequence[TwinsEpoch]) -> None:
    step = diverging[-1].plain.diverged
    assert 1 < step < 20
    assert [row.plain.diverged for row in diverging] == [0] * step + [step] * (21 - step)


def test_what_a_diverged_twin_cannot_have_is_not_a_number(diverging: Sequence[TwinsEpoch]) -> None:
    last = diverging[-1].plain
    assert math.isnan(last.training.loss)
    assert math.isnan(last.by_running.accuracy)
    assert (last.boundary, last.layers, last.gradients) == ("", (), ())


def test_the_other_twin_goes_on(diverging: Sequence[TwinsEpoch]) -> None:
    assert diverging[-1].epoch == 20
    assert diverging[-1].normed.diverged == 0
    assert diverging[-1].normed.training.loss < 2


def test_when_both_have_diverged_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network with BatchNorm is ruined by hand: whether steps ruin it hangs on the last bits of a sum."""
    build = networks.build_twin

    def ruined(config: TwinsConfig, *, batchnorm: bool) -> nn.Sequential:
        network = build(config, batchnorm=batchnorm)
        if batchnorm:
            last = network[-1]
            assert isinstance(last, nn.Linear)
            nn.init.constant_(last.weight, math.inf)
        return network

    monkeypatch.setattr(networks, "build_twin", ruined)
    rows = run(DIVERGING)
    last = rows[-1]
    assert last.normed.diverged == 1
    assert 1 < last.plain.diverged == last.epoch < 20  # an epoch is one step
