"""What N(0, 1) becomes when it goes through layer after layer, each a linear one and an activation.

Source:
    He et al. 2015, "Delving deep into rectifiers", section 2.2; Klambauer et al. 2017, "Self-normalizing
    neural networks", section 2.
"""

import math

import torch
from torch import Tensor

from dashlab.experiments.activations.catalogue import applied, title_of
from dashlab.experiments.activations.entries import Chosen
from dashlab.experiments.activations.rows import FLAT, LayeredSignal, SignalRow
from dashlab.experiments.activations.settings import LayersConfig
from dashlab.experiments.activations.shapes import value_and_slope
from dashlab.training.device import stream
from dashlab.training.histograms import histograms

INPUTS = 128
"""So many inputs from N(0, 1) go through together."""
SPAN, STEPS = 8.0, 4001
"""The integral over N(0, 1) that gives an activation its own gain."""


def signals(config: LayersConfig) -> tuple[LayeredSignal, ...]:
    """All activations of a config, from the same inputs through the same weights but for their gain."""
    config.check()
    weights = [
        torch.randn(config.width, config.width, generator=stream(config.seed, f"activations: weight {at}"))
        for at in range(config.layers)
    ]
    x = torch.randn(INPUTS, config.width, generator=stream(config.seed, "activations: input"))
    return tuple(_signal(curve, x, weights, config) for curve in config.entries())


def own_gain(curve: Chosen) -> float:
    """1 / √E f(z)² for z from N(0, 1), by an integral: g that keeps the mean square at 1."""
    z = torch.linspace(-SPAN, SPAN, STEPS, dtype=torch.float64)
    density = torch.exp(-(z**2) / 2)
    square = float((density * applied(curve, z).square()).sum() / density.sum())
    return 1 / math.sqrt(square) if square > 0 else 1.0


def gain_of(curve: Chosen, config: LayersConfig) -> float:
    """g of the weights' N(0, g²/n)."""
    return {"one": 1.0, "relu": math.sqrt(2)}.get(config.gain) or own_gain(curve)


def _signal(curve: Chosen, x: Tensor, weights: list[Tensor], config: LayersConfig) -> LayeredSignal:
    gain = gain_of(curve, config)
    rows = []
    for at, weight in enumerate(weights):
        inner = x @ weight.T * (gain / math.sqrt(config.width))
        seed, train = config.seed + at, config.mode == "train"
        x, slope = value_and_slope(lambda z, s=seed, t=train: applied(curve, z, train=t, seed=s), inner)  # type: ignore[misc]
        rows.append(_row(at + 1, x, slope))
    return LayeredSignal(title=title_of(curve), gain=gain, rows=tuple(rows))


def _row(layer: int, x: Tensor, slope: Tensor) -> SignalRow:
    exact = x.double()
    return SignalRow(
        layer=layer,
        mean=float(exact.mean()),
        std=float(exact.std()),
        between=float(exact.var(0).mean().sqrt()),
        zeros=float((x == 0).double().mean()),
        saturated=float((slope.abs() < FLAT).double().mean()),
        gradient=float(slope.double().square().mean().sqrt()),
        outputs=histograms(x.flatten()[None])[0],
    )
