"""A trained network ready to read pictures."""

from collections.abc import Mapping

import torch
from torch import Tensor

from dashlab.errors import ConfigError, WeightsError
from dashlab.settings.run import RunConfig
from dashlab.training.batches import Normalization
from dashlab.training.evaluate import logits_of
from dashlab.training.models import build, memory_format
from dashlab.training.results import Result, Started
from dashlab.training.weights import put_weights


class Classifier:
    """The network of a run with its weights, in eval mode on the CPU, and the run's normalisation.

    Raises:
        WeightsError: the run diverged and left no weights, or they do not fit the network that the config
            describes.
    """

    def __init__(self, config: RunConfig, started: Started, weights: Mapping[str, Tensor]) -> None:
        if not weights:
            raise WeightsError("This run diverged and left no weights: choose another run.")
        self.shape = started.shape
        self.classes = started.classes
        self.normalization = Normalization(started.mean, started.std)
        self.network = build(config.model, shape=self.shape, classes=len(self.classes), seed=0)
        put_weights(self.network, weights)
        self.network.eval().requires_grad_(False)

    @staticmethod
    def of(result: Result) -> "Classifier":
        """The classifier that a run left behind."""
        return Classifier(result.config, result.started, result.weights)

    def probabilities(self, pictures: Tensor) -> Tensor:
        """Softmax of the outputs for uint8 [N, C, H, W]: float32 [N, K].

        Raises:
            ConfigError: the pictures have another shape than those that the network was trained on.
        """
        self._check(pictures)
        return logits_of(self.network, pictures, self.normalization).softmax(1)

    def saliency(self, picture: Tensor, label: int) -> Tensor:
        """How strongly each pixel moves the logit of class `label`.

        Args:
            picture: uint8 [1, C, H, W].
            label: index into `classes`.

        Returns:
            float32 [H, W], the gradient of the logit with respect to the pixel in [0, 1], summed over
            channels. Above 0 a brighter pixel speaks for the class, below 0 against it.

        Source:
            Simonyan, Vedaldi and Zisserman 2014, section 3 (with the sign kept).
        """
        self._check(picture)
        pixels = (picture.float() / 255).requires_grad_(True)
        x = self.normalization(pixels).contiguous(memory_format=memory_format(self.network))
        (gradient,) = torch.autograd.grad(self.network(x)[0, label], pixels)
        return gradient[0].sum(0)

    def _check(self, pictures: Tensor) -> None:
        if tuple(pictures.shape[1:]) != self.shape:
            raise ConfigError(
                f"This network reads pictures of shape {list(self.shape)}; "
                f"these are {list(pictures.shape[1:])}."
            )
