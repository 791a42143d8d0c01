"""Optimizers against torch's own, and schedules against their formulas."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import Parameter

from dashlab.settings.optim import (
    OPTIMIZERS,
    SURFACE_OPTIMIZERS,
    OptimConfig,
    ScheduleConfig,
    SurfaceOptimConfig,
)
from dashlab.training.optim import joined, make_optimizer, make_schedule


def descend(optimizer: torch.optim.Optimizer, weight: Parameter, *, steps: int = 12) -> torch.Tensor:
    """The weight after a few steps down a crooked bowl."""
    curvature = torch.linspace(0.1, 3, weight.numel()).view_as(weight)
    for _ in range(steps):
        optimizer.zero_grad()
        (curvature * weight.square() + 0.3 * weight).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return weight.detach()


def start() -> Parameter:
    return Parameter(torch.linspace(-1, 1, 24).view(4, 6))


BY_HAND: dict[str, tuple[Callable[..., torch.optim.Optimizer], dict[str, Any]]] = {
    "sgd": (torch.optim.SGD, {"momentum": 0.9, "dampening": 0.1}),
    "adagrad": (torch.optim.Adagrad, {"lr_decay": 0.01, "eps": 1e-6}),
    "rmsprop": (torch.optim.RMSprop, {"alpha": 0.8, "momentum": 0.5, "centered": True, "eps": 1e-6}),
    "adadelta": (torch.optim.Adadelta, {"rho": 0.8, "eps": 1e-6}),
    "adam": (torch.optim.Adam, {"betas": (0.8, 0.95), "eps": 1e-6, "amsgrad": True}),
    "adamw": (torch.optim.AdamW, {"betas": (0.8, 0.95), "eps": 1e-6, "amsgrad": True}),
    "nadam": (torch.optim.NAdam, {"betas": (0.8, 0.95), "eps": 1e-6}),
    "radam": (torch.optim.RAdam, {"betas": (0.8, 0.95), "eps": 1e-6}),
    "adamax": (torch.optim.Adamax, {"betas": (0.8, 0.95), "eps": 1e-6}),
}


@pytest.mark.sameness
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_takes_the_steps_of_torch_with_the_same_coefficients(name: str) -> None:
    kind, coefficients = BY_HAND[name]
    flat = dict(coefficients)
    if "betas" in flat:
        flat["beta1"], flat["beta2"] = flat.pop("betas")
    ours, theirs = start(), start()
    config = OptimConfig(optimizer=name, lr=0.02, weight_decay=0.1, **flat)
    plain = kind([theirs], lr=0.02, weight_decay=0.1, foreach=False, **coefficients)
    # The fused form of an optimizer rounds in another order.
    assert torch.allclose(
        descend(make_optimizer(config, [ours]), ours), descend(plain, theirs), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("name", ["sgd", "adagrad", "adam", "adamw"])
def test_an_optimizer_that_has_a_fused_form_is_fused(name: str) -> None:
    assert make_optimizer(OptimConfig(optimizer=name), [start()]).defaults["fused"] is True


def test_nesterov_reaches_the_optimizer() -> None:
    config = OptimConfig(momentum=0.9, nesterov=True)
    assert make_optimizer(config, [start()]).defaults["nesterov"] is True


def test_adamw_pulls_at_the_weight_itself_and_adam_at_the_gradient() -> None:
    def after_a_step_without_gradient(name: str) -> float:
        weight = Parameter(torch.tensor([2.0]))
        optimizer = make_optimizer(OptimConfig(optimizer=name, lr=0.1, weight_decay=0.5), [weight])
        weight.grad = torch.zeros(1)
        optimizer.step()
        return weight.item()

    assert math.isclose(after_a_step_without_gradient("adamw"), 2 - 0.1 * 0.5 * 2, rel_tol=1e-6)
    assert math.isclose(after_a_step_without_gradient("adam"), 2 - 0.1, rel_tol=1e-6)


def test_radam_takes_any_memory_of_squares_that_the_settings_allow() -> None:
    for beta2 in (0.0, 0.5, 0.6, 0.9):
        weight = start()
        moved = descend(make_optimizer(OptimConfig(optimizer="radam", beta2=beta2), [weight]), weight)
        assert moved.isfinite().all(), beta2


@pytest.mark.sameness
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_plain_form_is_to_the_last_bit_what_torch_takes_by_itself(name: str) -> None:
    kind, coefficients = BY_HAND[name]
    flat = dict(coefficients)
    if "betas" in flat:
        flat["beta1"], flat["beta2"] = flat.pop("betas")
    ours, theirs = start(), start()
    config = OptimConfig(optimizer=name, lr=0.02, weight_decay=0.1, **flat)
    alone = kind([theirs], lr=0.02, weight_decay=0.1, **coefficients)
    assert torch.equal(descend(make_optimizer(config, [ours], fused=False), ours), descend(alone, theirs))


def test_rprop_has_its_own_coefficients() -> None:
    config = SurfaceOptimConfig(optimizer="rprop", eta_minus=0.3, eta_plus=1.5, step_min=1e-4, step_max=2.0)
    group = make_optimizer(config.check(), [start()]).param_groups[0]
    assert (group["etas"], group["step_sizes"]) == ((0.3, 1.5), (1e-4, 2.0))


def test_lbfgs_takes_one_iteration_a_step_and_searches_along_it_where_asked() -> None:
    searching = make_optimizer(SurfaceOptimConfig(optimizer="lbfgs", history=7), [start()]).param_groups[0]
    assert (searching["max_iter"], searching["history_size"]) == (1, 7)
    assert searching["line_search_fn"] == "strong_wolfe"
    plain = SurfaceOptimConfig(optimizer="lbfgs", line_search=False)
    assert make_optimizer(plain, [start()]).param_groups[0]["line_search_fn"] is None


@pytest.mark.sameness
def test_joined_optimizers_do_to_the_last_bit_what_each_does_alone() -> None:
    configs = [
        OptimConfig(optimizer=name, lr=lr)
        for name in ("sgd", "adagrad", "adam", "nadam")
        for lr in (0.01, 0.3)
    ]
    alone, together = [start() for _ in configs], [start() for _ in configs]
    made = [make_optimizer(config, [own], fused=False) for config, own in zip(configs, together, strict=True)]
    few = joined(made)
    assert len(few) == 4
    for _ in range(12):
        for own in together:
            own.grad = 2 * own.detach()
        for optimizer in few:
            optimizer.step()
    for config, own, other in zip(configs, alone, together, strict=True):
        optimizer = make_optimizer(config, [own], fused=False)
        for _ in range(12):
            own.grad = 2 * own.detach()
            optimizer.step()
        assert torch.equal(own, other), config


# Ours of torch's names, where they differ; of a pair, its first and second.
OURS = {
    "betas": ("beta1", "beta2"), "etas": ("eta_minus", "eta_plus"), "step_sizes": ("step_min", "step_max"),
    "history_size": ("history",),
}  # fmt: skip


@pytest.mark.parametrize("name", SURFACE_OPTIMIZERS)
def test_every_default_is_that_of_the_installed_torch(name: str) -> None:
    config = SurfaceOptimConfig(optimizer=name)
    kind = type(make_optimizer(config, [start()]))
    held = set()
    for theirs, parameter in inspect.signature(kind).parameters.items():
        ours = OURS.get(theirs, (theirs,))
        if theirs == "lr" or not set(ours) <= set(config.flat()) or not all(map(config.is_used, ours)):
            continue
        wanted = parameter.default if isinstance(parameter.default, tuple) else (parameter.default,)
        assert tuple(config.flat()[one] for one in ours) == wanted, theirs
        held |= set(ours)
    chosen_here = {"optimizer", "lr", "line_search"}
    assert held == {one for one in config.flat() if config.is_used(one)} - chosen_here


# -- schedules ---------------------------------------------------------------------------------------------


def rates(*, steps_per_epoch: int = 10, epochs: int = 4, lr: float = 0.4, **schedule: Any) -> list[float]:
    """The learning rate of each step of a run."""
    weight = start()
    optimizer = make_optimizer(OptimConfig(lr=lr), [weight])
    scheduler = make_schedule(
        ScheduleConfig(**schedule), optimizer, steps_per_epoch=steps_per_epoch, epochs=epochs
    )
    used = []
    for _ in range(steps_per_epoch * epochs):
        used.append(optimizer.param_groups[0]["lr"])
        weight.grad = torch.zeros_like(weight)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return used


def test_without_a_schedule_the_rate_is_constant() -> None:
    assert set(rates(schedule="none")) == {0.4}


def test_a_step_schedule_drops_by_its_factor_every_few_epochs() -> None:
    wanted = [0.4 * 0.5 ** (step // 20) for step in range(40)]
    assert rates(schedule="step", step_size=2, gamma=0.5) == pytest.approx(wanted)


def test_a_cosine_schedule_is_half_a_cosine_over_the_run() -> None:
    wanted = [0.4 * (1 + math.cos(math.pi * step / 40)) / 2 for step in range(40)]
    assert rates(schedule="cosine") == pytest.approx(wanted)


def cycle(step: int, *, steps: int, warmup: float, top: float, bend: Callable[[float], float]) -> float:
    """Up from top/25 to `top` over the warm-up, down to top/250,000 at the last step (Smith 2018)."""
    peak = warmup * steps - 1
    if step <= peak:
        return top / 25 + (top - top / 25) * bend(step / peak)
    return top + (top / 250_000 - top) * bend((step - peak) / (steps - 1 - peak))


@pytest.mark.parametrize(
    ("name", "bend"),
    [("triangle", lambda share: share), ("one_cycle", lambda share: (1 - math.cos(math.pi * share)) / 2)],
)
def test_one_cycle_rises_and_falls_by_its_formula(name: str, bend: Callable[[float], float]) -> None:
    wanted = [cycle(step, steps=40, warmup=0.25, top=0.4, bend=bend) for step in range(40)]
    assert rates(schedule=name, warmup=0.25) == pytest.approx(wanted)
    assert max(wanted) == 0.4


@pytest.mark.parametrize("steps", range(1, 13))
@pytest.mark.parametrize("name", ["triangle", "one_cycle"])
def test_one_cycle_is_defined_however_short_the_run(name: str, steps: int) -> None:
    for warmup in (0.01, 0.1, 0.2, 0.25, 0.5, 0.99, 1 / 3):  # of some, exactly one step warms up
        used = rates(steps_per_epoch=steps, epochs=1, schedule=name, warmup=warmup)
        assert all(0 < rate <= 0.4 * (1 + 1e-9) for rate in used), warmup


def test_a_schedule_leaves_momentum_alone() -> None:
    weight = start()
    optimizer = make_optimizer(OptimConfig(momentum=0.9), [weight])
    make_schedule(ScheduleConfig(schedule="one_cycle"), optimizer, steps_per_epoch=5, epochs=1)
    assert optimizer.param_groups[0]["momentum"] == 0.9
