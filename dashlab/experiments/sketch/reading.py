"""Drawn digits read by trained networks, and which pixels made them read what they did."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dashlab.training.classifier import Classifier
from dashlab.training.models import memory_format

Map = NDArray[np.float32]  # [28, 28]

_PATH_STEPS = 16


@dataclass(frozen=True, slots=True)
class NetworkAnswer:
    """What one network makes of a picture."""

    name: str
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]

    @property
    def best(self) -> int:
        """The index of the likeliest class."""
        return max(range(len(self.probabilities)), key=self.probabilities.__getitem__)

    @property
    def confidence(self) -> float:
        """The probability of the likeliest class."""
        return self.probabilities[self.best]


def read(models: Mapping[str, Classifier], picture: NDArray[np.uint8]) -> tuple[NetworkAnswer, ...]:
    """What each of the named networks reads in a picture [28, 28], in their order.

    Raises:
        ConfigError: a network takes pictures of another shape.
    """
    batch = torch.from_numpy(np.array(picture))[None, None]
    return tuple(
        NetworkAnswer(name, model.classes, tuple(model.probabilities(batch)[0].tolist()))
        for name, model in models.items()
    )


def evidence(model: Classifier, picture: NDArray[np.uint8], label: int) -> Map:
    """How much the ink of each pixel of [28, 28] spoke for class `label`, below 0 against it.

    The pixels' shares add up to how far the picture as a whole lifts the logit of the class above the mean
    of all logits, from where it stands for a black picture. Pixels without ink have none.

    Source:
        Integrated gradients from a black picture: Sundararajan, Taly and Yan 2017, section 3.
    """
    ink = torch.from_numpy(np.array(picture)).float().div_(255)
    middles = (torch.arange(_PATH_STEPS) + 0.5) / _PATH_STEPS
    path = (ink * middles[:, None, None])[:, None].requires_grad_(True)  # [S, 1, 28, 28]
    inputs = model.normalization(path).contiguous(memory_format=memory_format(model.network))
    logits = model.network(inputs)
    (gradients,) = torch.autograd.grad((logits[:, label] - logits.mean(1)).sum(), path)
    return np.asarray((gradients[:, 0].mean(0) * ink).numpy(), dtype=np.float32)


def sensitivity(model: Classifier, picture: NDArray[np.uint8], label: int) -> Map:
    """How more ink at each pixel of [28, 28], drawn already or not, would move the logit of class `label`.

    The gradient, smoothed over neighbours: one pixel alone is never drawn.

    Source:
        Simonyan, Vedaldi and Zisserman 2014, section 3, with the sign kept.
    """
    batch = torch.from_numpy(np.array(picture))[None, None]
    gradient = model.saliency(batch, label)[None, None]
    pen = torch.tensor([1.0, 2.0, 1.0])
    kernel = (pen[:, None] * pen[None, :] / 16)[None, None]
    smooth = torch.nn.functional.conv2d(gradient, kernel, padding=1)[0, 0]
    return np.asarray(smooth.numpy(), dtype=np.float32)
