"""The steps of every optimizer as lines of formulas: what pages print, and the same as arithmetic.

One catalogue for all pages. A line has the terms that the settings bring in, and no others. In every line g_t
is the gradient, η the learning rate, and products and roots are taken coordinate by coordinate. No torch in
here.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from dashlab.experiments.optimizers.formula_lines import Array, Line, Moment
from dashlab.settings.optim import OptimConfig, SurfaceOptimConfig


def lines(racer: OptimConfig, *, noisy: bool = False) -> tuple[Line, ...]:
    """The lines of one step in the order in which they are computed; the last is the step Δ_t itself.

    Args:
        racer: the optimizer; its settings decide which terms there are.
        noisy: noise is added to the gradient.
    """
    gradient = r"g_t=\nabla f(w_{t-1})" + (r"+\xi_t" if noisy else "")
    name = "Gradient with noise" if noisy else "Gradient"
    of_gradient = [Line(symbol="g", kind="gradient", name=name, latex=gradient, value=lambda m: m.now["g"])]
    if racer.weight_decay and racer.optimizer not in ("adamw", "rprop", "lbfgs"):
        of_gradient.append(
            Line(
                symbol="g",
                kind="gradient",
                name="With weight decay",
                latex=r"g_t\leftarrow g_t+\lambda w_{t-1}",
                value=lambda m: m.now["g"] + m.of.weight_decay * m.w,
            )
        )
    return (*of_gradient, *_LINES[racer.optimizer](racer))


def printed(racer: OptimConfig) -> tuple[str, ...]:
    """The formulas of one step as LaTeX, from the gradient g_t to the new weights."""
    return (*(line.latex for line in lines(racer)[1:]), r"w_t=w_{t-1}+\Delta_t")


def _update(right: str, value: Callable[[Moment], Array] | None) -> Line:
    return Line(symbol="Δ", kind="update", name="Step", latex=rf"\Delta_t={right}", value=value)


def _rate(right: str, value: Callable[[Moment], Array] | None, **more: Any) -> Line:
    name = "Rate of each coordinate"
    return Line(symbol="h", kind="rate", name=name, latex=rf"h_t={right}", value=value, **more)


def _along(symbol: str, shown: str) -> Line:
    """The step against what `symbol` stands for, at the rate of each coordinate."""
    return _update(rf"-h_t\,{shown}", lambda m: -m.now["h"] * m.now[symbol])


def _constant(m: Moment) -> Array:
    return np.broadcast_to(np.asarray(m.of.lr, dtype=np.float64), m.w.shape)


def _sgd(racer: OptimConfig) -> list[Line]:
    rate = _rate(r"\eta", _constant)
    if not racer.momentum:
        return [rate, _along("g", "g_t")]
    latex = r"v_t=\mu v_{t-1}+g_t"
    if racer.dampening:  # torch begins with the whole gradient
        latex = r"v_1=g_1,\;v_t=\mu v_{t-1}+(1-\tau)\,g_t\text{ for }t>1"
    velocity = Line(
        symbol="v",
        kind="velocity",
        name="Velocity",
        latex=latex,
        value=lambda m: (
            m.of.momentum * m.before["v"] + np.where(m.t == 1, 1.0, 1 - m.of.dampening) * m.now["g"]
        ),
        memory="momentum_buffer",
    )
    if not racer.nesterov:
        return [velocity, rate, _along("v", "v_t")]
    look = Line(
        symbol="d",
        kind="velocity",
        name="Looking ahead",
        latex=r"d_t=g_t+\mu v_t",
        value=lambda m: m.now["g"] + m.of.momentum * m.now["v"],
    )
    return [velocity, look, rate, _along("d", "d_t")]


def _adagrad(racer: OptimConfig) -> list[Line]:
    top = r"\eta/(1+(t-1)\,\gamma)" if racer.lr_decay else r"\eta"
    return [
        Line(
            symbol="s",
            kind="squares",
            name="Sum of squares",
            latex=r"s_t=s_{t-1}+g_t^2",
            value=lambda m: m.before["s"] + m.now["g"] ** 2,
            memory="sum",
        ),
        _rate(
            rf"\frac{{{top}}}{{\sqrt{{s_t}}+\varepsilon}}",
            lambda m: m.of.lr / (1 + (m.t - 1) * m.of.lr_decay) / (np.sqrt(m.now["s"]) + m.of.eps),
        ),
        _along("g", "g_t"),
    ]


def _mean_of_squares(coefficient: str, shown: str, *, name: str = "Mean of squares") -> Line:
    return Line(
        symbol="s",
        kind="squares",
        name=name,
        latex=rf"s_t={shown}\,s_{{t-1}}+(1-{shown})\,g_t^2",
        value=lambda m: _mixed(getattr(m.of, coefficient), m.before["s"], m.now["g"] ** 2),
        memory="exp_avg_sq" if coefficient == "beta2" else "square_avg",
    )


def _mixed(share: float, old: Array, new: Array) -> Array:
    return share * old + (1 - share) * new


def _rmsprop(racer: OptimConfig) -> list[Line]:
    terms, under = [_mean_of_squares("alpha", r"\alpha")], r"\sqrt{s_t}"
    if racer.centered:
        under = r"\sqrt{s_t-\bar g_t^2}"
        terms.append(
            Line(
                symbol="mean",
                kind="velocity",
                name="Mean gradient",
                latex=r"\bar g_t=\alpha\,\bar g_{t-1}+(1-\alpha)\,g_t",
                value=lambda m: _mixed(m.of.alpha, m.before["mean"], m.now["g"]),
                memory="grad_avg",
            )
        )
    terms.append(_rate(rf"\frac{{\eta}}{{{under}+\varepsilon}}", _rmsprop_rate))
    if not racer.momentum:
        return [*terms, _along("g", "g_t")]
    velocity = Line(
        symbol="v",
        kind="velocity",
        name="Velocity",
        latex=r"v_t=\mu v_{t-1}+h_t\,g_t",
        value=lambda m: m.of.momentum * m.before["v"] + m.now["h"] * m.now["g"],
        memory="momentum_buffer",
        per_rate=True,
    )
    return [*terms, velocity, _update(r"-v_t", lambda m: -m.now["v"])]


def _rmsprop_rate(m: Moment) -> Array:
    power: Array = m.now["s"] - m.now["mean"] ** 2 if m.of.centered else m.now["s"]
    rate: Array = m.of.lr / (np.sqrt(power) + m.of.eps)
    return rate


def _adadelta(_racer: OptimConfig) -> list[Line]:
    return [
        _mean_of_squares("rho", r"\rho", name="Mean of squared gradients"),
        _rate(
            r"\eta\,\frac{\sqrt{a_{t-1}+\varepsilon}}{\sqrt{s_t+\varepsilon}}",
            lambda m: m.of.lr * np.sqrt(m.before["a"] + m.of.eps) / np.sqrt(m.now["s"] + m.of.eps),
        ),
        Line(
            symbol="a",
            kind="squares",
            name="Mean of squared steps",
            latex=r"a_t=\rho\,a_{t-1}+(1-\rho)\,(h_t\,g_t/\eta)^2",
            value=lambda m: _mixed(m.of.rho, m.before["a"], (m.now["h"] * m.now["g"] / m.of.lr) ** 2),
            memory="acc_delta",
        ),
        _along("g", "g_t"),
    ]


_MEAN = Line(
    symbol="m",
    kind="velocity",
    name="Mean gradient",
    latex=r"m_t=\beta_1 m_{t-1}+(1-\beta_1)\,g_t",
    value=lambda m: _mixed(m.of.beta1, m.before["m"], m.now["g"]),
    memory="exp_avg",
)
_FIRST = Line(
    symbol="c",
    kind="correction",
    name="Correction of the mean",
    latex=r"c_t=1-\beta_1^t",
    value=lambda m: np.broadcast_to(1 - m.of.beta1**m.t, m.w.shape),
)
_SECOND = Line(
    symbol="k",
    kind="correction",
    name="Correction of the squares",
    latex=r"k_t=1-\beta_2^t",
    value=lambda m: np.broadcast_to(1 - m.of.beta2**m.t, m.w.shape),
)
_SQUARES = _mean_of_squares("beta2", r"\beta_2")
_CORRECTED = _update(r"-h_t\,m_t/c_t", lambda m: -m.now["h"] * m.now["m"] / m.now["c"])


def _adam(racer: OptimConfig) -> list[Line]:
    terms, used, shown = [_MEAN, _SQUARES], "s", "s_t"
    if racer.amsgrad:
        used, shown = "largest", r"s^{\max}_t"
        terms.append(
            Line(
                symbol="largest",
                kind="squares",
                name="Largest mean of squares",
                latex=r"s^{\max}_t=\max(s^{\max}_{t-1},s_t)",
                value=lambda m: np.maximum(m.before["largest"], m.now["s"]),
                memory="max_exp_avg_sq",
            )
        )
    rate = _rate(
        rf"\frac{{\eta}}{{\sqrt{{{shown}/k_t}}+\varepsilon}}",
        lambda m: m.of.lr / (np.sqrt(m.now[used] / m.now["k"]) + m.of.eps),
    )
    terms += [_FIRST, _SECOND, rate]
    if racer.optimizer != "adamw" or not racer.weight_decay:
        return [*terms, _CORRECTED]
    step = _update(
        r"-h_t\,m_t/c_t-\eta\lambda\,w_{t-1}",
        lambda m: -m.now["h"] * m.now["m"] / m.now["c"] - m.of.lr * m.of.weight_decay * m.w,
    )
    return [*terms, step]


def _nadam_momentum(beta1: float, t: Array) -> Array:
    return beta1 * (1 - 0.5 * 0.96 ** (t * 0.004))  # 0.004 is torch's momentum_decay


def _nadam_ahead(m: Moment) -> Array:
    now, following = _nadam_momentum(m.of.beta1, m.t), _nadam_momentum(m.of.beta1, m.t + 1)
    product = m.now["product"]
    ahead: Array = (1 - now) / (1 - product) * m.now["g"]
    return ahead + following / (1 - product * following) * m.now["m"]


def _nadam(_racer: OptimConfig) -> list[Line]:
    product = r"\textstyle\prod_{i\le t}\mu_i,\;\mu_i=\beta_1(1-\tfrac12 0.96^{0.004\,i})"
    look = r"n_t=\frac{1-\mu_t}{1-p_t}\,g_t+\frac{\mu_{t+1}}{1-p_t\,\mu_{t+1}}\,m_t"
    return [
        _MEAN,
        _SQUARES,
        Line(
            symbol="product",
            kind="correction",
            name="Product of the momenta",
            latex=rf"p_t={product}",
            value=lambda m: m.before["product"] * _nadam_momentum(m.of.beta1, m.t),
            start=1.0,
            memory="mu_product",
        ),
        _SECOND,
        Line(symbol="n", kind="velocity", name="Looking ahead", latex=look, value=_nadam_ahead),
        _rate(
            r"\frac{\eta}{\sqrt{s_t/k_t}+\varepsilon}",
            lambda m: m.of.lr / (np.sqrt(m.now["s"] / m.now["k"]) + m.of.eps),
        ),
        _along("n", "n_t"),
    ]


def _radam_length(m: Moment) -> Array:
    most = 2 / (1 - m.of.beta2) - 1
    length: Array = most - 2 * m.t * m.of.beta2**m.t / (1 - m.of.beta2**m.t)
    return np.broadcast_to(np.asarray(length, dtype=np.float64), m.w.shape)


def _radam_rate(m: Moment) -> Array:
    most, length = 2 / (1 - m.of.beta2) - 1, m.now["length"]
    with np.errstate(invalid="ignore", divide="ignore"):  # of what is too short to be trusted
        trusted = np.sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))
    adaptive = m.of.lr * trusted * np.sqrt(m.now["k"]) / (np.sqrt(m.now["s"]) + m.of.eps)
    rate: Array = np.where(length > 5, adaptive, m.of.lr)
    return rate


def _radam(_racer: OptimConfig) -> list[Line]:
    trusted = r"r_t=\sqrt{\frac{(\rho_t-4)(\rho_t-2)\,\rho_\infty}{(\rho_\infty-4)(\rho_\infty-2)\,\rho_t}}"
    rate = r"\frac{\eta\,r_t\sqrt{k_t}}{\sqrt{s_t}+\varepsilon}\;\text{once }\rho_t>5,\;\text{else }\eta"
    length = r"\rho_t=\rho_\infty-\frac{2t\beta_2^t}{1-\beta_2^t},\;\rho_\infty=\frac{2}{1-\beta_2}-1"
    return [
        _MEAN,
        _SQUARES,
        _FIRST,
        _SECOND,
        Line(
            symbol="length",
            kind="correction",
            name="Length of the average",
            latex=length,
            value=_radam_length,
        ),
        _rate(rf"{rate};\;{trusted}", _radam_rate),
        _CORRECTED,
    ]


def _adamax(_racer: OptimConfig) -> list[Line]:
    return [
        _MEAN,
        Line(
            symbol="u",
            kind="squares",
            name="Largest gradient",
            latex=r"u_t=\max(\beta_2 u_{t-1},\lvert g_t\rvert+\varepsilon)",
            value=lambda m: np.maximum(m.of.beta2 * m.before["u"], np.abs(m.now["g"]) + m.of.eps),
            memory="exp_inf",
        ),
        _FIRST,
        _rate(r"\frac{\eta}{u_t}", lambda m: m.of.lr / m.now["u"]),
        _CORRECTED,
    ]


def _rprop_rate(m: Moment) -> Array:
    turned = np.sign(m.now["g"] * m.before["kept"])
    first = np.where(m.t == 1, m.of.lr, m.before["h"])
    factor = np.where(turned > 0, m.of.eta_plus, np.where(turned < 0, m.of.eta_minus, 1.0))
    size: Array = np.clip(first * factor, m.of.step_min, m.of.step_max)
    return size


def _rprop(_racer: OptimConfig) -> list[Line]:
    rate = (
        r"\mathrm{clip}(\eta_t\,h_{t-1},\,h_{\min},\,h_{\max}),\;h_0=\eta,\;"
        r"\eta_t=\eta^+,\,\eta^-\text{ or }1\text{ where }g_t\,\tilde g_{t-1}>0,\,<0\text{ or }=0"
    )
    return [
        _rate(rate, _rprop_rate, memory="step_size"),
        Line(
            symbol="kept",
            kind="velocity",
            name="Gradient, 0 where its sign changed",
            latex=r"\tilde g_t=0\text{ where }g_t\,\tilde g_{t-1}<0,\;\text{else }g_t",
            value=lambda m: np.where(m.now["g"] * m.before["kept"] < 0, 0.0, m.now["g"]),
            memory="prev",
        ),
        _update(r"-h_t\,\mathrm{sign}\,\tilde g_t", lambda m: -m.now["h"] * np.sign(m.now["kept"])),
    ]


def _lbfgs(racer: OptimConfig) -> list[Line]:
    searched = isinstance(racer, SurfaceOptimConfig) and racer.line_search
    plain = r"\eta\text{ for }t>1,\;h_1=\eta\,\min(1,1/\lVert g_1\rVert_1)"
    length = r"\text{length found by the line search}" if searched else plain
    return [
        Line(
            symbol="d",
            kind="velocity",
            name="Direction",
            latex=r"d_t=-H_t^{-1}g_t,\;H_t\text{ the curvature seen in the last steps}",
            value=None,
            memory="d",
        ),
        _rate(length, None, memory="t"),
        _update(r"h_t\,d_t", lambda m: m.now["h"] * m.now["d"]),
    ]


_LINES: dict[str, Callable[[OptimConfig], list[Line]]] = {
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
