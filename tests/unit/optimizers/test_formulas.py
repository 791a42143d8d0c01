"""The catalogue of formulas: its lines, computed by themselves, are the steps of `torch.optim`."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import Parameter

from dashlab.experiments.optimizers.formula_lines import Moment
from dashlab.experiments.optimizers.formulas import lines, printed
from dashlab.settings.fields import Value
from dashlab.settings.optim import SURFACE_OPTIMIZERS, SurfaceOptimConfig
from dashlab.training.optim import make_optimizer

STEPS = 25
FROM_LINES = [name for name in SURFACE_OPTIMIZERS if name != "lbfgs"]
KNOBS: dict[str, Callable[[random.Random], Value]] = {
    "momentum": lambda dice: dice.choice([0.0, dice.uniform(0.1, 0.95)]),
    "nesterov": lambda dice: dice.random() < 0.4,
    "dampening": lambda dice: dice.choice([0.0, dice.uniform(0.1, 0.9)]),
    "weight_decay": lambda dice: dice.choice([0.0, dice.uniform(0.01, 0.5)]),
    "beta1": lambda dice: dice.uniform(0.0, 0.95),
    "beta2": lambda dice: dice.uniform(0.5, 0.999),
    "eps": lambda dice: 10 ** dice.uniform(-10, -1),
    "alpha": lambda dice: dice.uniform(0.5, 0.99),
    "centered": lambda dice: dice.random() < 0.5,
    "rho": lambda dice: dice.uniform(0.5, 0.99),
    "lr_decay": lambda dice: dice.choice([0.0, dice.uniform(0.01, 0.5)]),
    "amsgrad": lambda dice: dice.random() < 0.5,
    "eta_minus": lambda dice: dice.uniform(0.2, 0.9),
    "eta_plus": lambda dice: dice.uniform(1.05, 2.0),
    "step_min": lambda dice: 10 ** dice.uniform(-6, -2),
    "step_max": lambda dice: dice.uniform(0.2, 2.0),
    "history": lambda dice: dice.randint(1, 10),
}


def drawn(name: str, dice: random.Random) -> SurfaceOptimConfig:
    """An optimizer with random coefficients."""
    racer = SurfaceOptimConfig(optimizer=name, lr=10 ** dice.uniform(-3, -0.5), line_search=False)
    racer = racer.change(**{knob: draw(dice) for knob, draw in KNOBS.items()})
    if racer.nesterov:
        racer = racer.change(momentum=max(racer.momentum, 0.5), dampening=0.0)
    return racer.without_unused().change(line_search=name != "lbfgs").check()


def gradient(w: torch.Tensor) -> torch.Tensor:
    """Of a bowl whose axes are askew, with a ripple that turns signs."""
    curvature = torch.tensor([[2.0, 0.6], [0.6, 1.0]], dtype=torch.float64)
    return curvature @ w + 0.5 * torch.sin(5 * w)


def by_torch(racer: SurfaceOptimConfig) -> np.ndarray:
    point = Parameter(torch.tensor([1.5, -1.1], dtype=torch.float64))
    optimizer = make_optimizer(racer, [point], fused=False)
    seen = [point.detach().numpy().copy()]
    for _ in range(STEPS):

        def closure() -> float:
            point.grad = gradient(point.detach())
            return 0.0

        closure()
        optimizer.step(closure)
        seen.append(point.detach().numpy().copy())
    return np.array(seen)


def by_lines(racer: SurfaceOptimConfig) -> np.ndarray:
    shown = lines(racer)
    w = np.array([1.5, -1.1])
    before = {line.symbol: np.full(2, line.start) for line in shown}
    seen = [w]
    for step in range(1, STEPS + 1):
        g = gradient(torch.from_numpy(w)).numpy()
        moment = Moment(of=racer, t=np.array(float(step)), w=w, now={"g": g}, before=before)
        for line in shown:
            assert line.value is not None
            moment.now[line.symbol] = line.value(moment)
        w, before = w + moment.now["Δ"], dict(moment.now)
        seen.append(w)
    return np.array(seen)


@pytest.mark.parametrize("name", FROM_LINES)
def test_the_lines_of_an_optimizer_give_the_steps_of_torch_whatever_its_coefficients(name: str) -> None:
    dice = random.Random(name)
    for _ in range(20):
        racer = drawn(name, dice)
        wanted = by_torch(racer)
        assert by_lines(racer) == pytest.approx(wanted, rel=1e-8, abs=1e-8), racer


def test_the_direction_of_lbfgs_is_that_of_the_inverse_curvature_of_the_last_steps() -> None:
    dice = random.Random(0)
    for _ in range(30):
        racer = drawn("lbfgs", dice)
        wanted = by_torch(racer)
        w = wanted[0]
        pairs: list[tuple[np.ndarray, np.ndarray]] = []
        for step in range(1, STEPS + 1):
            g = gradient(torch.from_numpy(w)).numpy()
            if np.abs(g).max() <= 1e-7:
                break
            taken = length(racer, step, g) * (-inverse_curvature(pairs[-racer.history :]) @ g)
            assert w + taken == pytest.approx(wanted[step], rel=1e-6, abs=1e-7), (racer, step)
            change = gradient(torch.from_numpy(wanted[step])).numpy() - g
            if (wanted[step] - w) @ change > 1e-10:
                pairs.append((wanted[step] - w, change))
            w = wanted[step]


def length(racer: SurfaceOptimConfig, step: int, g: np.ndarray) -> float:
    return racer.lr * (min(1.0, 1 / np.abs(g).sum()) if step == 1 else 1.0)


def inverse_curvature(pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Nocedal and Wright 2006, equation 7.16: H⁻¹ from the last steps and changes of the gradient."""
    if not pairs:
        return np.eye(2)
    s, y = pairs[-1]
    found: np.ndarray = np.eye(2) * (s @ y) / (y @ y)
    for s, y in pairs:
        turn = np.eye(2) - np.outer(y, s) / (y @ s)
        found = turn.T @ found @ turn + np.outer(s, s) / (y @ s)
    return found


@pytest.mark.parametrize("name", SURFACE_OPTIMIZERS)
def test_a_formula_has_the_terms_that_the_settings_bring_in_and_no_others(name: str) -> None:
    terms = {
        "weight_decay": (r"\lambda", 0.1),
        "momentum": (r"\mu v", 0.9),
        "lr_decay": (r"\gamma", 0.1),
        "amsgrad": (r"\max}", True),
        "centered": (r"\bar g", True),
    }
    for setting, (sign, value) in terms.items():
        plain = SurfaceOptimConfig(optimizer=name, weight_decay=0.0)
        changed = plain.change(**{setting: value})
        assert sign not in "".join(printed(plain)).replace(r"h_{\max}", "")
        assert (sign in "".join(printed(changed)).replace(r"h_{\max}", "")) == plain.is_used(setting)


def test_dampening_is_said_not_to_touch_the_first_gradient() -> None:
    racer = SurfaceOptimConfig(momentum=0.9, dampening=0.5)
    assert r"v_1=g_1" in "".join(printed(racer))
    assert by_lines(racer)[1] == pytest.approx(by_torch(racer)[1])


def test_the_gradient_of_a_noisy_course_is_not_said_to_be_that_of_the_surface() -> None:
    assert lines(SurfaceOptimConfig())[0].latex == r"g_t=\nabla f(w_{t-1})"
    assert r"\xi_t" in lines(SurfaceOptimConfig(), noisy=True)[0].latex


@pytest.mark.parametrize("name", SURFACE_OPTIMIZERS)
def test_no_formula_has_a_stroke_that_would_end_the_cell_of_a_table(name: str) -> None:
    assert not any("|" in line for line in printed(SurfaceOptimConfig(optimizer=name)))


def test_rprop_is_shown_to_remember_its_rates_and_its_gradient_and_plain_sgd_nothing() -> None:
    rates, kept, _step = lines(SurfaceOptimConfig(optimizer="rprop"))[1:]
    assert (rates.kind, rates.memory) == ("rate", "step_size")
    assert (kept.kind, kept.memory) == ("velocity", "prev")
    assert not any(line.memory for line in lines(SurfaceOptimConfig()))
