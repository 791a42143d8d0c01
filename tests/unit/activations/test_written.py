"""Every formula that is shown, computed beside torch's values and autograd's slopes."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
import torch

from dashlab.experiments.activations.catalogue import catalogue, checked, function_of
from dashlab.experiments.activations.entries import Chosen
from dashlab.experiments.activations.shapes import value_and_slope
from dashlab.experiments.activations.written import formula_of

POINTS = [-5.03, -3.4, -2.2, -1.31, -0.7, -0.21, 0.13, 0.44, 0.81, 1.7, 2.9, 3.3, 5.9, 6.7]
SET = {
    "LeakyReLU": (("negative_slope", "0.3"),),
    "PReLU": (("init", "-0.4"),),
    "RReLU": (("lower", "0.1"), ("upper", "0.7")),
    "ELU": (("alpha", "2.5"),),
    "CELU": (("alpha", "0.4"),),
    "GELU": (("approximate", "tanh"),),
    "Softplus": (("beta", "3.0"), ("threshold", "5.0")),
    "Hardtanh": (("min_val", "-2.5"), ("max_val", "0.6")),
    "Hardshrink": (("lambd", "1.5"),),
    "Softshrink": (("lambd", "2.0"),),
    "Threshold": (("threshold", "-1.0"), ("value", "2.0")),
}
NORMAL = NormalDist()
WORDS = {
    **{name: getattr(math, name) for name in ("exp", "log", "tanh", "sqrt", "pi")},
    "max": max, "min": min, "abs": abs, "Phi": NORMAL.cdf, "phi": NORMAL.pdf,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)), "softplus": lambda x: math.log(1 + math.exp(x)),
}  # fmt: skip
CHOSEN = [*map(Chosen, catalogue()), *(Chosen(name, values) for name, values in SET.items())]


@pytest.mark.parametrize("curve", CHOSEN, ids=str)
def test_a_formula_gives_what_torch_gives(curve: Chosen) -> None:
    written = formula_of(curve)
    assert written is not None, "write its formula down in written.py"
    values, slopes = (
        [eval(text, {"__builtins__": {}}, WORDS | checked(curve) | {"x": x}) for x in POINTS]  # noqa: S307
        for text in written
    )
    y, slope = value_and_slope(function_of(curve), torch.tensor(POINTS, dtype=torch.float64))
    assert values == pytest.approx(y.tolist(), rel=1e-6, abs=1e-7)
    assert slopes == pytest.approx(slope.tolist(), rel=1e-6, abs=1e-7)
