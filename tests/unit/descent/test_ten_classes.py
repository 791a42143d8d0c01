"""Softmax regression by hand: the same as `torch.nn` at every step that is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from dashlab.charts.descent import ten_classes as charts
from dashlab.data.images import load_images
from dashlab.experiments.descent import ten_classes_words as words
from dashlab.experiments.descent.presets import TEN_CLASSES
from dashlab.experiments.descent.ten_classes import (
    kept_steps,
    naive_softmax,
    regress,
    stable_softmax,
    two_softmaxes,
)
from dashlab.experiments.descent.ten_classes_settings import (
    TenClassesConfig,
    TenClassesRow,
    pack_weights,
    unpack_weights,
)
from dashlab.settings.run import RunConfig
from dashlab.training.engine import train
from dashlab.training.study import Tick

SMALL = TenClassesConfig(dataset="mnist", train_size=2000, epochs=3)


def trained(config: TenClassesConfig) -> list[TenClassesRow]:
    return [row for row in regress(config) if not isinstance(row, Tick)]


@pytest.fixture(scope="module")
def rows() -> Sequence[TenClassesRow]:
    return trained(SMALL)


def test_by_hand_and_by_torch_are_the_same_at_every_step_that_is_kept(rows: Sequence[TenClassesRow]) -> None:
    assert [row.step for row in rows] == list(kept_steps(24))
    assert all(row.apart < 1e-6 for row in rows)
    assert all(row.loss == pytest.approx(row.torch_loss, abs=1e-6) for row in rows)
    assert sum(len(row.losses) for row in rows) == 24


def test_it_is_what_the_trainer_trains_at_the_same_seed(rows: Sequence[TenClassesRow]) -> None:
    config = RunConfig().change(
        dataset="mnist", model="softmax", normalize="none", init="normal", init_std=0.01, optimizer="sgd",
        lr=0.1, batch_size=256, epochs=3, seed=0,
    )  # fmt: skip
    images = load_images("mnist")
    few = type(images)(**{
        **{name: getattr(images, name) for name in images.__slots__},
        "train_x": images.train_x[:2000], "train_y": images.train_y[:2000],
    })  # fmt: skip
    result = train(config, device="cpu", images=few)
    (weight,) = (value for value in result.weights.values() if value.dim() == 2)
    assert rows[-1].matrix() == pytest.approx(weight.numpy(), abs=1e-5)
    assert result.evaluation is not None
    assert rows[-1].test_accuracy == pytest.approx(result.evaluation.accuracy, abs=5e-4)


def test_accuracy_is_read_at_the_end_alone(rows: Sequence[TenClassesRow]) -> None:
    assert [row.test_accuracy is None for row in rows] == [True] * (len(rows) - 1) + [False]
    assert (rows[-1].test_accuracy or 0) > 0.75
    assert "% are classified correctly; the test accuracy is" in words.result_words(rows[-1])
    assert words.result_words(rows[0]) == ""
    assert "differ by at most" in words.same_words(rows)


def test_weights_come_back_from_their_text() -> None:
    weights = np.random.default_rng(0).normal(size=(10, 784)).astype(np.float32)
    assert (unpack_weights(pack_weights(weights)) == weights).all()


def test_the_naive_softmax_overflows_where_the_stable_one_does_not() -> None:
    outputs = np.array([0.5, 2.0, 1.0])
    small, large = two_softmaxes(outputs, 1.0), two_softmaxes(outputs, 100.0)
    assert small.naive == pytest.approx(small.stable, abs=1e-6)
    assert math.isnan(large.naive[1])
    assert np.isfinite(large.stable).all()
    assert large.stable == pytest.approx([0, 1, 0], abs=1e-6)
    assert large.largest == pytest.approx(88.72, abs=0.01)
    assert "divides ∞ by ∞" in words.overflow_words(large)
    assert "both softmaxes give the same" in words.overflow_words(small)
    z = torch.randn(4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.allclose(naive_softmax(z), torch.softmax(z, -1))
    assert torch.allclose(stable_softmax(1000 * z), torch.softmax(1000 * z, -1))


def test_the_preset_overflows_on_its_picture() -> None:
    config = TEN_CLASSES["overflow"].config
    row = trained(config.change(train_size=4000, epochs=4).computed())[-1]
    images = load_images("fashion", source="bundled")
    outputs = row.matrix() @ (images.test_x[0].numpy().ravel() / 255) + np.array(row.biases)
    assert np.isnan(two_softmaxes(outputs, config.scale).naive).any()


def test_each_frame_has_the_weights_of_its_step(rows: Sequence[TenClassesRow]) -> None:
    figure = charts.replay(rows, len(rows) - 1, tuple("0123456789")).to_dict()
    assert len(figure["frames"]) == len(rows)
    sheets = {frame["data"][0]["z"]["bdata"] for frame in figure["frames"]}
    assert len(sheets) == len(rows)
    bars = charts.error(np.array([0.2, 0.5, 0.3]), 1, ("a", "b", "c")).data
    assert list(bars[1].y) == pytest.approx([0.2, -0.5, 0.3])


def test_a_rate_that_is_too_large_is_said() -> None:
    rows = trained(SMALL.change(lr=10.0, epochs=1))
    assert all(row.apart < 1e-6 for row in rows)
    assert words.error_words("a", "b", 0.5, 3).startswith("At step 3 the picture is taken for b")
    assert words.error_words("a", "a", 0.5, 3).startswith("At step 3 the picture, a, is predicted correctly")
