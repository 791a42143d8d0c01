"""The same config gives the same numbers, whatever goes on beside it; the test set is read once."""

import json
import math
import subprocess
import sys
import threading
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dashlab.settings.fields import Value
from dashlab.training import engine
from dashlab.training import recorder as recorder_module
from dashlab.training.batches import Part, split
from dashlab.training.evaluate import evaluate, logits_of, loss_and_accuracy
from dashlab.training.models import build
from dashlab.training.results import Evaluation
from dashlab.training.weights import put_weights
from tests.typed import there
from tests.unit.pictures import made_up
from tests.unit.training.runs import MLP, NOISY, mark, run, same

pytestmark = pytest.mark.sameness

# -- the same config, the same numbers ---------------------------------------------------------------------


def test_the_same_config_gives_the_same_result_to_the_bit() -> None:
    one, other = run(NOISY), run(NOISY)
    assert same(one.weights, other.weights)
    assert one.steps == other.steps
    assert [row.val_loss for row in one.epochs] == [row.val_loss for row in other.epochs]
    assert torch.equal(there(one.evaluation).probabilities, there(other.evaluation).probabilities)


def test_another_seed_gives_another_result() -> None:
    assert not same(run(NOISY).weights, run(NOISY.change(seed=1)).weights)


def test_two_runs_at_once_in_two_threads_give_what_single_runs_give() -> None:
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


def test_two_processes_at_once_give_what_this_one_gives() -> None:
    code = (
        "import json, sys, torch; torch.set_num_threads(1); from dashlab.settings.run import RunConfig; "
        "from tests.unit.training.runs import mark, run; "
        "sys.stdout.write(mark(run(RunConfig.from_json(json.loads(sys.argv[1]))).weights))"
    )
    command = [sys.executable, "-c", code, json.dumps(NOISY.to_json())]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0] for process in processes] == [mark(run(NOISY).weights)] * 2


def test_draws_from_the_global_generator_by_others_change_nothing() -> None:
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


def test_training_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    run(NOISY)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("every_s", [0.0, math.inf])
def test_the_rows_do_not_depend_on_how_often_the_device_is_asked(
    monkeypatch: pytest.MonkeyPatch, every_s: float
) -> None:
    usual = run(NOISY)
    monkeypatch.setattr(recorder_module, "_READ_EVERY_S", every_s)
    other = run(NOISY)
    assert other.steps == usual.steps
    assert [row.train_loss for row in other.epochs] == [row.train_loss for row in usual.epochs]


@pytest.mark.parametrize("change", [{"dropout": 0.5}, {"batchnorm": True}, {"optimizer": "adam"}], ids=str)
def test_twins_that_differ_in_one_thing_take_their_first_step_on_the_same_batch(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Value]
) -> None:
    seen = []
    monkeypatch.setattr(engine.Run, "_step", lambda _run, x, y: seen.append((x.clone(), y.clone())))
    monkeypatch.setattr(recorder_module.Recorder, "end_epoch", lambda *_args, **_more: None)
    run(MLP)
    plain = seen.copy()
    seen.clear()
    run(MLP.change(**change))
    assert len(plain) == 12
    for (x, y), (x2, y2) in zip(plain, seen, strict=True):
        assert torch.equal(x, x2)
        assert torch.equal(y, y2)


# -- validation and test -----------------------------------------------------------------------------------


def test_the_test_set_has_no_influence_on_training() -> None:
    one, other = run(NOISY), run(NOISY, images=made_up(test_seed=9, test=40))
    assert same(one.weights, other.weights)
    assert one.steps == other.steps
    assert [row.val_loss for row in one.epochs] == [row.val_loss for row in other.epochs]
    assert there(one.evaluation).loss != there(other.evaluation).loss


def test_validation_does_not_disturb_training(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = run(NOISY)
    monkeypatch.setattr(engine.Run, "_validate", lambda _run: None)
    assert same(run(NOISY).weights, watched.weights)


def test_the_test_set_is_read_once_after_the_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[object] = []

    def noted(network: nn.Module, part: Part, *arguments: Any, **more: Any) -> Evaluation:
        events.append(("evaluate", len(part)))
        return evaluate(network, part, *arguments, **more)

    monkeypatch.setattr(engine, "evaluate", noted)
    run(NOISY, images=made_up(test=20), on_row=events.append)
    assert events[-1] == ("evaluate", 20)
    assert sum(isinstance(event, tuple) for event in events) == 1


def test_validation_never_sees_a_test_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    images = made_up()
    seen: list[Tensor] = []

    def noted(network: nn.Module, pictures: Tensor, *more: Any) -> Tensor:
        seen.append(pictures)
        return logits_of(network, pictures, *more)

    monkeypatch.setattr(engine, "logits_of", noted)
    run(NOISY, images=images)
    assert len(seen) == NOISY.loop.epochs
    for pictures in seen:
        assert len(pictures) == 16
        assert (pictures[:, None] == images.train_x).flatten(2).all(2).any(1).all()


def test_test_figures_are_those_of_the_weights_that_are_left_behind() -> None:
    images = made_up()
    result = run(NOISY, images=images)
    network = build(NOISY.model, shape=(1, 8, 8), classes=4, seed=9)
    put_weights(network, result.weights)
    parts = split(images, NOISY, torch.device("cpu"))
    logits = logits_of(network, images.test_x, parts.normalization)
    assert (there(result.evaluation).loss, there(result.evaluation).accuracy) == loss_and_accuracy(
        logits, images.test_y, "cross_entropy"
    )
    assert torch.equal(there(result.evaluation).probabilities, logits.softmax(1))
    for true, row in enumerate(there(result.evaluation).confusion):
        guesses = logits.argmax(1)[images.test_y == true]
        assert row == tuple(guesses.bincount(minlength=4).tolist())


def test_validation_figures_are_measured_in_eval_mode_without_smoothing_or_penalties() -> None:
    config = NOISY.change(epochs=1, label_smoothing=0.3, l2=0.1)
    images = made_up()
    result = run(config, images=images)
    network = build(config.model, shape=(1, 8, 8), classes=4, seed=9)
    put_weights(network, result.weights)
    parts = split(images, config, torch.device("cpu"))
    logits = logits_of(network, parts.val.x, parts.normalization)
    row = result.epochs[0]
    assert row.val_loss == pytest.approx(nn.functional.cross_entropy(logits, parts.val.y).item())
