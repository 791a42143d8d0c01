"""The losses that are drawn over each other are one quantity, and what is added to it is told apart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dashlab.charts.trainer import curves as charts
from dashlab.charts.trainer.curves import Curve
from dashlab.experiments.batchnorm.rows import TwinsConfig, TwinsEpoch
from dashlab.experiments.optimizers.network import NetworkRace, entries
from dashlab.settings.fields import Value
from dashlab.settings.run import RunConfig
from dashlab.settings.run_parts import LossConfig
from dashlab.store.runs import Store
from dashlab.training import losses
from dashlab.training.batches import split
from dashlab.training.device import stream
from dashlab.training.evaluate import logits_of, loss_and_accuracy
from dashlab.training.models import build
from dashlab.training.results import Result, StepRow
from dashlab.training.stacked import train_stacked
from tests.typed import there
from tests.unit.pictures import made_up
from tests.unit.training.runs import MLP, run, same

ALL: dict[str, Value] = {"label_smoothing": 0.2, "l1": 0.001, "l2": 0.01}
ADDED: list[dict[str, Value]] = [
    {},
    {"label_smoothing": 0.2},
    {"l1": 0.001},
    {"l2": 0.01},
    ALL,
    {"loss": "mse", "l2": 0.01},
]


def by_hand(config: RunConfig) -> tuple[list[tuple[float, float]], dict[str, Tensor]]:
    """(plain loss, what is made small) of each step of a plain loop, and the weights that it ends with."""
    images, settings = made_up(), config.loss
    network = build(config.model, shape=(1, 8, 8), classes=4, seed=config.loop.seed)
    x, y = (images.train_x.float() / 255 - 0.5) / 0.5, images.train_y
    optimizer = torch.optim.SGD(network.parameters(), lr=config.optim.lr, fused=True)
    order, seen = stream(config.loop.seed, "order"), []
    weights = [weight for weight in network.parameters() if weight.dim() > 1]
    for _ in range(config.loop.epochs):
        for chosen in torch.randperm(len(x), generator=order).split(config.loop.batch_size):  # type: ignore[no-untyped-call]
            logits, wanted = network(x[chosen]), y[chosen]
            if settings.loss == "mse":
                plain = made_small = F.mse_loss(logits, F.one_hot(wanted, 4).float())
            else:
                plain = F.cross_entropy(logits, wanted)
                made_small = F.cross_entropy(logits, wanted, label_smoothing=settings.label_smoothing)
            if settings.l1:
                made_small = made_small + settings.l1 * torch.stack([w.abs().sum() for w in weights]).sum()
            if settings.l2:
                made_small = made_small + settings.l2 * torch.stack([w.square().sum() for w in weights]).sum()
            seen.append((plain.item(), made_small.item()))
            optimizer.zero_grad()
            made_small.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return seen, network.state_dict()


def added_losses(result: Result) -> list[float | None]:
    return [row.added_loss for row in result.steps] + [row.added_loss for row in result.epochs]


@pytest.mark.sameness
@pytest.mark.parametrize("added", ADDED, ids=str)
def test_the_training_loss_is_plain_and_with_what_is_added_it_is_the_one_made_small(
    added: dict[str, Value],
) -> None:
    config = MLP.change(**added)
    seen, weights = by_hand(config)
    result = run(config)
    assert same(result.weights, weights)  # what is measured changes nothing of what is learned
    assert [row.loss for row in result.steps] == pytest.approx([plain for plain, _ in seen], rel=1e-6)
    assert [row.added_loss for row in result.steps] == pytest.approx(
        [small - plain for plain, small in seen], abs=1e-6
    )
    last = result.epochs[-1]
    assert last.train_loss == pytest.approx(sum(plain for plain, _ in seen[-4:]) / 4)
    assert last.train_loss + there(last.added_loss) == pytest.approx(sum(small for _, small in seen[-4:]) / 4)


@pytest.mark.sameness
@pytest.mark.parametrize("added", [{}, ALL], ids=["plain", "all"])
def test_training_and_validation_loss_of_the_same_pictures_by_the_same_weights_are_equal(
    added: dict[str, Value],
) -> None:
    config = MLP.change(lr=1e-7, batch_size=64, epochs=1, **added)
    result, images = run(config), made_up()
    parts = split(images, config, torch.device("cpu"))
    network = build(config.model, shape=(1, 8, 8), classes=4, seed=0)
    measured, _ = loss_and_accuracy(
        logits_of(network, parts.train.x, parts.normalization), parts.train.y, config.loss.loss
    )
    assert result.epochs[0].train_loss == pytest.approx(measured, rel=1e-5)


@pytest.mark.sameness
@pytest.mark.parametrize("added", ADDED, ids=str)
def test_runs_trained_stacked_tell_the_same_losses_apart(added: dict[str, Value]) -> None:
    configs = [MLP.change(**added), MLP.change(**added, lr=0.01)]
    for config, result in zip(configs, train_stacked(configs, device="cpu", images=made_up()), strict=True):
        alone = run(config)
        for got, wanted in zip(added_losses(result), added_losses(alone), strict=True):
            assert got == pytest.approx(wanted, abs=1e-5)
        assert [row.loss for row in result.steps] == pytest.approx(
            [row.loss for row in alone.steps], abs=1e-5
        )


def test_a_loss_whose_penalty_is_no_number_has_diverged_though_its_plain_part_is_one() -> None:
    config = MLP.change(l2=1.0, lr=1e-7, init="normal", init_std=10.0, epochs=1)
    network = build(config.model, shape=(1, 8, 8), classes=4, seed=0)
    huge = {name: value * 1e19 for name, value in network.state_dict().items()}
    images = replace(made_up(), train_x=torch.zeros(64, 1, 8, 8, dtype=torch.uint8))
    tuned = config.change(start_from="a" * 64, normalize="none")
    result = run(tuned, start_weights=huge, images=images)  # black pictures: the outputs are the biases, 0
    assert (result.state, result.steps) == ("diverged", ())


def test_what_every_optimizer_race_draws_is_the_plain_loss() -> None:
    for task in ("race", "grid"):
        assert {entry.config.loss for entry in entries(NetworkRace(task=task))} == {LossConfig()}


@pytest.mark.sameness
def test_the_twins_training_loss_is_what_their_test_loss_is() -> None:
    """One full batch before any step: the loss of the training batch is that over the training data."""
    config = TwinsConfig(points=60, hidden=(8,), epochs=1, lr=1e-4, measured="both")
    last = next(row for row in config.rows() if isinstance(row, TwinsEpoch) and row.epoch == 1)
    for twin in (last.plain, last.normed):
        assert twin.on_training is not None
        assert twin.training.loss == pytest.approx(twin.on_training.by_batch.loss, rel=1e-3)


# -- in words -----------------------------------------------------------------------------------------------

NEW = StepRow(step=7, window=1, loss=0.3, accuracy=0.9, lr=0.1, added_loss=0.4)
OLD = replace(NEW, added_loss=None)
SMOOTH = RunConfig().change(label_smoothing=0.1)


def test_what_is_added_is_told_beside_the_plain_loss() -> None:
    assert losses.words(SMOOTH, [NEW], validated=False) == (
        "The loss is plain cross-entropy. What training minimises is more: "
        "label smoothing adds 0.4000 (step 7)."
    )
    assert "label smoothing, L1 and L2 add 0.4000" in losses.words(
        SMOOTH.change(l1=0.1, l2=0.1), [NEW], validated=False
    )
    assert losses.words(RunConfig(), [NEW], validated=False) == ""


def test_beside_validation_the_page_says_how_both_are_measured() -> None:
    config = RunConfig().change(batchnorm=True, dropout=0.2, rotate=10.0)
    assert losses.words(config, [NEW], validated=True) == (
        "Training: measured on each batch while the network learns, in train mode (on changed pictures, with "
        "dropout, with each batch's own statistics). Validation: measured after each epoch, in eval mode."
    )
    assert "mode" not in losses.words(RunConfig(), [NEW], validated=True)


def test_smoothing_that_has_no_effect_is_not_told() -> None:
    assert LossConfig(loss="mse", label_smoothing=0.1).added == ()


# -- runs that an older version kept -----------------------------------------------------------------------


def test_an_old_run_is_drawn_as_what_it_is() -> None:
    held = losses.held(SMOOTH.loss, [OLD])
    curve = Curve(name="old", steps=(OLD,), total_epochs=1, validated=True, held=held)
    chart = charts.loss(curve)
    assert chart.spec["encoding"]["color"]["scale"]["domain"] == [
        "Training with label smoothing", "Validation"
    ]  # fmt: skip
    assert {row["series"] for row in chart.rows} == {"Training with label smoothing"}
    alone = charts.loss(replace(curve, validated=False))
    assert alone.spec["encoding"]["y"]["title"] == "Loss with label smoothing"
    assert charts.compared_loss([curve]).rows[0]["series"] == "old with label smoothing"
    assert charts.compared_accuracy([curve]).rows[0]["series"] == "old"
    assert "another quantity than the validation loss" in losses.words(SMOOTH, [OLD], validated=True)
    assert "as its name says" in losses.compared_words([(SMOOTH.loss, [OLD]), (LossConfig(), [NEW])])


def test_an_old_run_whose_loss_was_plain_is_drawn_as_any_other() -> None:
    assert losses.held(LossConfig(), [OLD]) == ()
    assert losses.compared_words([(LossConfig(), [OLD])]) == ""
    assert losses.compared_words([(SMOOTH.loss, [NEW])]) == "The losses are without label smoothing."


def test_a_run_kept_in_the_older_form_is_read(tmp_path: Path) -> None:
    store, config = Store(tmp_path), MLP.change(label_smoothing=0.1)
    result = run(config)
    store.save(result)
    key = result.config.key()
    folder = tmp_path / "runs" / key
    as_it_was(folder)
    again = Store(tmp_path).load(key)
    assert again is not None
    assert added_losses(again.result) == [None] * 15
    assert [row.loss for row in again.result.steps] == [row.loss for row in result.steps]
    assert [one.key for one in Store(tmp_path).runs()] == [key]


def as_it_was(folder: Path) -> None:
    """Write the history of a run as the first form had it."""
    history, manifest = (
        json.loads((folder / f"{name}.json").read_text()) for name in ("history", "manifest")
    )
    for row in (*history["steps"], *history["epochs"]):
        del row["added_loss"]
    content = json.dumps(history).encode()
    (folder / "history.json").write_bytes(content)
    manifest["schema"] = 1
    manifest["files"]["history.json"] = {
        "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_the_network_of_a_run_is_not_asked_twice_for_what_is_not_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []
    forward = nn.Linear.forward

    def counted(layer: nn.Linear, x: Tensor) -> Tensor:
        calls.append(1)
        return forward(layer, x)

    monkeypatch.setattr(nn.Linear, "forward", counted)
    run(MLP)
    plain = len(calls)
    run(MLP.change(**ALL))
    assert len(calls) == 2 * plain
