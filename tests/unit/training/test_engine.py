"""The training loop against plain PyTorch, and the rows it reports."""

import math
import threading
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from dashlab.settings.fields import Value
from dashlab.settings.run import RunConfig
from dashlab.training.device import stream
from dashlab.training.models import build
from dashlab.training.results import EpochRow, Row, Started, StepRow
from tests.typed import there
from tests.unit.pictures import made_up
from tests.unit.training.runs import MLP, NOISY, close, run, same

pytestmark = pytest.mark.sameness

# -- against plain PyTorch ---------------------------------------------------------------------------------


def plain_run(
    config: RunConfig,
    network: nn.Module,
    make_optimizer: Callable[[list[nn.Parameter]], torch.optim.Optimizer],
    loss_of: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
    rate: Callable[[int], float] | None = None,
) -> dict[str, Tensor]:
    """The textbook loop: the same first weights, the same order, everything else by hand."""
    images = made_up()
    first = build(config.model, shape=(1, 8, 8), classes=4, seed=config.loop.seed)
    network.load_state_dict(first.state_dict())
    x, y = (images.train_x.float() / 255 - 0.5) / 0.5, images.train_y
    optimizer = make_optimizer(list(network.parameters()))
    order, step = stream(config.loop.seed, "order"), 0
    for _ in range(config.loop.epochs):
        for chosen in torch.randperm(len(x), generator=order).split(config.loop.batch_size):  # type: ignore[no-untyped-call]
            if rate is not None:
                optimizer.param_groups[0]["lr"] = rate(step)
            optimizer.zero_grad()
            loss_of(network(x[chosen]), y[chosen]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            step += 1
    return network.state_dict()


def plain_mlp(*, batchnorm: bool = False) -> nn.Sequential:
    middle = [nn.BatchNorm1d(12)] if batchnorm else []
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 12, bias=not batchnorm), *middle, nn.ReLU(), nn.Linear(12, 4)
    )


def test_sgd_with_momentum_gives_the_weights_of_the_textbook_loop_to_the_bit() -> None:
    wanted = plain_run(
        MLP, plain_mlp(), lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9, fused=True)
    )
    assert same(run(MLP.change(momentum=0.9)).weights, wanted)


def test_sgd_without_the_fused_form_gives_the_same_weights_but_for_rounding() -> None:
    wanted = plain_run(
        MLP,
        plain_mlp(),
        lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9, nesterov=True, foreach=False),
    )
    assert close(run(MLP.change(momentum=0.9, nesterov=True)).weights, wanted)


def test_adam_with_batchnorm_and_weight_decay_gives_the_weights_of_the_textbook_loop_to_the_bit() -> None:
    config = MLP.change(batchnorm=True, optimizer="adam", lr=0.01, weight_decay=0.001)
    wanted = plain_run(
        config,
        plain_mlp(batchnorm=True),
        lambda weights: torch.optim.Adam(weights, lr=0.01, weight_decay=0.001, fused=True),
    )
    assert same(run(config).weights, wanted)


@pytest.mark.parametrize("name", ["rmsprop", "nadam"])
def test_an_optimizer_without_fused_form_gives_the_weights_of_the_textbook_loop_to_the_bit(name: str) -> None:
    kind = {"rmsprop": torch.optim.RMSprop, "nadam": torch.optim.NAdam}[name]
    wanted = plain_run(MLP, plain_mlp(), lambda weights: kind(weights, lr=0.01))
    assert same(run(MLP.change(optimizer=name, lr=0.01)).weights, wanted)


def test_label_smoothing_gives_the_weights_of_the_textbook_loop_to_the_bit() -> None:
    wanted = plain_run(
        MLP,
        plain_mlp(),
        lambda weights: torch.optim.SGD(weights, lr=0.05, fused=True),
        loss_of=nn.CrossEntropyLoss(label_smoothing=0.2),
    )
    assert same(run(MLP.change(label_smoothing=0.2)).weights, wanted)


def test_the_squared_error_is_the_mean_over_pictures_and_classes() -> None:
    wanted = plain_run(
        MLP,
        plain_mlp(),
        lambda weights: torch.optim.SGD(weights, lr=0.05),
        loss_of=lambda logits, y: (logits - torch.eye(4)[y]).square().mean(),
    )
    assert close(run(MLP.change(loss="mse")).weights, wanted)


def test_l1_and_l2_pull_at_weights_and_not_at_biases() -> None:
    network = plain_mlp(batchnorm=True)
    penalised = [network.get_parameter("1.weight"), network.get_parameter("4.weight")]

    def loss_of(logits: Tensor, y: Tensor) -> Tensor:
        loss = nn.functional.cross_entropy(logits, y)
        return loss + sum(
            (0.01 * w.abs().sum() + 0.02 * w.square().sum() for w in penalised), torch.zeros(())
        )

    config = MLP.change(batchnorm=True, l1=0.01, l2=0.02)
    wanted = plain_run(config, network, lambda weights: torch.optim.SGD(weights, lr=0.05), loss_of=loss_of)
    assert close(run(config).weights, wanted)


def test_l2_is_weight_decay_of_twice_its_size_on_weights_alone() -> None:
    config = RunConfig().change(model="softmax", init="zeros", lr=0.05, batch_size=16, epochs=3)
    decayed, penalised = run(config.change(weight_decay=0.2)), run(config.change(l2=0.1))
    assert torch.allclose(decayed.weights["1.weight"], penalised.weights["1.weight"], atol=1e-3)
    assert not torch.equal(decayed.weights["1.bias"], penalised.weights["1.bias"])


def test_a_cnn_with_channels_last_and_pooling_first_gives_the_weights_of_the_textbook_loop() -> None:
    config = MLP.change(model="cnn", channels=(4, 6), hidden=(10,), batchnorm=True, momentum=0.9)
    blocks = [
        layer
        for fan_in, fan_out in ((1, 4), (4, 6))
        for layer in (
            nn.Conv2d(fan_in, fan_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(fan_out),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
    ]
    head = [nn.Flatten(), nn.Linear(24, 10, bias=False), nn.BatchNorm1d(10), nn.ReLU(), nn.Linear(10, 4)]
    wanted = plain_run(
        config,
        nn.Sequential(*blocks, *head),
        lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9, foreach=False),
    )
    assert close(run(config).weights, wanted)


SCHEDULES: dict[str, tuple[dict[str, Value], Callable[[int], float]]] = {
    "step": ({"step_size": 1, "gamma": 0.5}, lambda step: 0.05 * 0.5 ** (step // 4)),
    "cosine": ({}, lambda step: 0.05 * (1 + math.cos(math.pi * step / 12)) / 2),
    "triangle": (
        {"warmup": 0.5},
        lambda step: 0.002 + 0.048 * step / 5 if step <= 5 else 0.05 + (0.002 / 1e4 - 0.05) * (step - 5) / 6,
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_sets_the_rate_of_each_step(name: str) -> None:
    settings, rate = SCHEDULES[name]
    result = run(MLP.change(schedule=name, **settings))
    assert [row.lr for row in result.steps] == pytest.approx([rate(step) for step in range(12)])
    wanted = plain_run(MLP, plain_mlp(), lambda weights: torch.optim.SGD(weights, lr=0.05), rate=rate)
    assert close(result.weights, wanted)


def test_rows_hold_the_loss_and_accuracy_of_the_textbook_loop() -> None:
    seen: list[tuple[float, float]] = []

    def loss_of(logits: Tensor, y: Tensor) -> Tensor:
        loss = nn.functional.cross_entropy(logits, y)
        seen.append((loss.item(), (logits.argmax(1) == y).float().mean().item()))
        return loss

    plain_run(
        MLP, plain_mlp(), lambda weights: torch.optim.SGD(weights, lr=0.05, fused=True), loss_of=loss_of
    )
    result = run(MLP)
    assert [(row.loss, row.accuracy) for row in result.steps] == seen
    first_epoch = result.epochs[0]
    assert first_epoch.train_loss == pytest.approx(sum(loss for loss, _ in seen[:4]) / 4)
    assert first_epoch.train_accuracy == pytest.approx(sum(right for _, right in seen[:4]) / 4)


# -- rows --------------------------------------------------------------------------------------------------


def test_rows_arrive_in_order_in_the_thread_that_trains() -> None:
    rows: list[Row] = []
    threads = set()

    def on_row(row: Row) -> None:
        rows.append(row)
        threads.add(threading.get_ident())

    result = run(NOISY, on_row=on_row)
    assert threads == {threading.get_ident()}
    assert rows[0] == result.started
    assert [row for row in rows if isinstance(row, StepRow)] == list(result.steps)
    assert [row for row in rows if isinstance(row, EpochRow)] == list(result.epochs)
    steps = [row.step for row in rows[1:] if not isinstance(row, Started)]
    assert len(steps) == len(rows) - 1
    assert steps == sorted(steps)


def test_the_first_row_says_what_there_is_to_do() -> None:
    result = run(NOISY.change(train_size=40, normalize="half"))
    assert result.started == Started(
        epochs=3,
        steps_per_epoch=2,
        parameters=sum(value.numel() for name, value in result.weights.items() if "running" not in name) - 2,
        train_count=30,
        val_count=10,
        test_count=16,
        classes=("red", "green", "blue", "white"),
        shape=(1, 8, 8),
        mean=(0.5,),
        std=(0.5,),
        origin="Made up: 64 pictures for training and 16 for testing.",
        device=result.started.device,
    )
    assert result.started.steps == 6
    assert result.started.device.startswith("CPU (")


def test_a_last_batch_of_one_picture_is_no_trouble_with_batchnorm() -> None:
    result = run(NOISY.change(batch_size=47))  # 48 pictures to train on
    assert result.started.steps_per_epoch == 1
    assert result.state == "finished"


@pytest.mark.parametrize("model", ["softmax", "mlp", "lenet", "cnn", "resnet"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_network_learns_easy_pictures(model: str, channels: int) -> None:
    images = made_up(64, 32, shape=(channels, 16, 16), noise=40)
    settings: dict[str, Value] = (
        {}
        if model in ("softmax", "lenet")
        else {"channels": (8, 16)}
        if model != "mlp"
        else {"hidden": (16,)}
    )
    batchnorm = {} if model == "softmax" else {"batchnorm": True}
    if model == "cnn":
        settings["hidden"] = (16,)
    config = RunConfig().change(
        model=model, lr=0.05, momentum=0.9, batch_size=16, epochs=4, **batchnorm, **settings
    )
    assert there(run(config, images=images).evaluation).accuracy >= 0.9
