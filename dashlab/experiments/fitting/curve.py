"""Polynomials of every degree on noisy points, and bias, variance and noise measured over many samples.

All degrees are fitted at once. In a basis of Legendre polynomials one QR decomposition A = QR of all columns
holds those of the first columns alone, so that a fit of degree d needs no decomposition of its own.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dashlab.experiments.fitting.lasso import lasso
from dashlab.experiments.fitting.settings import MOST_DEGREE, CurveConfig
from dashlab.training.device import stream

Array = NDArray[np.float64]

TERMS = MOST_DEGREE + 1
GRID = 201
"""A curve is drawn, and bias and variance are measured, at so many places evenly over [−1, 1]."""
FRESH = 200
"""New points on which each fit's error is measured."""


@dataclass(frozen=True, slots=True)
class CurveSample:
    """One sample and its fits; errors are mean squared ones, by degree from 0."""

    x: Array  # [points], in [−1, 1]
    y: Array  # [points]
    grid: Array  # [GRID]
    truth: Array  # [GRID]
    fits: Array  # [TERMS, GRID], by degree
    before: Array  # [kept, TERMS, GRID]: fits of the samples before, the last one first
    coefficients: Array  # [TERMS, TERMS]: of the Legendre polynomials, by degree; 0 above it
    training: Array  # [TERMS]
    validation: Array  # [TERMS], on new points


@dataclass(frozen=True, slots=True)
class ErrorParts:
    """What the expected error is made of, measured over many samples, by degree from 0."""

    grid: Array  # [GRID]
    truth: Array  # [GRID]
    mean: Array  # [TERMS, GRID]: the mean of all fits
    spread: Array  # [TERMS, GRID]: their standard deviation
    bias2: Array  # [TERMS]: (mean − truth)² over the grid, less what the mean of so many fits wanders by
    variance: Array  # [TERMS]: mean squared distance of the fits from their mean, over the grid
    noise: float  # σ²: what no fit can predict
    measured: Array  # [TERMS]: mean squared error on new points with new noise
    standard_error: Array  # [TERMS]: of `measured`, over the samples
    training: Array  # [TERMS]: mean squared error on the sample's own points
    resamples: int

    @property
    def expected(self) -> Array:
        """[degrees]: bias² + variance + noise."""
        total: Array = self.bias2 + self.variance + self.noise
        return total


def sample(config: CurveConfig) -> CurveSample:
    """The sample that `config.seed` draws, and the fits of those before it.

    Raises:
        ConfigError: a setting is unsound.
    """
    config.check()
    seeds = [config.seed, *(seed for back in range(1, config.faint + 1) if (seed := config.seed - back) >= 0)]
    drawn = [_draw(config, 1, f"curve: sample {seed}") for seed in seeds]
    x, y = torch.cat([one for one, _ in drawn]), torch.cat([other for _, other in drawn])
    found = fit(x, y, config)
    grid = _grid()
    fits = evaluate(grid.expand(len(x), -1), found)
    new_x, new_y = _new_points(config, 1, f"curve: validation {config.seed}")
    return CurveSample(
        x=x[0].numpy(),
        y=y[0].numpy(),
        grid=grid.numpy(),
        truth=truth(grid, config).numpy(),
        fits=fits[0].numpy(),
        before=fits[1:].numpy(),
        coefficients=found[0].numpy(),
        training=_errors(x[:1], y[:1], found[:1])[0].numpy(),
        validation=_errors(new_x, new_y, found[:1])[0].numpy(),
    )


def decompose(config: CurveConfig) -> ErrorParts:
    """Bias², variance and noise, and beside them the error that is measured on new points.

    Bias² and variance are means over the grid. What is measured is another thing: every fit is tried on new
    points with new noise of its own.

    Source:
        Geman, Bienenstock and Doursat 1992, "Neural networks and the bias/variance dilemma", equation 3.7.

    Raises:
        ConfigError: a setting is unsound.
    """
    config.check()
    x, y = _draw(config, config.resamples, "curve: resamples")
    found = fit(x, y, config)
    grid = _grid()
    fits = evaluate(grid.expand(len(x), -1), found)
    mean = fits.mean(0)
    spread = fits.var(0)
    under = truth(grid, config)
    off = (fits - under).square().mean((0, 2))  # of all fits from the truth: bias² and variance together
    # The mean of R fits wanders by variance / R about that of all that could be drawn: that is no bias.
    bias2 = ((mean - under).square() - spread / config.resamples).mean(1).clamp_min(0)
    errors = _errors(*_new_points(config, config.resamples, "curve: new points"), found)
    return ErrorParts(
        grid=grid.numpy(),
        truth=under.numpy(),
        mean=mean.numpy(),
        spread=spread.sqrt().numpy(),
        bias2=bias2.numpy(),
        variance=(off - bias2).numpy(),
        noise=config.noise**2,
        measured=errors.mean(0).numpy(),
        standard_error=(errors.std(0) / math.sqrt(config.resamples)).numpy(),
        training=_errors(x, y, found).mean(0).numpy(),
        resamples=config.resamples,
    )


def truth(x: Tensor, config: CurveConfig) -> Tensor:
    """What lies under the noise: [...] for x [...], whose numbers are in −1 … 1."""
    return {
        "sine": torch.sin(math.pi * x),
        "cubic": 3 * x**3 - 2 * x,
        "bump": torch.exp(-20 * x**2),
        "step": torch.where(x < 0, -0.5, 0.5).to(x.dtype),
        "line": 0.8 * x,
    }[config.function]


def legendre(x: Tensor, terms: int = TERMS) -> Tensor:
    """Legendre polynomials of x, [...] -> [..., terms], scaled so that the mean square over [−1, 1] is 1.

    By Bonnet's recursion, which loses no digits within [−1, 1], as powers of x do.
    """
    columns = [torch.ones_like(x), x]
    for k in range(1, terms - 1):
        columns.append(((2 * k + 1) * x * columns[k] - k * columns[k - 1]) / (k + 1))
    scale = torch.sqrt(2 * torch.arange(terms, dtype=x.dtype) + 1)
    return torch.stack(columns[:terms], -1) * scale


def fit(x: Tensor, y: Tensor, config: CurveConfig) -> Tensor:
    """Coefficients of all degrees for each sample: x, y [R, n] -> [R, degree, term], 0 above the degree.

    Without a penalty and with as many coefficients as points or more, of all that pass through the points
    those with the smallest Σ c².
    """
    design = legendre(x)
    if config.penalty == "l1":
        return torch.from_numpy(lasso(design.numpy(), y.numpy(), config.strength))
    if config.penalty == "l2":
        return _nested(*_with_ridge(design, y, config.strength))
    points = x.shape[1]
    if points >= TERMS:
        return _nested(design, y)
    found = torch.zeros(len(x), TERMS, TERMS, dtype=x.dtype)
    found[:, :points, :points] = _nested(design[:, :, :points], y)
    for degree in range(points, TERMS):
        shortest = torch.linalg.lstsq(design[:, :, : degree + 1], y[:, :, None], driver="gelsd")
        found[:, degree, : degree + 1] = shortest.solution[:, :, 0]
    return found


def evaluate(x: Tensor, coefficients: Tensor) -> Tensor:
    """Fits of all degrees at x: [R, m], [R, degree, term] -> [R, degree, m]."""
    return coefficients @ legendre(x).mT


def _nested(design: Tensor, y: Tensor) -> Tensor:
    """Least squares with the first column, the first two, and so on: [R, n, P], [R, n] -> [R, P, P].

    With A = QR the first k coefficients are R⁻¹ₖ (Qᵀy)ₖ, and R⁻¹ₖ is a corner of R⁻¹.
    """
    q, r = torch.linalg.qr(design)
    along = (q.mT @ y[:, :, None])[:, :, 0]  # Qᵀy
    inverse = torch.linalg.solve_triangular(r, torch.eye(r.shape[-1], dtype=r.dtype).expand_as(r), upper=True)
    found: Tensor = (inverse * along[:, None]).cumsum(2).mT
    return found


def _with_ridge(design: Tensor, y: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """Rows that stand for the penalty: to bring √(nλ/2)·c near 0 is to make ½ λ Σ c² small."""
    count, points, terms = design.shape
    rows = torch.full((terms,), math.sqrt(points * strength / 2), dtype=design.dtype)
    rows[0] = 0.0  # the constant goes free
    below = torch.diag(rows).expand(count, -1, -1)
    return torch.cat((design, below), 1), torch.cat((y, torch.zeros(count, terms, dtype=y.dtype)), 1)


def _errors(x: Tensor, y: Tensor, coefficients: Tensor) -> Tensor:
    """Mean squared error of each fit: [R, m], [R, m], [R, degree, term] -> [R, degree]."""
    return (evaluate(x, coefficients) - y[:, None]).square().mean(2)


def _draw(config: CurveConfig, count: int, purpose: str) -> tuple[Tensor, Tensor]:
    """Samples of points, each [count, points]."""
    generator = stream(0, purpose)
    shape = count, config.points
    x = 2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1
    if config.spacing == "even":
        x = torch.linspace(-1, 1, config.points, dtype=torch.float64).expand(shape)
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    return x, truth(x, config) + config.noise * noise


def _new_points(config: CurveConfig, count: int, purpose: str) -> tuple[Tensor, Tensor]:
    return _draw(config.change(spacing="random", points=FRESH), count, purpose)


def _grid() -> Tensor:
    return (2 * torch.arange(GRID, dtype=torch.float64) + 1) / GRID - 1
