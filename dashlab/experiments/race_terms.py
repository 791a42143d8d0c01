"""What each optimizer makes of a gradient, term by term, from the memory that `optimizer.state` had.

Gradients, memories and points are those of the real run; what torch computes on the way without keeping it
(corrections, denominators) is computed again here, and the last term must be the step that was really taken.
No torch in here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from dashlab.optim_settings import SurfaceOptimConfig

Array = npt.NDArray[np.float64]
Kind = Literal["gradient", "velocity", "squares", "correction", "rate", "update"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Term:
    """One quantity in every step.

    Attributes:
        kind: what it is for; a rate is what a coordinate of the direction is multiplied with.
        name: for people.
        formula: LaTeX, with its symbol at the left.
        values: in both coordinates, shape (steps, 2).
    """

    kind: Kind
    name: str
    formula: str
    values: Array

    @property
    def symbol(self) -> str:
        """LaTeX of the left side."""
        return self.formula.partition("=")[0].strip()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Steps:
    """What is known of a racer's steps: arrays of shape (steps, 2), and the steps' numbers t, from 1."""

    racer: SurfaceOptimConfig
    w: Array
    g: Array
    t: Array
    state: dict[str, Array]


def terms(racer: SurfaceOptimConfig, points: Array, gradients: Array, state: dict[str, Array]) -> list[Term]:
    """The terms of every step in the order in which they are computed; the last is the step itself.

    Args:
        racer: the optimizer.
        points: shape (steps + 1, 2).
        gradients: shape (steps, 2).
        state: the optimizer's memory after each step, by torch's names.
    """
    t = np.arange(1.0, len(gradients) + 1)[:, None]
    found = [Term(kind="gradient", name="Gradient", formula=r"g_t=\nabla f(w_{t-1})", values=gradients)]
    steps = Steps(racer=racer, w=points[:-1], g=gradients, t=t, state=state)
    if racer.weight_decay and racer.optimizer != "adamw":
        pulled = gradients + racer.weight_decay * points[:-1]
        name, formula = "With weight decay", r"g_t\leftarrow g_t+\lambda w_{t-1}"
        found.append(Term(kind="gradient", name=name, formula=formula, values=pulled))
        steps = Steps(racer=racer, w=points[:-1], g=pulled, t=t, state=state)
    with np.errstate(all="ignore"):  # of a racer that broke down, terms are not finite either
        return found + _TERMS[racer.optimizer](steps)


def _update(formula: str, values: Array) -> Term:
    return Term(kind="update", name="Step", formula=rf"\Delta_t={formula}", values=values)


def _rate(formula: str, values: Array) -> Term:
    return Term(kind="rate", name="Rate of each coordinate", formula=rf"\alpha_t={formula}", values=values)


def _both(s: Steps, values: Array | float) -> Array:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), s.g.shape)


def _sgd(s: Steps) -> list[Term]:
    lr, mu = s.racer.lr, s.racer.momentum
    rate = _rate(r"\eta", _both(s, lr))
    if not mu:
        return [rate, _update(r"-\alpha_t\,g_t", -lr * s.g)]
    v = s.state["momentum_buffer"]
    kept = r"(1-\tau)\,g_t" if s.racer.dampening else "g_t"
    velocity = Term(kind="velocity", name="Velocity", formula=rf"v_t=\mu v_{{t-1}}+{kept}", values=v)
    if not s.racer.nesterov:
        return [velocity, rate, _update(r"-\alpha_t\,v_t", -lr * v)]
    ahead = s.g + mu * v
    look = Term(kind="velocity", name="Looking ahead", formula=r"d_t=g_t+\mu v_t", values=ahead)
    return [velocity, look, rate, _update(r"-\alpha_t\,d_t", -lr * ahead)]


def _adagrad(s: Steps) -> list[Term]:
    total, decay = s.state["sum"], s.racer.lr_decay
    lr = s.racer.lr / (1 + (s.t - 1) * decay)
    rate = lr / (np.sqrt(total) + s.racer.eps)
    top = r"\eta/(1+(t-1)\,\gamma)" if decay else r"\eta"
    return [
        Term(kind="squares", name="Sum of squares", formula=r"s_t=s_{t-1}+g_t^2", values=total),
        _rate(rf"\frac{{{top}}}{{\sqrt{{s_t}}+\varepsilon}}", rate),
        _update(r"-\alpha_t\,g_t", -rate * s.g),
    ]


def _rmsprop(s: Steps) -> list[Term]:
    racer, squares = s.racer, s.state["square_avg"]
    formula = r"s_t=\alpha\, s_{t-1}+(1-\alpha)\,g_t^2"
    found = [Term(kind="squares", name="Mean of squares", formula=formula, values=squares)]
    under, power = r"\sqrt{s_t}", squares
    if racer.centered:
        mean = s.state["grad_avg"]
        formula = r"\bar g_t=\alpha\,\bar g_{t-1}+(1-\alpha)\,g_t"
        found.append(Term(kind="velocity", name="Mean gradient", formula=formula, values=mean))
        under, power = r"\sqrt{s_t-\bar g_t^2}", squares - mean * mean
    rate = racer.lr / (np.sqrt(power) + racer.eps)
    found.append(_rate(rf"\frac{{\eta}}{{{under}+\varepsilon}}", rate))
    if not racer.momentum:
        return [*found, _update(r"-\alpha_t\,g_t", -rate * s.g)]
    v = racer.lr * s.state["momentum_buffer"]
    velocity = Term(kind="velocity", name="Velocity", formula=r"v_t=\mu v_{t-1}+\alpha_t\,g_t", values=v)
    return [*found, velocity, _update(r"-v_t", -v)]


def _adadelta(s: Steps) -> list[Term]:
    squares, moved = s.state["square_avg"], s.state["acc_delta"]
    before = np.concatenate([np.zeros((1, 2)), moved[:-1]])
    eps = s.racer.eps
    rate = s.racer.lr * np.sqrt(before + eps) / np.sqrt(squares + eps)
    formulas = (r"s_t=\rho\,s_{t-1}+(1-\rho)\,g_t^2", r"a_t=\rho\,a_{t-1}+(1-\rho)\,(\Delta_t/\eta)^2")
    return [
        Term(kind="squares", name="Mean of squared gradients", formula=formulas[0], values=squares),
        Term(kind="squares", name="Mean of squared steps", formula=formulas[1], values=moved),
        _rate(r"\eta\,\frac{\sqrt{a_{t-1}+\varepsilon}}{\sqrt{s_t+\varepsilon}}", rate),
        _update(r"-\alpha_t\,g_t", -rate * s.g),
    ]


def _moments(s: Steps) -> tuple[list[Term], Array, Array, Array, Array]:
    """The two running means that every Adam has, their corrections, and all four as arrays."""
    m, v = s.state["exp_avg"], s.state["exp_avg_sq"]
    first, second = 1 - s.racer.beta1**s.t, 1 - s.racer.beta2**s.t
    found = [
        _velocity(m),
        Term(
            kind="squares",
            name="Mean of squares",
            formula=r"v_t=\beta_2 v_{t-1}+(1-\beta_2)\,g_t^2",
            values=v,
        ),
    ]
    return found, m, v, first, second


def _velocity(m: Array) -> Term:
    formula = r"m_t=\beta_1 m_{t-1}+(1-\beta_1)\,g_t"
    return Term(kind="velocity", name="Mean gradient", formula=formula, values=m)


def _corrections(s: Steps, first: Array, second: Array | None) -> list[Term]:
    found = [
        Term(
            kind="correction",
            name="Correction of the mean",
            formula=r"c_t=1-\beta_1^t",
            values=_both(s, first),
        )
    ]
    if second is not None:
        name = "Correction of the squares"
        found.append(Term(kind="correction", name=name, formula=r"k_t=1-\beta_2^t", values=_both(s, second)))
    return found


def _adam(s: Steps) -> list[Term]:
    racer = s.racer
    found, m, v, first, second = _moments(s)
    squares = "v_t"
    if racer.amsgrad:
        v, squares = s.state["max_exp_avg_sq"], r"v^{\max}_t"
        formula = r"v^{\max}_t=\max(v^{\max}_{t-1},v_t)"
        found.append(Term(kind="squares", name="Largest mean of squares", formula=formula, values=v))
    rate = racer.lr / (np.sqrt(v / second) + racer.eps)
    found += [
        *_corrections(s, first, second),
        _rate(rf"\frac{{\eta}}{{\sqrt{{{squares}/k_t}}+\varepsilon}}", rate),
    ]
    if racer.optimizer == "adamw" and racer.weight_decay:
        step = -rate * m / first - racer.lr * racer.weight_decay * s.w
        return [*found, _update(r"-\alpha_t\,m_t/c_t-\eta\lambda\,w_{t-1}", step)]
    return [*found, _update(r"-\alpha_t\,m_t/c_t", -rate * m / first)]


def _nadam(s: Steps) -> list[Term]:
    racer = s.racer
    found, m, v, _first, second = _moments(s)
    now = racer.beta1 * (1 - 0.5 * 0.96 ** (s.t * 0.004))
    following = racer.beta1 * (1 - 0.5 * 0.96 ** ((s.t + 1) * 0.004))
    product = s.state["mu_product"]
    ahead = (1 - now) / (1 - product) * s.g + following / (1 - product * following) * m
    rate = racer.lr / (np.sqrt(v / second) + racer.eps)
    look = r"n_t=\frac{1-\mu_t}{1-\prod_{i\le t}\mu_i}\,g_t+\frac{\mu_{t+1}}{1-\prod_{i\le t+1}\mu_i}\,m_t"
    name = "Product of the momenta"
    formulas = (
        r"\textstyle\prod_{i\le t}\mu_i=\prod_{i\le t}\beta_1(1-\tfrac12 0.96^{0.004\,i})",
        r"k_t=1-\beta_2^t",
    )
    return [
        *found,
        Term(kind="correction", name=name, formula=formulas[0], values=product),
        Term(
            kind="correction", name="Correction of the squares", formula=formulas[1], values=_both(s, second)
        ),
        Term(kind="velocity", name="Looking ahead", formula=look, values=ahead),
        _rate(r"\frac{\eta}{\sqrt{v_t/k_t}+\varepsilon}", rate),
        _update(r"-\alpha_t\,n_t", -rate * ahead),
    ]


def _radam(s: Steps) -> list[Term]:
    racer = s.racer
    found, m, v, first, second = _moments(s)
    most = 2 / (1 - racer.beta2) - 1
    length = most - 2 * s.t * racer.beta2**s.t / second
    trusted = np.sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))
    adaptive = racer.lr * trusted * np.sqrt(second) / (np.sqrt(v) + racer.eps)
    rate = np.where(length > 5, adaptive, racer.lr)
    name = "Length of the average"
    formulas = (r"\rho_t=\rho_\infty-\frac{2t\beta_2^t}{1-\beta_2^t}",)
    return [
        *found,
        *_corrections(s, first, second),
        Term(kind="correction", name=name, formula=formulas[0], values=_both(s, length)),
        _rate(
            r"\frac{\eta\,r_t\sqrt{k_t}}{\sqrt{v_t}+\varepsilon}\;\text{once }\rho_t>5,\;\text{else }\eta",
            rate,
        ),
        _update(r"-\alpha_t\,m_t/c_t", -rate * m / first),
    ]


def _adamax(s: Steps) -> list[Term]:
    m, largest = s.state["exp_avg"], s.state["exp_inf"]
    first = 1 - s.racer.beta1**s.t
    rate = s.racer.lr / largest
    formula = r"u_t=\max(\beta_2 u_{t-1},|g_t|+\varepsilon)"
    return [
        _velocity(m),
        Term(kind="squares", name="Largest gradient", formula=formula, values=largest),
        *_corrections(s, first, None),
        _rate(r"\frac{\eta}{u_t}", rate),
        _update(r"-\alpha_t\,m_t/c_t", -rate * m / first),
    ]


def _rprop(s: Steps) -> list[Term]:
    size, kept = s.state["step_size"], s.state["prev"]
    formula = r"h_t=\eta^{\pm}\,h_{t-1}\;\text{by the sign of }g_t\,g_{t-1}"
    return [
        Term(
            kind="gradient",
            name="Gradient, 0 where its sign changed",
            formula=r"\tilde g_t=g_t\text{ or }0",
            values=kept,
        ),
        _rate(formula.partition("=")[2], size),
        _update(r"-\alpha_t\,\mathrm{sign}\,\tilde g_t", -np.sign(kept) * size),
    ]


def _lbfgs(s: Steps) -> list[Term]:
    # Where it starts at a minimum it has neither.
    direction, length = (s.state.get(name, np.zeros_like(s.g)) for name in ("d", "t"))
    return [
        Term(kind="velocity", name="Direction", formula=r"d_t=-H_t\,g_t", values=direction),
        _rate(r"\text{length found by the line search}" if s.racer.line_search else r"\eta", length),
        _update(r"\alpha_t\,d_t", length * direction),
    ]


_TERMS: dict[str, Callable[[Steps], list[Term]]] = {
    "sgd": _sgd,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adadelta": _adadelta,
    "adam": _adam,
    "adamw": _adam,
    "nadam": _nadam,
    "radam": _radam,
    "adamax": _adamax,
    "rprop": _rprop,
    "lbfgs": _lbfgs,
}
