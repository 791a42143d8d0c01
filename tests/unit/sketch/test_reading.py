"""What networks read, and the maps of the pixels that made them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashlab.errors import ConfigError
from dashlab.experiments.sketch.reading import NetworkAnswer, evidence, read, sensitivity
from dashlab.settings.run import RunConfig
from dashlab.training.classifier import Classifier
from dashlab.training.models import build
from dashlab.training.results import Started
from dashlab.training.weights import weights_of

DIGITS = tuple("0123456789")


def network(model: str = "mlp", *, seed: int = 0, shape: tuple[int, int, int] = (1, 28, 28)) -> Classifier:
    """A network that has learnt nothing: what is asked of it here holds for any weights."""
    hidden = {"hidden": (32,), "activation": "tanh"} if model == "mlp" else {}
    config = RunConfig().change(model=model, **hidden)  # type: ignore[arg-type]
    started = Started(
        epochs=1, steps_per_epoch=1, parameters=1, train_count=1, val_count=0, test_count=1, classes=DIGITS,
        shape=shape, mean=(0.5,) * shape[0], std=(0.5,) * shape[0], origin="", device="",
    )  # fmt: skip
    return Classifier(config, started, weights_of(build(config.model, shape=shape, classes=10, seed=seed)))


def picture(seed: int = 0) -> np.ndarray:
    """A bright smear in the middle."""
    values = np.random.default_rng(seed).integers(0, 256, (28, 28), dtype=np.uint8)
    values[:6], values[-6:], values[:, :6], values[:, -6:] = 0, 0, 0, 0
    return values


def score(model: Classifier, values: np.ndarray, label: int) -> float:
    inputs = model.normalization(torch.from_numpy(values.copy())[None, None])
    logits = model.network(inputs)[0]
    return float(logits[label] - logits.mean())


def test_each_network_answers_in_its_place() -> None:
    models = {"one": network(seed=1), "two": network(seed=2)}
    answers = read(models, picture())
    assert [answer.name for answer in answers] == ["one", "two"]
    for answer, model in zip(answers, models.values(), strict=True):
        expected = model.probabilities(torch.from_numpy(picture())[None, None])[0]
        assert answer.probabilities == pytest.approx(expected.tolist())


def test_the_best_class_is_the_likeliest() -> None:
    answer = NetworkAnswer("a", DIGITS, (0.1, 0.05, 0.6, *(0.25 / 7,) * 7))
    assert answer.best == 2
    assert answer.confidence == 0.6


def test_a_network_for_other_pictures_says_so() -> None:
    with pytest.raises(ConfigError, match="reads pictures of shape"):
        read({"colour": network(shape=(3, 32, 32))}, picture())


@pytest.mark.parametrize("model", ["softmax", "mlp", "lenet"])
@pytest.mark.parametrize("label", [0, 7])
def test_the_evidence_adds_up_to_what_the_ink_did_to_the_score(model: str, label: int) -> None:
    one = network(model)
    risen = score(one, picture(), label) - score(one, np.zeros((28, 28), np.uint8), label)
    assert evidence(one, picture(), label).sum() == pytest.approx(risen, rel=0.05, abs=0.01)


def test_pixels_without_ink_are_no_evidence() -> None:
    shares = evidence(network(), picture(), 3)
    assert not shares[picture() == 0].any()
    assert shares[picture() > 0].any()


def test_the_evidence_for_all_classes_together_is_none() -> None:
    one = network()
    total = sum(evidence(one, picture(), label) for label in range(10))
    np.testing.assert_allclose(total, 0, atol=1e-5)


def test_sensitivity_is_what_a_dot_of_ink_would_do() -> None:
    one, values = network(), picture()
    for row, column in ((8, 9), (20, 14), (3, 3)):
        dotted = torch.from_numpy(values.copy()).float()[None, None] / 255
        pen = torch.tensor([1.0, 2.0, 1.0])
        dotted[0, 0, row - 1 : row + 2, column - 1 : column + 2] += 0.01 * pen[:, None] * pen / 16
        before = one.network(one.normalization(torch.from_numpy(values.copy())[None, None]))[0, 4]
        after = one.network(one.normalization(dotted))[0, 4]
        expected = float(after - before) / 0.01
        assert sensitivity(one, values, 4)[row, column] == pytest.approx(expected, rel=0.05, abs=1e-3)
