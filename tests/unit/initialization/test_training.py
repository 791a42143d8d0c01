"""Which stacks learn: the training against a plain loop, and what is said about it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from dashlab.errors import ConfigError
from dashlab.experiments.initialization.learners import Digits
from dashlab.experiments.initialization.settings import CURES, Setting
from dashlab.experiments.initialization.signals import draw_weight
from dashlab.experiments.initialization.training import LARGEST_CLASS, StackTraining, TrainedRow, verdict
from dashlab.settings.lists import text_of
from dashlab.training.device import stream
from dashlab.training.records import from_plain, plain
from dashlab.training.study import Tick
from tests.typed import there

ORTHOGONAL = Setting(initializer="orthogonal", activation="tanh")
ROW = TrainedRow(setting=0, step=20, loss=0.5, accuracy=0.9, first_gradient=1.0, last_gradient=2.0)


def study(*settings: Setting, **more: float) -> StackTraining:
    small = {"depth": 2, "width": 16, "steps": 20, "batch": 32, "lr": 0.02} | more
    return StackTraining().change(settings=text_of(settings or (ORTHOGONAL,)), **small).check()


def rows_of(one: StackTraining) -> list[TrainedRow]:
    return [row for row in one.rows() if isinstance(row, TrainedRow)]


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits.load("cpu")


def plain_losses(one: StackTraining, digits: Digits) -> list[float]:
    """The same training, written out with `torch.optim` and nothing else of dashlab but the draws."""
    stack = one.stack(ORTHOGONAL)
    inlet = torch.randn(16, 784, generator=stream(one.seed, "inlet")) / 28
    outlet = torch.randn(10, 16, generator=stream(one.seed, "outlet")) / 4
    weights = [
        tensor.requires_grad_() for tensor in (inlet, draw_weight(stack, 0), draw_weight(stack, 1), outlet)
    ]
    optimizer = torch.optim.SGD(weights, lr=one.lr, momentum=0.9)
    order, losses = stream(one.seed, "batches"), []
    for _ in range(one.steps):
        chosen = torch.randint(len(digits.train_y), (one.batch,), generator=order)
        x = digits.train_x[chosen] @ weights[0].T
        for weight in weights[1:3]:
            x = torch.tanh(x @ weight.T)
        loss = functional.cross_entropy(x @ weights[3].T, digits.train_y[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_the_losses_are_those_of_a_plain_loop(digits: Digits) -> None:
    one = study()
    assert [row.loss for row in rows_of(one)] == pytest.approx(plain_losses(one, digits), rel=1e-4)


def test_the_largest_class_of_the_test_pictures_is_as_it_is_said_to_be(digits: Digits) -> None:
    assert (digits.test_y == 1).double().mean() == LARGEST_CLASS
    assert digits.test_y.mode().values == 1


def test_a_small_stack_learns_and_says_so() -> None:
    rows = rows_of(study(steps=150))
    assert verdict(rows) == "learns"
    assert there(rows[-1].test_accuracy) > 0.6
    assert [row.test_accuracy for row in rows[:-1]] == [None] * (len(rows) - 1)


def test_the_settings_of_one_study_do_not_touch_each_other() -> None:
    other = Setting(initializer="normal_fan", activation="relu", cure="batchnorm")
    alone = rows_of(study(ORTHOGONAL))
    together = rows_of(study(other, ORTHOGONAL))
    assert [replace(row, setting=0) for row in together if row.setting == 1] == alone


def test_the_same_study_gives_the_same_rows() -> None:
    assert rows_of(study()) == rows_of(study())


def test_zeros_do_not_learn() -> None:
    rows = rows_of(study(Setting(initializer="zeros", activation="relu"), steps=60))
    assert verdict(rows) == "does not learn"
    assert {row.first_gradient for row in rows} == {0.0}
    assert rows[-1].loss == pytest.approx(math.log(10), rel=1e-3)


def test_a_stack_that_explodes_is_said_to_diverge_and_is_left_alone() -> None:
    exploding = Setting(std=10.0, activation="relu")
    rows = rows_of(study(exploding, ORTHOGONAL, depth=60))
    mine = [row for row in rows if row.setting == 0]
    assert mine[-1].diverged
    assert mine[-1].step < 20
    assert verdict(mine) == f"diverged at step {mine[-1].step}"
    assert max(row.step for row in rows if row.setting == 1) == 20


@pytest.mark.parametrize("cure", CURES)
def test_every_cure_can_be_trained(cure: str) -> None:
    rows = rows_of(study(ORTHOGONAL.change(cure=cure)))
    assert rows[-1].test_accuracy is not None
    assert rows[-1].loss < rows[0].loss


def test_adam_takes_other_steps_than_sgd() -> None:
    sgd, adam = rows_of(study()), rows_of(study().change(optimizer="adam"))
    assert sgd[0].loss == adam[0].loss
    assert sgd[-1].loss != adam[-1].loss


def test_something_is_heard_after_every_step_of_every_setting() -> None:
    ticks = [row for row in study(ORTHOGONAL, ORTHOGONAL).rows() if isinstance(row, Tick)]
    assert [tick.done for tick in ticks] == list(range(41))
    assert {tick.total for tick in ticks[1:]} == {40}


def test_long_trainings_report_at_most_about_a_hundred_rows_each() -> None:
    assert len(rows_of(study(steps=330))) <= 102


def test_a_row_survives_the_way_through_json() -> None:
    row = replace(ROW, loss=math.nan, diverged=True)
    back = from_plain(TrainedRow, plain(row))
    assert math.isnan(back.loss)
    assert replace(back, loss=0.5) == replace(row, loss=0.5)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "not yet begun"),
        ([ROW], "at step 20"),
        ([replace(ROW, test_accuracy=0.5)], "learns"),
        ([replace(ROW, test_accuracy=0.3)], "learns slowly"),
        ([replace(ROW, test_accuracy=0.11)], "does not learn"),
        ([ROW, replace(ROW, step=1200, diverged=True)], "diverged at step 1,200"),
    ],
)
def test_the_verdict_is_that_of_the_last_row(rows: list[TrainedRow], words: str) -> None:
    assert verdict(rows) == words


def test_more_weights_than_can_be_trained_are_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match="take fewer layers or a smaller width"):
        StackTraining(depth=200, width=512).check()
    StackTraining(depth=200, width=256).check()
