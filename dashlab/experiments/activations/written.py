"""Value and slope of each activation as a formula, in Python's words and with torch's names of arguments.

They are shown as they stand here, and a test computes them beside torch's own values and autograd's slopes.
`Phi` and `phi` are distribution and density of N(0, 1), `sigmoid` and `softplus` those of the table.
"""

from collections.abc import Mapping

from dashlab.experiments.activations.entries import Chosen

FORMULAS: Mapping[str, tuple[str, str]] = {
    "ReLU": ("max(0, x)", "1 if x > 0 else 0"),
    "LeakyReLU": ("x if x > 0 else negative_slope * x", "1 if x > 0 else negative_slope"),
    "PReLU": ("x if x > 0 else init * x", "1 if x > 0 else init"),
    "RReLU": ("x if x > 0 else (lower + upper) / 2 * x", "1 if x > 0 else (lower + upper) / 2"),
    "ReLU6": ("min(max(0, x), 6)", "1 if 0 < x < 6 else 0"),
    "ELU": ("x if x > 0 else alpha * (exp(x) - 1)", "1 if x > 0 else alpha * exp(x)"),
    "CELU": ("x if x > 0 else alpha * (exp(x / alpha) - 1)", "1 if x > 0 else exp(x / alpha)"),
    "SELU": (
        "1.05070099 * (x if x > 0 else 1.67326324 * (exp(x) - 1))",
        "1.05070099 * (1 if x > 0 else 1.67326324 * exp(x))",
    ),
    "GELU": ("x * Phi(x)", "Phi(x) + x * phi(x)"),
    "GELU by tanh": (
        "x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))",
        "(1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2 + x / 2 * sqrt(2 / pi) "
        "* (1 + 0.134145 * x**2) * (1 - tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))**2)",
    ),
    "SiLU": ("x * sigmoid(x)", "sigmoid(x) * (1 + x * (1 - sigmoid(x)))"),
    "Mish": ("x * tanh(softplus(x))", "tanh(softplus(x)) + x * sigmoid(x) * (1 - tanh(softplus(x))**2)"),
    "Softplus": (
        "x if beta * x > threshold else log(1 + exp(beta * x)) / beta",
        "1 if beta * x > threshold else sigmoid(beta * x)",
    ),
    "Sigmoid": ("1 / (1 + exp(-x))", "sigmoid(x) * (1 - sigmoid(x))"),
    "Tanh": ("tanh(x)", "1 - tanh(x)**2"),
    "LogSigmoid": ("log(sigmoid(x))", "1 - sigmoid(x)"),
    "Softsign": ("x / (1 + abs(x))", "1 / (1 + abs(x))**2"),
    "Hardtanh": ("min(max(min_val, x), max_val)", "1 if min_val < x < max_val else 0"),
    "Hardsigmoid": ("min(max(0, x / 6 + 1 / 2), 1)", "1 / 6 if -3 < x < 3 else 0"),
    "Hardswish": (
        "x * min(max(0, x / 6 + 1 / 2), 1)",
        "0 if x <= -3 else 1 if x >= 3 else x / 3 + 1 / 2",
    ),
    "Softshrink": (
        "x - lambd if x > lambd else x + lambd if x < -lambd else 0",
        "1 if abs(x) > lambd else 0",
    ),
    "Hardshrink": ("x if abs(x) > lambd else 0", "1 if abs(x) > lambd else 0"),
    "Tanhshrink": ("x - tanh(x)", "tanh(x)**2"),
    "Threshold": ("x if x > threshold else value", "1 if x > threshold else 0"),
}
"""Value and slope; of RReLU those of eval mode."""


def formula_of(curve: Chosen) -> tuple[str, str] | None:
    """Value and slope of an activation, as formulas; None where nobody has written them down yet."""
    if curve.activation == "GELU" and dict(curve.arguments).get("approximate") == "tanh":
        return FORMULAS["GELU by tanh"]
    return FORMULAS.get(curve.activation)
