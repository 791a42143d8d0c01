"""The training loop against plain PyTorch, its promises of sameness, and the ways in which a run ends."""

import hashlib
import json
import math
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from dashlab import engine
from dashlab import precision as precision_module
from dashlab import recorder as recorder_module
from dashlab.batches import split
from dashlab.config import RunConfig
from dashlab.device import stream
from dashlab.engine import resolved, train
from dashlab.errors import ConfigError, WeightsError
from dashlab.evaluate import logits_of, loss_and_accuracy
from dashlab.models import build
from dashlab.results import EpochRow, Result, Row, Started, StepRow
from dashlab.weights import put_weights
from tests.unit.pictures import made_up

MLP = RunConfig().change(hidden=(12,), lr=0.05, batch_size=16, epochs=3)
NOISY = MLP.change(
    hidden=(12, 8), batchnorm=True, dropout=0.3, rotate=20.0, crop_padding=1, val_fraction=0.25
)
"""A run that draws from every stream."""

DIVERGING = MLP.change(lr=100.0, loss="mse", hidden=(8, 8), init="normal", init_std=10.0)
"""The first loss is large, and the first step ruins the weights."""


def run(config: RunConfig, **more) -> Result:
    return train(config, device="cpu", images=more.pop("images", made_up()), **more)


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def close(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Equal but for the rounding of sums in another order."""
    return one.keys() == other.keys() and all(
        torch.allclose(one[name].float(), other[name].float(), rtol=1e-4, atol=1e-6) for name in one
    )


def mark(weights: dict[str, Tensor]) -> str:
    """A hash of every bit of the weights."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


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
        for chosen in torch.randperm(len(x), generator=order).split(config.loop.batch_size):
            if rate is not None:
                optimizer.param_groups[0]["lr"] = rate(step)
            optimizer.zero_grad()
            loss_of(network(x[chosen]), y[chosen]).backward()
            optimizer.step()
            step += 1
    return network.state_dict()


def plain_mlp(*, batchnorm: bool = False) -> nn.Sequential:
    middle = [nn.BatchNorm1d(12)] if batchnorm else []
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 12, bias=not batchnorm), *middle, nn.ReLU(), nn.Linear(12, 4)
    )


def test_sgd_with_momentum_gives_the_weights_of_the_textbook_loop_to_the_bit():
    wanted = plain_run(
        MLP, plain_mlp(), lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9, fused=True)
    )
    assert same(run(MLP.change(momentum=0.9)).weights, wanted)


def test_sgd_without_the_fused_form_gives_the_same_weights_but_for_rounding():
    wanted = plain_run(
        MLP,
        plain_mlp(),
        lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9, nesterov=True, foreach=False),
    )
    assert close(run(MLP.change(momentum=0.9, nesterov=True)).weights, wanted)


def test_adam_with_batchnorm_and_weight_decay_gives_the_weights_of_the_textbook_loop_to_the_bit():
    config = MLP.change(batchnorm=True, optimizer="adam", lr=0.01, weight_decay=0.001)
    wanted = plain_run(
        config,
        plain_mlp(batchnorm=True),
        lambda weights: torch.optim.Adam(weights, lr=0.01, weight_decay=0.001, fused=True),
    )
    assert same(run(config).weights, wanted)


@pytest.mark.parametrize("name", ["rmsprop", "nadam"])
def test_an_optimizer_without_fused_form_gives_the_weights_of_the_textbook_loop_to_the_bit(name):
    kind = {"rmsprop": torch.optim.RMSprop, "nadam": torch.optim.NAdam}[name]
    wanted = plain_run(MLP, plain_mlp(), lambda weights: kind(weights, lr=0.01))
    assert same(run(MLP.change(optimizer=name, lr=0.01)).weights, wanted)


def test_label_smoothing_gives_the_weights_of_the_textbook_loop_to_the_bit():
    wanted = plain_run(
        MLP,
        plain_mlp(),
        lambda weights: torch.optim.SGD(weights, lr=0.05, fused=True),
        loss_of=nn.CrossEntropyLoss(label_smoothing=0.2),
    )
    assert same(run(MLP.change(label_smoothing=0.2)).weights, wanted)


def test_the_squared_error_is_the_mean_over_pictures_and_classes():
    wanted = plain_run(
        MLP,
        plain_mlp(),
        lambda weights: torch.optim.SGD(weights, lr=0.05),
        loss_of=lambda logits, y: (logits - torch.eye(4)[y]).square().mean(),
    )
    assert close(run(MLP.change(loss="mse")).weights, wanted)


def test_l1_and_l2_pull_at_weights_and_not_at_biases():
    network = plain_mlp(batchnorm=True)
    penalised = [network[1].weight, network[4].weight]

    def loss_of(logits: Tensor, y: Tensor) -> Tensor:
        loss = nn.functional.cross_entropy(logits, y)
        return loss + sum(0.01 * w.abs().sum() + 0.02 * w.square().sum() for w in penalised)

    config = MLP.change(batchnorm=True, l1=0.01, l2=0.02)
    wanted = plain_run(config, network, lambda weights: torch.optim.SGD(weights, lr=0.05), loss_of=loss_of)
    assert close(run(config).weights, wanted)


def test_l2_is_weight_decay_of_twice_its_size_on_weights_alone():
    config = RunConfig().change(model="softmax", init="zeros", lr=0.05, batch_size=16, epochs=3)
    decayed, penalised = run(config.change(weight_decay=0.2)), run(config.change(l2=0.1))
    assert torch.allclose(decayed.weights["1.weight"], penalised.weights["1.weight"], atol=1e-3)
    assert not torch.equal(decayed.weights["1.bias"], penalised.weights["1.bias"])


def test_a_cnn_with_channels_last_and_pooling_first_gives_the_weights_of_the_textbook_loop():
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


SCHEDULES = {
    "step": ({"step_size": 1, "gamma": 0.5}, lambda step: 0.05 * 0.5 ** (step // 4)),
    "cosine": ({}, lambda step: 0.05 * (1 + math.cos(math.pi * step / 12)) / 2),
    "triangle": (
        {"warmup": 0.5},
        lambda step: 0.002 + 0.048 * step / 5 if step <= 5 else 0.05 + (0.002 / 1e4 - 0.05) * (step - 5) / 6,
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_sets_the_rate_of_each_step(name):
    settings, rate = SCHEDULES[name]
    result = run(MLP.change(schedule=name, **settings))
    assert [row.lr for row in result.steps] == pytest.approx([rate(step) for step in range(12)])
    wanted = plain_run(MLP, plain_mlp(), lambda weights: torch.optim.SGD(weights, lr=0.05), rate=rate)
    assert close(result.weights, wanted)


def test_rows_hold_the_loss_and_accuracy_of_the_textbook_loop():
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


# -- the same config, the same numbers ---------------------------------------------------------------------


def test_the_same_config_gives_the_same_result_to_the_bit():
    one, other = run(NOISY), run(NOISY)
    assert same(one.weights, other.weights)
    assert one.steps == other.steps
    assert [row.val_loss for row in one.epochs] == [row.val_loss for row in other.epochs]
    assert torch.equal(one.evaluation.probabilities, other.evaluation.probabilities)


def test_another_seed_gives_another_result():
    assert not same(run(NOISY).weights, run(NOISY.change(seed=1)).weights)


def test_two_runs_at_once_in_two_threads_give_what_single_runs_give():
    configs = [NOISY, NOISY.change(seed=1, model="cnn", channels=(4,))]
    alone = [mark(run(config).weights) for config in configs]
    together: dict[int, str] = {}

    def work(number: int) -> None:
        together[number] = mark(run(configs[number]).weights)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[0], together[1]] == alone


def test_two_processes_at_once_give_what_this_one_gives():
    code = (
        "import json, sys, torch; torch.set_num_threads(1); from dashlab.config import RunConfig; "
        "from tests.unit.test_engine import mark, run; "
        "sys.stdout.write(mark(run(RunConfig.from_json(json.loads(sys.argv[1]))).weights))"
    )
    command = [sys.executable, "-c", code, json.dumps(NOISY.to_json())]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0] for process in processes] == [mark(run(NOISY).weights)] * 2


def test_draws_from_the_global_generator_by_others_change_nothing():
    alone, over = run(NOISY), threading.Event()

    def meddle() -> None:
        while not over.is_set():
            torch.rand(10)

    state = torch.get_rng_state()
    meddler = threading.Thread(target=meddle)
    meddler.start()
    try:
        disturbed = run(NOISY)
    finally:
        over.set()
        meddler.join()
        torch.set_rng_state(state)
    assert same(disturbed.weights, alone.weights)


def test_training_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    run(NOISY)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("every_s", [0.0, math.inf])
def test_the_rows_do_not_depend_on_how_often_the_device_is_asked(monkeypatch, every_s):
    usual = run(NOISY)
    monkeypatch.setattr(recorder_module, "_READ_EVERY_S", every_s)
    other = run(NOISY)
    assert other.steps == usual.steps
    assert [row.train_loss for row in other.epochs] == [row.train_loss for row in usual.epochs]


@pytest.mark.parametrize("change", [{"dropout": 0.5}, {"batchnorm": True}, {"optimizer": "adam"}], ids=str)
def test_twins_that_differ_in_one_thing_take_their_first_step_on_the_same_batch(monkeypatch, change):
    seen = []
    monkeypatch.setattr(engine._Run, "_step", lambda _run, x, y: seen.append((x.clone(), y.clone())))
    monkeypatch.setattr(engine.Recorder, "end_epoch", lambda *_args, **_more: None)
    run(MLP)
    plain = seen.copy()
    seen.clear()
    run(MLP.change(**change))
    assert len(plain) == 12
    for (x, y), (x2, y2) in zip(plain, seen, strict=True):
        assert torch.equal(x, x2)
        assert torch.equal(y, y2)


# -- validation and test -----------------------------------------------------------------------------------


def test_the_test_set_has_no_influence_on_training():
    one, other = run(NOISY), run(NOISY, images=made_up(test_seed=9, test=40))
    assert same(one.weights, other.weights)
    assert one.steps == other.steps
    assert [row.val_loss for row in one.epochs] == [row.val_loss for row in other.epochs]
    assert one.evaluation.loss != other.evaluation.loss


def test_validation_does_not_disturb_training(monkeypatch):
    watched = run(NOISY)
    monkeypatch.setattr(engine._Run, "_validate", lambda _run: None)
    assert same(run(NOISY).weights, watched.weights)


def test_the_test_set_is_read_once_after_the_last_row(monkeypatch):
    events: list[object] = []
    evaluate = engine.evaluate

    def noted(network: nn.Module, part, *arguments, **more):
        events.append(("evaluate", len(part)))
        return evaluate(network, part, *arguments, **more)

    monkeypatch.setattr(engine, "evaluate", noted)
    run(NOISY, images=made_up(test=20), on_row=events.append)
    assert events[-1] == ("evaluate", 20)
    assert sum(isinstance(event, tuple) for event in events) == 1


def test_validation_never_sees_a_test_picture(monkeypatch):
    images, seen = made_up(), []
    look = engine.logits_of

    def noted(network: nn.Module, pictures: Tensor, *more):
        seen.append(pictures)
        return look(network, pictures, *more)

    monkeypatch.setattr(engine, "logits_of", noted)
    run(NOISY, images=images)
    assert len(seen) == NOISY.loop.epochs
    for pictures in seen:
        assert len(pictures) == 16
        assert (pictures[:, None] == images.train_x).flatten(2).all(2).any(1).all()


def test_test_figures_are_those_of_the_weights_that_are_left_behind():
    images = made_up()
    result = run(NOISY, images=images)
    network = build(NOISY.model, shape=(1, 8, 8), classes=4, seed=9)
    put_weights(network, result.weights)
    parts = split(images, NOISY, torch.device("cpu"))
    logits = logits_of(network, images.test_x, parts.normalization)
    assert (result.evaluation.loss, result.evaluation.accuracy) == loss_and_accuracy(
        logits, images.test_y, "cross_entropy"
    )
    assert torch.equal(result.evaluation.probabilities, logits.softmax(1))
    for true, row in enumerate(result.evaluation.confusion):
        guesses = logits.argmax(1)[images.test_y == true]
        assert row == tuple(guesses.bincount(minlength=4).tolist())


def test_validation_figures_are_measured_in_eval_mode_without_smoothing_or_penalties():
    config = NOISY.change(epochs=1, label_smoothing=0.3, l2=0.1)
    images = made_up()
    result = run(config, images=images)
    network = build(config.model, shape=(1, 8, 8), classes=4, seed=9)
    put_weights(network, result.weights)
    parts = split(images, config, torch.device("cpu"))
    logits = logits_of(network, parts.val.x, parts.normalization)
    row = result.epochs[0]
    assert row.val_loss == pytest.approx(nn.functional.cross_entropy(logits, parts.val.y).item())


# -- rows --------------------------------------------------------------------------------------------------


def test_rows_arrive_in_order_in_the_thread_that_trains():
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
    steps = [row.step for row in rows[1:]]
    assert steps == sorted(steps)


def test_the_first_row_says_what_there_is_to_do():
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


def test_a_last_batch_of_one_picture_is_no_trouble_with_batchnorm():
    result = run(NOISY.change(batch_size=47))  # 48 pictures to train on
    assert result.started.steps_per_epoch == 1
    assert result.state == "finished"


@pytest.mark.parametrize("model", ["softmax", "mlp", "lenet", "cnn", "resnet"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_network_learns_easy_pictures(model, channels):
    images = made_up(64, 32, shape=(channels, 16, 16), noise=40)
    settings = (
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
    assert run(config, images=images).evaluation.accuracy >= 0.9


# -- stopping ----------------------------------------------------------------------------------------------


def stop_after(steps: int) -> Callable[[], bool]:
    asked = iter(range(10**6))
    return lambda: next(asked) >= steps


def test_a_stopped_run_is_marked_stopped_and_keeps_its_rows_and_weights():
    result = run(MLP, should_stop=stop_after(6))
    assert result.state == "stopped"
    assert result.note.startswith("Stopped after 6 of 12 steps.")
    assert [row.step for row in result.steps] == [1, 2, 3, 4, 5, 6]
    assert [row.epoch for row in result.epochs] == [1]
    assert result.steps == run(MLP).steps[:6]
    assert same(result.weights, run(MLP, should_stop=stop_after(6)).weights)


def test_a_stopped_run_does_not_read_the_test_set(monkeypatch):
    monkeypatch.setattr(engine, "evaluate", lambda *_arguments, **_more: pytest.fail("the test set was read"))
    assert run(MLP, should_stop=stop_after(6)).evaluation is None


def test_a_run_that_is_stopped_before_its_first_step_keeps_its_first_weights():
    result = run(MLP, should_stop=lambda: True)
    first = build(MLP.model, shape=(1, 8, 8), classes=4, seed=0)
    assert (result.state, result.steps, result.epochs) == ("stopped", (), ())
    assert same(result.weights, first.state_dict())


def test_the_next_run_is_not_touched_by_one_that_was_stopped():
    wanted = run(MLP)
    run(MLP.change(precision="fast"), should_stop=stop_after(2))
    assert same(run(MLP).weights, wanted.weights)


# -- diverging ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every_s", [0.0, math.inf])
def test_a_run_that_diverges_ends_and_says_at_which_step(monkeypatch, every_s):
    monkeypatch.setattr(recorder_module, "_READ_EVERY_S", every_s)
    rows: list[Row] = []
    result = run(DIVERGING, on_row=rows.append)
    assert result.state == "diverged"
    last = result.steps[-1].step
    assert result.note == (
        f"Diverged: at step {last + 1} the loss was no longer a finite number. "
        "Try a smaller learning rate than 100, or another initializer."
    )
    assert rows[1:] == [*result.steps, *result.epochs]
    assert all(math.isfinite(row.loss) for row in result.steps)
    assert (result.evaluation, result.weights) == (None, {})


def test_a_run_whose_last_step_ruins_the_weights_has_diverged():
    result = run(DIVERGING.change(epochs=1, batch_size=64))
    assert result.state == "diverged"
    assert "after step 1 the loss on the test pictures was no longer a finite number" in result.note
    assert (result.evaluation, result.weights) == (None, {})


def test_a_validation_loss_that_is_not_finite_is_no_row():
    result = run(DIVERGING.change(epochs=2, batch_size=48, val_fraction=0.25))
    assert result.state == "diverged"
    assert "after step 1 the loss on the validation pictures" in result.note
    assert result.epochs == ()


def test_a_run_that_is_stopped_when_it_has_diverged_has_diverged(monkeypatch):
    monkeypatch.setattr(recorder_module, "_READ_EVERY_S", math.inf)
    result = run(DIVERGING.change(batch_size=4), should_stop=stop_after(15))
    assert result.state == "diverged"
    assert result.weights == {}


# -- early stopping ----------------------------------------------------------------------------------------

RESTLESS = MLP.change(lr=0.8, val_fraction=0.5, patience=2, epochs=40, batch_size=8)


def test_early_stopping_ends_the_run_and_puts_the_best_weights_back():
    images = made_up(noise=1500)
    result = run(RESTLESS, images=images)
    losses = [row.val_loss for row in result.epochs]
    best = losses.index(min(losses))
    assert len(losses) == best + 1 + 2 < 40
    parts = split(images, RESTLESS, torch.device("cpu"))
    network = build(RESTLESS.model, shape=(1, 8, 8), classes=4, seed=9)
    put_weights(network, result.weights)
    val_loss, _ = loss_and_accuracy(
        logits_of(network, parts.val.x, parts.normalization), parts.val.y, "cross_entropy"
    )
    assert val_loss == min(losses)
    assert result.note == (
        f"Early stopping: of {len(losses)} epochs, epoch {best + 1} had the lowest validation loss "
        f"({min(losses):.4f}); its weights are kept."
    )


def test_the_best_weights_are_put_back_after_a_full_run_too():
    images = made_up(noise=1500)
    full = run(RESTLESS.change(patience=30, epochs=6), images=images)
    losses = [row.val_loss for row in full.epochs]
    assert len(losses) == 6
    assert losses.index(min(losses)) < 5
    cut = run(RESTLESS.change(patience=30, epochs=losses.index(min(losses)) + 1), images=images)
    assert same(full.weights, cut.weights)


# -- precision ---------------------------------------------------------------------------------------------


def process_settings() -> tuple[object, ...]:
    cudnn = torch.backends.cudnn
    return torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark


def test_settings_of_the_process_are_put_back_and_the_next_run_works_even_after_an_exception(monkeypatch):
    monkeypatch.setattr(precision_module, "has_fast_bf16", lambda _device: True)
    before = process_settings()
    during = []

    def break_off(row: Row) -> None:
        if isinstance(row, StepRow):
            during.append(process_settings())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(MLP.change(precision="fast"), on_row=break_off)
    assert during[0] != before
    assert process_settings() == before
    assert run(MLP).state == "finished"


@pytest.mark.parametrize("precision", ["full", "fast"])
def test_products_are_rounded_as_the_config_says_while_a_run_trains(monkeypatch, precision):
    monkeypatch.setattr(precision_module, "has_fast_bf16", lambda _device: True)
    during = set()
    run(MLP.change(precision=precision), on_row=lambda row: during.add((type(row), process_settings()[:2])))
    wanted = {"full": ("highest", False), "fast": ("medium", True)}[precision]
    assert (StepRow, wanted) in during


def test_fast_is_full_where_the_device_is_not_faster_at_bfloat16(monkeypatch):
    monkeypatch.setattr(precision_module, "has_fast_bf16", lambda _device: False)
    config = NOISY.change(model="cnn", channels=(4,))
    assert same(run(config.change(precision="fast")).weights, run(config).weights)


def test_a_fast_cnn_sees_its_new_weights_in_every_step(monkeypatch):
    # Autocast around the whole run would keep bfloat16 copies of the first weights and never learn.
    monkeypatch.setattr(precision_module, "has_fast_bf16", lambda _device: True)
    config = RunConfig().change(
        model="cnn",
        channels=(4,),
        hidden=(16,),
        lr=0.1,
        momentum=0.9,
        batch_size=16,
        epochs=8,
        val_fraction=0.25,
    )
    fast, full = run(config.change(precision="fast")), run(config)
    assert not same(fast.weights, full.weights)
    assert fast.epochs[-1].train_loss == pytest.approx(full.epochs[-1].train_loss, rel=0.1)
    assert fast.epochs[-1].train_loss < 0.5 * fast.epochs[0].train_loss


# -- starting from other weights ---------------------------------------------------------------------------


def test_a_run_starts_from_the_weights_that_it_is_given():
    before = run(MLP)
    tuned = run(MLP.change(start_from="a" * 64, lr=1e-7), start_weights=before.weights)
    assert close(tuned.weights, before.weights)


def test_weights_of_another_network_are_refused():
    wrong = build(MLP.model, shape=(1, 9, 9), classes=4, seed=0).state_dict()
    with pytest.raises(WeightsError, match=r"1\.weight is \[12, 81\] and should be \[12, 64\]"):
        run(MLP.change(start_from="a" * 64), start_weights=wrong)


@pytest.mark.parametrize(
    ("start_from", "weights"),
    [("a" * 64, None), ("", {"1.weight": torch.zeros(1)})],
    ids=["missing", "unasked"],
)
def test_start_weights_come_with_the_name_of_their_run_and_only_so(start_from, weights):
    with pytest.raises(ConfigError, match="needs that run's weights, and only such a run takes any"):
        run(MLP.change(start_from=start_from), start_weights=weights)


# -- what is refused, and what is left behind --------------------------------------------------------------


def test_an_unsound_config_is_refused_before_anything_is_loaded(monkeypatch):
    monkeypatch.setattr(engine, "load", lambda _config: pytest.fail("pictures were loaded"))
    with pytest.raises(ConfigError, match="Learning rate"):
        train(RunConfig().change(lr=-1.0))


@pytest.mark.parametrize("device", ["meta", "cuda:99", "gpu", "", "vulkan"])
def test_a_device_that_cannot_train_is_refused(device):
    with pytest.raises(ConfigError, match=r"use 'auto' or 'cpu'|use auto, cpu, cuda or mps"):
        train(MLP, device=device, images=made_up())


def test_the_resolved_config_has_no_setting_without_effect_and_a_source():
    config = resolved(RunConfig().change(model="softmax", hidden=(3,), dropout=0.5))
    assert config == RunConfig().change(model="softmax", source="full")


def test_the_result_holds_the_resolved_config_and_where_it_was_trained():
    result = run(MLP)
    assert result.config == resolved(MLP)
    assert result.environment["torch"] == torch.__version__
    assert result.environment["threads"] == "1"
    assert min(result.seconds.load, result.seconds.train, result.seconds.evaluate) > 0


def test_weights_are_left_behind_on_the_cpu_in_one_piece_each():
    result = run(NOISY.change(model="cnn", channels=(4, 6)))
    assert all(value.device.type == "cpu" and value.is_contiguous() for value in result.weights.values())
    assert not any(value.requires_grad for value in result.weights.values())


def test_own_pictures_that_changed_are_read_again(tmp_path):
    folder = tmp_path / "shapes"

    def draw(shade: int) -> None:
        for label in ("a", "b"):
            (folder / label).mkdir(parents=True, exist_ok=True)
            for number in range(4):
                Image.new("L", (8, 8), shade + number).save(folder / label / f"{number}.png")

    config = RunConfig().change(dataset="own", path=str(folder), side=8, grey=True).data
    draw(10)
    first = engine.load(config)
    assert engine.load(config) is first
    draw(100)
    assert engine.load(config).train_x.min() >= 100
