"""S7 and S8: the twins against loops written from the specification alone, and keys that stay."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from dashlab.experiments.batchnorm import network as networks
from dashlab.experiments.batchnorm.presets import TWINS
from dashlab.experiments.batchnorm.rows import BothModes, Twin, TwinsConfig, TwinsEpoch
from dashlab.experiments.batchnorm.sweeps import BatchSweep, RateSweep
from dashlab.training.device import stream
from dashlab.training.records import dumps, from_plain, loads, plain
from tests.app.fakes import few_pictures
from tests.typed import there

COUNT, EPOCHS = 150, 2


def twins_config(name: str) -> TwinsConfig:
    flat = TWINS[name].config.flat()
    return TwinsConfig().change(**{field: flat[field] for field in TwinsConfig.specs()})


def pictures() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draw = stream(0, "a test")
    x = torch.randint(0, 256, (2 * COUNT, 1, 28, 28), dtype=torch.uint8, generator=draw)
    y = torch.randint(0, 10, (2 * COUNT,), generator=draw)
    return x[:COUNT], y[:COUNT], x[COUNT:], y[COUNT:]


def with_batchnorm() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(784, 256, bias=False), nn.BatchNorm1d(256), nn.ReLU(),
        nn.Linear(256, 256, bias=False), nn.BatchNorm1d(256),
        nn.Linear(256, 10),
    )  # fmt: skip


def without() -> nn.Sequential:
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.Linear(256, 10))


def graded(network: nn.Module, x: Tensor, y: Tensor, *, train: bool) -> tuple[float, list[float]]:
    """Mean loss over all pictures, batch by batch of 64 as they stand, and the accuracy of each digit."""
    network.train(train)
    total, right, seen = 0.0, [0] * 10, [0] * 10
    with torch.no_grad():
        for start in range(0, len(x), 64):
            labels = y[start : start + 64]
            logits = network(x[start : start + 64].flatten(1) / 255)
            total += nn.functional.cross_entropy(logits, labels, reduction="sum").item()
            for label, guess in zip(labels.tolist(), logits.argmax(1).tolist(), strict=True):
                seen[label] += 1
                right[label] += label == guess
    return total / len(x), [one / all_of_it for one, all_of_it in zip(right, seen, strict=True)]


def trained(network: nn.Module, x: Tensor, y: Tensor) -> list[float]:
    """Each epoch's mean loss while it is trained."""
    optimizer, losses = torch.optim.SGD(network.parameters(), lr=0.01), []
    for _ in range(EPOCHS):
        total = 0.0
        for start in range(0, len(x), 64):
            labels = y[start : start + 64]
            loss = nn.CrossEntropyLoss()(network(x[start : start + 64].flatten(1) / 255), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        losses.append(total / len(x))
    return losses


def run(config: TwinsConfig, monkeypatch: pytest.MonkeyPatch) -> list[TwinsEpoch]:
    x, y, test_x, test_y = pictures()
    images = replace(few_pictures(), train_x=x, train_y=y, test_x=test_x, test_y=test_y)
    monkeypatch.setattr(networks, "load_images", lambda _name: images)
    monkeypatch.setattr(networks, "pick_device", lambda: torch.device("cpu"))
    return [row for row in config.rows() if isinstance(row, TwinsEpoch)]


@pytest.mark.parametrize("batchnorm", [False, True], ids=["plain", "with BatchNorm"])
def test_s8_is_what_a_loop_written_from_its_recipe_gives(
    monkeypatch: pytest.MonkeyPatch, batchnorm: bool
) -> None:
    config = twins_config("s8").change(epochs=EPOCHS)
    network = with_batchnorm() if batchnorm else without()
    network.load_state_dict(networks.build_twin(config, batchnorm=batchnorm).state_dict())
    x, y, test_x, test_y = pictures()
    losses = trained(network, x, y)
    rows = run(config, monkeypatch)
    twins: list[Twin] = [row.normed if batchnorm else row.plain for row in rows]
    assert [twin.training.loss for twin in twins[1:]] == pytest.approx(losses, rel=1e-5)
    on_training, last = twins[-1].on_training, twins[-1]
    assert on_training is not None
    on_test = BothModes(
        by_batch=last.by_batch, by_running=last.by_running, classes_by_batch=last.classes_by_batch,
        classes_by_running=last.classes_by_running,
    )  # fmt: skip
    for found, inputs, labels in ((on_training, x, y), (on_test, test_x, test_y)):
        loss, accuracies = graded(network, inputs, labels, train=False)
        assert found.by_running.loss == pytest.approx(loss, rel=1e-5)
        assert found.classes_by_running == pytest.approx(accuracies)
    for found, inputs, labels in ((on_test, test_x, test_y), (on_training, x, y)):
        loss, accuracies = graded(network, inputs, labels, train=True)
        assert found.by_batch.loss == pytest.approx(loss, rel=1e-5)
        assert found.classes_by_batch == pytest.approx(accuracies)


def test_s8_is_spelled_out_by_its_preset() -> None:
    config = twins_config("s8")
    assert config.check() is config
    assert (config.widths, config.lr, config.batch_size, config.epochs) == ((784, 256, 256, 10), 0.01, 64, 10)
    assert (config.train_count, config.steps_of(64)) == (60_000, 938)
    kinds = {
        bn: [type(m).__name__ for m in networks.build_twin(config, batchnorm=bn)] for bn in (False, True)
    }
    assert kinds[True] == ["Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d", "Linear"]
    assert kinds[False] == ["Linear", "ReLU", "Linear", "Linear"]


def test_the_training_data_are_measured_only_where_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    config = twins_config("mnistrelu").change(epochs=1)
    assert all(row.normed.on_training is None for row in run(config, monkeypatch))


def test_batches_in_fixed_order_are_the_same_in_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    config = TwinsConfig(points=100, batch_size=16, shuffle=False)
    task = networks.load_task(config)
    first, second = (
        [there(part).tolist() for part in epoch] for epoch in networks.batches(config, task, 16, 2)
    )
    assert [at for part in first for at in part] == list(range(70))
    assert first == second


def test_a_layer_without_activation_has_a_histogram_of_what_the_next_layer_gets() -> None:
    config = TwinsConfig(points=100, hidden=(8, 6, 4), activated="first")
    for batchnorm in (False, True):
        network = networks.build_twin(config, batchnorm=batchnorm)
        found = networks.spreads(network, networks.load_points(config).x)
        assert len(found) == 3
        assert found[0].entering != found[0].leaving
        assert [spread.entering == spread.leaving for spread in found[1:]] == [True, True]


def test_what_was_measured_on_the_training_data_survives_json(monkeypatch: pytest.MonkeyPatch) -> None:
    row = run(twins_config("s8").change(epochs=1), monkeypatch)[-1]
    assert from_plain(TwinsEpoch, loads(dumps(plain(row)))).normed.on_training == row.normed.on_training


def test_rows_from_before_that_are_read_as_before() -> None:
    row = next(row for row in TwinsConfig(points=100).rows() if isinstance(row, TwinsEpoch))
    old = loads(dumps(plain(row)))
    del old["plain"]["on_training"], old["normed"]["on_training"]
    assert repr(from_plain(TwinsEpoch, old)) == repr(row)


def test_keys_of_twins_from_before_the_later_settings_stay() -> None:
    assert TwinsConfig().key().startswith("888d281671d63ee2962519acf1726f6e")
    assert RateSweep().key().startswith("15bc2201d30acfdfdbc22393d06c365c")
    assert BatchSweep().key().startswith("52ef5e58c447805bf1a73c3299766391")
    assert twins_config("mnistrelu").key().startswith("39b0a38abb0fc5c5dca0132e8ae6884a")


@pytest.mark.parametrize(
    "later", [{"pixels": "unit"}, {"shuffle": False}, {"activated": "first"}, {"measured": "both"}], ids=str
)
def test_each_later_setting_makes_another_key(later: dict[str, str | bool]) -> None:
    config = twins_config("mnistrelu")
    assert config.change(**later).key() != config.key()


# S7: 2,000 points, factor 0.4, noise 0.1, 30 % to test on; 2-128-64-2, ReLU; SGD, lr 0.1, full batch


def circles_network(*, batchnorm: bool) -> nn.Sequential:
    if batchnorm:
        return nn.Sequential(
            nn.Linear(2, 128), nn.BatchNorm1d(128), nn.ReLU(),
            nn.Linear(128, 64), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Linear(64, 2),
        )  # fmt: skip
    return nn.Sequential(nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 2))


def test_the_points_of_s7_lie_on_two_circles_of_radius_1_and_04() -> None:
    points = networks.load_points(twins_config("s7"))
    assert points.x.shape == (2000, 2)
    for label, radius in ((0, 1.0), (1, 0.4)):
        found = points.x[points.y == label]
        assert len(found) == 1000
        # Noise across the circle spreads the distances; noise along it makes them a little larger.
        assert found.norm(dim=1).mean().item() == pytest.approx(radius + 0.1**2 / (2 * radius), abs=0.01)
        assert found.norm(dim=1).std().item() == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("batchnorm", [False, True], ids=["plain", "with BatchNorm"])
def test_s7_is_what_a_loop_written_from_its_recipe_gives(batchnorm: bool) -> None:
    config = twins_config("s7")
    assert config.epochs == 100
    points = networks.load_points(config)
    test_x, test_y, x, y = points.x[:600], points.y[:600], points.x[600:], points.y[600:]
    network = circles_network(batchnorm=batchnorm)
    network.load_state_dict(networks.build_twin(config, batchnorm=batchnorm).state_dict())
    optimizer, losses = torch.optim.SGD(network.parameters(), lr=0.1), []
    for _ in range(30):
        loss = nn.CrossEntropyLoss()(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    rows = [row for row in config.change(epochs=30).rows() if isinstance(row, TwinsEpoch)]
    twins = [row.normed if batchnorm else row.plain for row in rows]
    assert [twin.training.loss for twin in twins[1:]] == pytest.approx(losses, rel=1e-4)
    with torch.no_grad():
        right = network.eval()(test_x).argmax(1) == test_y
    assert twins[-1].by_running.accuracy == pytest.approx(right.float().mean().item(), abs=0.002)
