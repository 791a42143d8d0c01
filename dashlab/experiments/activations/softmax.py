"""Softmax with a temperature: the one activation whose every output depends on all inputs.

Source:
    Bridle 1990; Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network", equation 1.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dashlab.experiments.activations.settings import SoftmaxConfig

Array = NDArray[np.float64]

COLDEST, HOTTEST, STOPS = 0.05, 20.0, 81


@dataclass(frozen=True, slots=True)
class Softmax:
    """Probabilities of some numbers at one temperature, and at all of them."""

    numbers: Array  # [K]
    probabilities: Array  # [K]
    slopes: Array  # [K, K]: ∂p_i/∂z_j, by autograd
    entropy: float  # in nats; ln K where all are alike
    temperatures: Array  # [STOPS]
    over_temperature: Array  # [STOPS, K]

    @property
    def effective(self) -> float:
        """exp(entropy): as many equally likely choices would be as uncertain."""
        return math.exp(self.entropy)


def softmax(config: SoftmaxConfig) -> Softmax:
    """Probabilities, slopes and entropy; raises `ConfigError` where a setting is unsound."""
    config.check()
    z = torch.tensor(config.numbers(), dtype=torch.float64)
    temperatures = torch.logspace(math.log10(COLDEST), math.log10(HOTTEST), STOPS, dtype=torch.float64)
    p = torch.softmax(z / config.temperature, 0)
    slopes = torch.func.jacrev(lambda z: torch.softmax(z / config.temperature, 0))(z)
    return Softmax(
        numbers=z.numpy(),
        probabilities=p.numpy(),
        slopes=slopes.numpy(),
        entropy=float(-torch.special.xlogy(p, p).sum()),
        temperatures=temperatures.numpy(),
        over_temperature=torch.softmax(z / temperatures[:, None], 1).numpy(),
    )
