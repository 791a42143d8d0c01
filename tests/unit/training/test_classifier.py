"""A trained network reading pictures: probabilities and saliency."""

import pytest
import torch

from dashlab.errors import ConfigError, WeightsError
from dashlab.settings.fields import Value
from dashlab.settings.run import RunConfig
from dashlab.training.classifier import Classifier
from dashlab.training.engine import train
from dashlab.training.models import build
from dashlab.training.results import Result
from tests.typed import there
from tests.unit.pictures import made_up

IMAGES = made_up(64, 24)
CONFIG = RunConfig().change(hidden=(12,), dropout=0.5, batchnorm=True, lr=0.1, batch_size=16, epochs=2)


@pytest.fixture(scope="module")
def result() -> Result:
    return train(CONFIG, images=IMAGES, device="cpu")


@pytest.fixture(scope="module")
def classifier(result: Result) -> Classifier:
    return Classifier.of(result)


@pytest.mark.sameness
def test_it_reads_the_test_set_as_the_run_did(classifier: Classifier, result: Result) -> None:
    assert torch.equal(classifier.probabilities(IMAGES.test_x), there(result.evaluation).probabilities)


CONVOLVE: dict[str, dict[str, Value]] = {
    "cnn": {"model": "cnn", "channels": (4,)},
    "cnn of two blocks": {"model": "cnn", "channels": (16, 32)},
    "resnet": {"model": "resnet", "channels": (8, 16), "dropout": 0.0},
    "lenet": {"model": "lenet", "batchnorm": False},
}


@pytest.fixture(scope="module", params=CONVOLVE)
def convolves(request: pytest.FixtureRequest) -> Result:
    images = made_up(64, 24, shape=(3, 16, 16))
    settings: dict[str, Value] = {"normalize": "dataset", **CONVOLVE[request.param]}
    return train(CONFIG.change(**settings).without_unused(), images=images, device="cpu")


CONVOLVED = made_up(64, 24, shape=(3, 16, 16)).test_x


@pytest.mark.sameness
def test_a_network_that_convolves_reads_the_test_set_as_the_run_did(convolves: Result) -> None:
    # To the last bit: the same kernels read the same shapes in the same layout.
    assert torch.equal(
        Classifier.of(convolves).probabilities(CONVOLVED), there(convolves.evaluation).probabilities
    )


@pytest.mark.sameness
def test_a_picture_alone_is_read_as_in_the_test_set_but_for_rounding(convolves: Result) -> None:
    # Another batch shape, so perhaps other kernels: sums of some hundred float32 numbers in another order.
    reader = Classifier.of(convolves)
    alone = torch.cat([reader.probabilities(picture) for picture in CONVOLVED.split(1)])  # type: ignore[no-untyped-call]
    torch.testing.assert_close(alone, there(convolves.evaluation).probabilities, rtol=1e-4, atol=1e-6)


def test_weights_lie_in_memory_alike_in_the_run_and_in_its_classifier(convolves: Result) -> None:
    for reader in (
        Classifier.of(convolves).network,
        build(convolves.config.model, shape=(3, 16, 16), classes=4, seed=1),
    ):
        kernels = [p for p in reader.parameters() if p.dim() == 4]
        assert kernels
        assert all(p.is_contiguous(memory_format=torch.channels_last) for p in kernels)


def test_probabilities_of_a_picture_add_up_to_one(classifier: Classifier) -> None:
    probabilities = classifier.probabilities(IMAGES.test_x[:3])
    assert probabilities.shape == (3, 4)
    assert torch.allclose(probabilities.sum(1), torch.ones(3))


def test_no_pictures_have_no_probabilities(classifier: Classifier) -> None:
    assert classifier.probabilities(IMAGES.test_x[:0]).shape == (0, 4)


def test_reading_twice_gives_the_same_for_there_is_no_dropout(classifier: Classifier) -> None:
    assert torch.equal(classifier.probabilities(IMAGES.test_x), classifier.probabilities(IMAGES.test_x))


def test_saliency_is_the_slope_of_the_logit_along_each_pixel(classifier: Classifier) -> None:
    picture, label, step = IMAGES.test_x[:1], 2, 1 / 255
    saliency = classifier.saliency(picture, label)
    assert saliency.shape == (8, 8)
    for row, column in ((0, 0), (3, 5), (7, 7)):
        pixels = (picture.float() / 255).double()
        ends = []
        for sign in (-1, 1):
            moved = pixels.clone()
            moved[0, 0, row, column] += sign * step
            x = ((moved - 0.5) / 0.5).float()
            ends.append(classifier.network(x)[0, label].item())
        # A network of ReLUs is straight nearly everywhere.
        assert saliency[row, column].item() == pytest.approx(
            (ends[1] - ends[0]) / (2 * step), rel=0.02, abs=1e-3
        )


def test_saliency_sums_the_channels_of_a_colour_picture() -> None:
    images = made_up(32, 8, shape=(3, 8, 8))
    reader = Classifier.of(train(CONFIG, images=images, device="cpu"))
    assert reader.saliency(images.test_x[:1], 0).shape == (8, 8)


def test_saliency_leaves_no_gradient_behind(classifier: Classifier) -> None:
    classifier.saliency(IMAGES.test_x[:1], 0)
    assert all(p.grad is None and not p.requires_grad for p in classifier.network.parameters())


@pytest.mark.parametrize("shape", [(1, 1, 9, 8), (1, 3, 8, 8), (1, 8, 8)], ids=str)
def test_pictures_of_another_shape_are_refused(classifier: Classifier, shape: tuple[int, ...]) -> None:
    pictures = torch.zeros(shape, dtype=torch.uint8)
    with pytest.raises(ConfigError, match=r"This network reads pictures of shape \[1, 8, 8\]; these are"):
        classifier.probabilities(pictures)
    with pytest.raises(ConfigError, match="This network reads pictures of shape"):
        classifier.saliency(pictures, 0)


def test_weights_of_another_network_are_refused(result: Result) -> None:
    with pytest.raises(WeightsError, match="belong to another network"):
        Classifier(CONFIG.change(hidden=(13,)), result.started, result.weights)


def test_a_run_that_diverged_has_no_classifier() -> None:
    ruined = CONFIG.change(lr=100.0, loss="mse", init="normal", init_std=10.0, batchnorm=False, hidden=(8, 8))
    result = train(ruined, images=IMAGES, device="cpu")
    with pytest.raises(WeightsError, match="This run diverged and left no weights: choose another run"):
        Classifier.of(result)
