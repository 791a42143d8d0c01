"""Twins: they differ in BatchNorm alone, and each is what a plain PyTorch loop gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dashlab.errors import ConfigError
from dashlab.experiments.batchnorm import network as networks
from dashlab.experiments.batchnorm.rows import TwinsConfig, TwinsEpoch, frames_of, marks_of
from dashlab.experiments.batchnorm.training import TwinLearner
from dashlab.training.records import dumps, from_plain, loads, plain
from dashlab.training.study import Tick, perform
from tests.unit.batchnorm.small import FULL, SMALL, by_hand, run


@pytest.fixture(scope="module")
def s7() -> list[TwinsEpoch]:
    """The recipe S7, which is all defaults."""
    return run(TwinsConfig())


def accuracy_and_loss(logits: Tensor, y: Tensor) -> tuple[float, float]:
    return (logits.argmax(1) == y).float().mean().item(), F.cross_entropy(logits, y).item()


# Equal starts, equal batches


@pytest.mark.parametrize("order", ["before", "after"])
def test_both_twins_start_from_the_same_weights(order: str) -> None:
    one, other = (networks.build_twin(SMALL.change(order=order), batchnorm=bn) for bn in (False, True))
    ours, theirs = ([m for m in net if isinstance(m, nn.Linear)] for net in (one, other))
    assert len(ours) == len(theirs) == 3
    for layer, twin in zip(ours, theirs, strict=True):
        assert torch.equal(layer.weight, twin.weight)
        assert torch.equal(layer.bias, twin.bias)


def test_without_needless_biases_only_the_twin_with_batchnorm_has_none() -> None:
    config = SMALL.change(bias="needed")
    one, other = (networks.build_twin(config, batchnorm=bn) for bn in (False, True))
    assert [m.bias is not None for m in one if isinstance(m, nn.Linear)] == [True, True, True]
    assert [m.bias is not None for m in other if isinstance(m, nn.Linear)] == [False, False, True]
    assert torch.equal(one[0].weight, other[0].weight)  # type: ignore[arg-type]
    assert torch.equal(one[-1].bias, other[-1].bias)  # type: ignore[arg-type]


def test_both_twins_learn_from_the_same_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[int, list[Tensor]] = {}
    honest = TwinLearner.step

    def step(self: TwinLearner, x: Tensor, y: Tensor, number: int) -> None:
        seen.setdefault(len(self.network), []).append(x)
        honest(self, x, y, number)

    monkeypatch.setattr(TwinLearner, "step", step)
    run(SMALL)
    plain, normed = seen.values()
    assert len(plain) == len(normed) == 3 * SMALL.steps_of(16)
    assert all(torch.equal(one, other) for one, other in zip(plain, normed, strict=True))


def test_batchnorm_stands_where_it_was_asked_to() -> None:
    kinds = {
        order: [type(m).__name__ for m in networks.build_twin(SMALL.change(order=order), batchnorm=True)]
        for order in ("before", "after")
    }
    assert kinds["before"] == ["Linear", "BatchNorm1d", "ReLU"] * 2 + ["Linear"]
    assert kinds["after"] == ["Linear", "ReLU", "BatchNorm1d"] * 2 + ["Linear"]


def test_the_options_of_batchnorm_reach_it() -> None:
    config = SMALL.change(eps=1e-3, momentum=0.3, affine=False, track=True)
    layer = networks.build_twin(config, batchnorm=True)[1]
    assert isinstance(layer, nn.BatchNorm1d)
    assert (layer.eps, layer.momentum, layer.affine) == (1e-3, 0.3, False)
    assert "weight" not in dict(layer.named_parameters())
    untracked = networks.build_twin(SMALL.change(track=False), batchnorm=True)[1]
    assert isinstance(untracked, nn.BatchNorm1d)
    assert untracked.running_mean is None


# Equal to a loop by hand


@pytest.mark.sameness
@pytest.mark.parametrize("config", [SMALL, FULL], ids=["batches", "full batch"])
@pytest.mark.parametrize("batchnorm", [False, True], ids=["plain", "with BatchNorm"])
def test_a_twin_is_what_a_plain_loop_gives(config: TwinsConfig, batchnorm: bool) -> None:
    network, losses, accuracies = by_hand(config, batchnorm=batchnorm)
    rows = run(config)
    twins = [row.normed if batchnorm else row.plain for row in rows]
    assert [twin.training.loss for twin in twins[1:]] == pytest.approx(losses, rel=1e-6)
    assert [twin.training.accuracy for twin in twins[1:]] == pytest.approx(accuracies)
    _, test = networks.load_points(config).split(config.test_fraction)
    with torch.no_grad():
        network.eval()
        accuracy, loss = accuracy_and_loss(network(test.x), test.y)
    assert twins[-1].by_running.loss == pytest.approx(loss, rel=1e-5)
    assert twins[-1].by_running.accuracy == pytest.approx(accuracy)


@pytest.mark.sameness
@pytest.mark.parametrize("batchnorm", [False, True], ids=["plain", "with BatchNorm"])
def test_the_steps_of_a_twin_are_those_of_sgd_to_the_last_bit(batchnorm: bool) -> None:
    task = networks.load_task(FULL)
    twin = TwinLearner.of(FULL, task, batchnorm=batchnorm, lr=FULL.lr)
    network = networks.build_twin(FULL, batchnorm=batchnorm)
    optimizer = torch.optim.SGD(network.parameters(), FULL.lr)
    x, y = task.batch(None)
    for number in range(1, 6):
        twin.step(x, y, number)
        optimizer.zero_grad()
        F.cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert all(map(torch.equal, twin.network.state_dict().values(), network.state_dict().values()))


def test_train_mode_normalises_each_test_batch_by_itself() -> None:
    network, _, _ = by_hand(SMALL, batchnorm=True)
    _, test = networks.load_points(SMALL).split(SMALL.test_fraction)
    network.train()
    with torch.no_grad():
        logits = torch.cat([network(x) for x in test.x.split(16)])  # type: ignore[no-untyped-call]
    accuracy, loss = accuracy_and_loss(logits, test.y)
    last = run(SMALL)[-1].normed
    assert last.by_batch.loss == pytest.approx(loss, rel=1e-5)
    assert last.by_batch.accuracy == pytest.approx(accuracy)


def test_the_statistics_are_those_of_the_batch_and_their_running_average() -> None:
    network, _, _ = by_hand(FULL, batchnorm=True)
    moments = [found for row in run(FULL) for found in row.moments]
    assert [(found.step, found.layer) for found in moments] == [(s, k) for s in (1, 2, 3, 4) for k in (0, 1)]
    mean, var = torch.zeros(6), torch.ones(6)
    for found in moments:
        if found.layer == 1:
            mean = 0.9 * mean + 0.1 * torch.tensor(found.mean)
            var = 0.9 * var + 0.1 * torch.tensor(found.var)
            assert found.running_mean == pytest.approx(mean.tolist(), rel=1e-4, abs=1e-6)
            assert found.running_var == pytest.approx(var.tolist(), rel=1e-4)
    layer = network[4]
    assert isinstance(layer, nn.BatchNorm1d)
    assert layer.running_mean is not None
    assert moments[-1].running_mean == pytest.approx(layer.running_mean.tolist(), rel=1e-4, abs=1e-6)


def test_gradients_are_those_of_the_last_step() -> None:
    network, _, _ = by_hand(SMALL, batchnorm=False)
    norms = [
        m.weight.grad.norm().item() for m in network if isinstance(m, nn.Linear) and m.weight.grad is not None
    ]
    assert run(SMALL)[-1].plain.gradients == pytest.approx(norms, rel=1e-5)


# The recipe S7


def test_both_twins_of_s7_end_above_98_percent(s7: Sequence[TwinsEpoch]) -> None:
    assert s7[-1].epoch == 100
    assert s7[-1].plain.by_running.accuracy >= 0.98
    assert s7[-1].normed.by_running.accuracy >= 0.98


def test_batchnorm_is_below_a_loss_of_a_tenth_where_its_twin_is_above_a_half(
    s7: Sequence[TwinsEpoch],
) -> None:
    assert s7[15].normed.training.loss < 0.1
    assert s7[15].plain.training.loss > 0.5


def test_eval_mode_catches_up_with_train_mode(s7: Sequence[TwinsEpoch]) -> None:
    assert s7[5].normed.by_batch.accuracy - s7[5].normed.by_running.accuracy > 0.05
    assert abs(s7[-1].normed.by_batch.accuracy - s7[-1].normed.by_running.accuracy) < 0.01


def test_the_plain_twin_is_the_same_in_both_modes(s7: Sequence[TwinsEpoch]) -> None:
    assert all(row.plain.by_batch == row.plain.by_running for row in s7)


def test_s7_is_twice_128_and_64_units_on_1400_points() -> None:
    config = TwinsConfig()
    assert config.widths == (2, 128, 64, 2)
    assert (config.train_count, config.test_count) == (1400, 600)
    assert (config.factor, config.noise, config.lr, config.steps_of(config.batch_size)) == (0.4, 0.1, 0.1, 1)


# As a study


def test_epochs_and_marks_are_few_and_have_their_ends() -> None:
    assert frames_of(5) == (0, 1, 2, 3, 4, 5)
    long = frames_of(500)
    assert long[:21] == tuple(range(21))
    assert long[-1] == 500
    assert len(long) <= 61
    marks = marks_of(9380)
    assert {1, 2, 3, 9380} <= marks
    assert len(marks) < 170


def test_rows_survive_json(s7: Sequence[TwinsEpoch]) -> None:
    for row in (s7[0], s7[15]):
        back = from_plain(TwinsEpoch, loads(dumps(plain(row))))
        assert repr(back) == repr(row)  # NaN is not equal to itself


def test_it_runs_as_a_study_and_can_be_stopped() -> None:
    seen: list[object] = []
    outcome = perform(SMALL, on_row=seen.append, should_stop=lambda: len(seen) > 2)
    assert outcome.state == "stopped"
    assert 1 <= len(outcome.rows) < 4
    assert any(isinstance(row, Tick) for row in seen)


def test_equal_settings_give_equal_rows() -> None:
    assert repr(run(SMALL)) == repr(run(SMALL))


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    run(SMALL)
    assert torch.equal(before, torch.get_rng_state())


def test_digits_come_in_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.app.fakes import few_pictures

    monkeypatch.setattr(networks, "load_images", lambda _name: few_pictures())
    config = TwinsConfig(dataset="mnist", hidden=(16,), batch_size=8, epochs=2, lr=0.05)
    task = networks.load_task(config)
    assert task.batch(None)[0].shape == (60, 784)
    assert task.batch(None)[0].min() == -1.0
    last = run(config)[-1]
    assert len(last.normed.classes_by_running) == 10
    assert last.normed.boundary == ""
    assert last.step == 2 * 8


def test_settings_that_do_not_fit_are_refused_with_what_to_do() -> None:
    for config, words in (
        (TwinsConfig(batch_size=1), "at least 2"),
        (TwinsConfig(hidden=()), "hidden layer"),
        (TwinsConfig(dataset="mnist"), "batch size, such as 64"),
        (TwinsConfig(dataset="mnist", batch_size=64, train_size=10), "at least 100"),
        (TwinsConfig(lr=1000.0), "between"),
    ):
        with pytest.raises(ConfigError, match=words):
            next(config.rows())


def test_looking_at_it_needs_no_torch() -> None:
    from tests.unit.test_architecture import loaded_after

    modules = "dashlab.experiments.batchnorm.rows, dashlab.experiments.batchnorm.sweeps"
    assert "torch" not in loaded_after(f"import {modules}")


def test_a_score_is_plain_values(s7: Sequence[TwinsEpoch]) -> None:
    assert set(asdict(s7[1].plain.training)) == {"loss", "accuracy"}
