"""What a call of an activation takes on this machine, measured."""

import statistics
import time
from collections.abc import Callable, Sequence

import torch

from dashlab.experiments.activations.catalogue import build, title_of
from dashlab.experiments.activations.entries import Chosen
from dashlab.experiments.activations.rows import Cost
from dashlab.training.device import stream

VALUES = 100_000
ROUNDS = 15


def costs(curves: Sequence[Chosen], *, values: int = VALUES, rounds: int = ROUNDS) -> tuple[Cost, ...]:
    """Nanoseconds for each number, float32 on the CPU, in this process with its threads.

    The activations take turns, so that a machine that is busy for a moment is so for all of them.

    Args:
        curves: the activations, each with its settings.
        values: how many numbers from N(0, 1) a call takes.
        rounds: how often each is called; the median counts.
    """
    x = torch.randn(values, generator=stream(0, "activations: cost"))
    modules = [build(curve).float() for curve in curves]
    calls = [_calls(module, x) for module in modules]
    times: list[tuple[list[float], list[float]]] = [([], []) for _ in curves]
    for turn in range(rounds + 1):
        for (forward, both), (one, other) in zip(calls, times, strict=True):
            took = _seconds(forward), _seconds(both)
            if turn:  # the first call of each is only to warm up
                one.append(took[0])
                other.append(took[1])
    return tuple(
        Cost(
            title=title_of(curve),
            forward_ns=1e9 * statistics.median(one) / values,
            both_ns=1e9 * statistics.median(other) / values,
        )
        for curve, (one, other) in zip(curves, times, strict=True)
    )


def _calls(module: torch.nn.Module, x: torch.Tensor) -> tuple[Callable[[], object], Callable[[], object]]:
    leaf, upstream = x.clone().requires_grad_(), torch.ones_like(x)

    def forward() -> object:
        with torch.no_grad():
            return module(x)

    def both() -> object:
        return torch.autograd.grad(module(leaf), leaf, upstream)

    return forward, both


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
