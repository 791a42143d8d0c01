"""The momentum plane: how fast each learning rate and momentum converges, measured and in theory."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from dashlab.charts.optimizers import plane as charts
from dashlab.charts.style import CONFIG
from dashlab.experiments.optimizers import plane as experiment
from dashlab.experiments.optimizers.plane import REGIMES, Descent, Direction, RatePlane
from dashlab.experiments.optimizers.presets import PLANE
from dashlab.experiments.optimizers.settings import PlaneConfig
from ui.frame.views import View
from ui.parts.computed import computed
from ui.parts.controls import clicked
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.state import PageState
from ui.parts.tables import csv_download

LEAD = (
    "Every cell is one descent into the same stretched bowl; the stronger its colour, the faster it "
    "converged. See how momentum lets larger learning rates converge (Nesterov's does not), and how the "
    "fastest cell lies on the line of critical damping of the flat direction. **Click a cell** to see its "
    "descent."
)


def draw(state: PageState, view: View) -> None:
    """Controls at the left; the plane, the chosen cell and the numbers at the right."""
    left, right = beside("optim_plane")
    with left:
        _controls(state, view)
    config: PlaneConfig = view.config_of(state).check()
    with right:
        cells = _plane(config.condition, config.nesterov, config.steps)
        _show_plane(state, view, config, cells)
        rest()
        _say_agreement(cells)
        _show_cell(config)
        _tables(config, cells)
        _formulas(config)


def _controls(state: PageState, view: View) -> None:
    view.preset_picker(state)
    view.control(state, "lr")
    view.control(state, "momentum")
    moved = r"(\nabla f(w) + \beta v)" if view.config_of(state).nesterov else "v"
    st.latex(
        r"\begin{aligned} v &\leftarrow \beta v + \nabla f(w) \\ w &\leftarrow w - \alpha\,"
        rf"{moved} \end{{aligned}}"
    )
    _jumps(state, view)
    view.control(state, "condition")
    st.latex(r"f(w) = \tfrac12\left(w_1^2 + w_2^2 / \kappa\right)")
    view.control(state, "nesterov")
    with st.expander("Steps", icon=":material/steps:"):
        view.control(state, "shown")
        view.control(state, "steps")
    view.changed_from_preset(state)


def _jumps(state: PageState, view: View) -> None:
    config: PlaneConfig = view.config_of(state)
    places = {
        "Fastest": experiment.fastest(config),
        "Fastest without momentum": (round(experiment.plain_best(config.condition)[0], 2), 0.0),
    }
    with st.container(horizontal=True):
        for k, (label, (lr, momentum)) in enumerate(places.items()):
            st.button(
                label,
                key=f"{state.prefix}_{view.name}_jump{k}",
                on_click=partial(_put_cell, state, view, lr, momentum),
            )


def _put_cell(state: PageState, view: View, lr: float, momentum: float) -> None:
    state.put({view.full("lr"): lr, view.full("momentum"): momentum})


def _plane(condition: float, nesterov: bool, steps: int) -> RatePlane:
    return computed(
        experiment.plane, condition, nesterov=nesterov, steps=steps, doing="Running 2,000 descents …"
    )


def _show_plane(state: PageState, view: View, config: PlaneConfig, cells: RatePlane) -> None:
    best = experiment.best_setting(config.condition, nesterov=config.nesterov)[:2]
    key = f"{state.prefix}_{view.name}_chart_cells"
    st.plotly_chart(
        charts.plane(
            cells,
            experiment.lines(config.condition, nesterov=config.nesterov),
            best,
            (config.lr, config.momentum),
        ),
        key=key,
        config=CONFIG,
        on_select=clicked(key, partial(_take_click, state, view)),
        selection_mode="points",
        alt="Rate of convergence over learning rate and momentum",
    )


def _take_click(state: PageState, view: View, point: Any) -> None:
    """A click on a cell chooses it."""
    _put_cell(state, view, round(float(point["x"]), 2), round(float(point["y"]), 2))


def _say_agreement(cells: RatePlane) -> None:
    found = experiment.agreement(cells)
    st.caption(
        f"Colours are measured, lines are theory. Over all {found.cells:,} cells the two rates differ by "
        f"{_small(found.median)} at the median and {_small(found.largest)} at most; {found.same_side:,} of "
        f"{found.cells:,} cells are on the same side of the border in both. What is left of a difference is "
        "largest where a direction is critically damped, for there the error does not yet fall by one factor "
        "at every step."
    )


def _small(value: float) -> str:
    return "less than 10⁻⁶" if value < 1e-6 else f"{value:.1g}" if value < 1e-3 else f"{value:.4f}"


@st.cache_data(show_spinner=False, max_entries=256)
def _descend(config: PlaneConfig) -> Descent:
    return experiment.descend(config)


def _show_cell(config: PlaneConfig) -> None:
    st.header(f"The chosen cell: α = {config.lr:g}, β = {config.momentum:g}", anchor=False)
    measured, theory = experiment.cell_rates(config)
    best = experiment.best_setting(config.condition, nesterov=config.nesterov)[2]
    facts = (
        ("Rate, measured", f"{measured:.4f}", "The factor of the error at each step, over the second half."),
        ("Rate, in theory", f"{theory:.4f}", "The larger spectral radius of the two directions."),
        ("Steps per digit", _steps_per_digit(theory), "Steps that make the error ten times smaller."),
        ("Best possible", _steps_per_digit(best), "Steps per digit at the fastest place of this plane."),
    )
    with st.container(horizontal=True):
        for label, value, help_ in facts:
            st.metric(label, value, help=help_, width="content")
    names = ("Steep", "Flat")
    for name, direction in zip(names, experiment.directions(config), strict=True):
        st.markdown(f"- **{name} direction** {_direction_words(direction)}")
    descent = _descend(config)
    if descent.left_at is not None:
        st.warning(
            f"Diverged: after {descent.left_at} steps the weights are more than a million times as far from "
            f"the minimum as at the start, for αλ = {config.lr:g} is beyond the border at "
            f"β = {config.momentum:g}. The curves end there.",
            icon=":material/call_missed_outgoing:",
        )
    left, right = st.columns(2)
    curvatures = experiment.curvatures(config.condition)
    with left:
        plot(charts.path(descent, curvatures), "optim_plane_chart_path", "The path into the bowl")
    with right:
        plot(charts.losses(descent, curvatures, theory), "optim_plane_chart_loss", "Loss at each step")


def _steps_per_digit(rate: float) -> str:
    if rate >= 1 - 1e-12:
        return "never"
    return f"{-1 / math.log10(rate):,.1f}" if rate > 0 else "1 step"


def _direction_words(direction: Direction) -> str:
    ripples = f", once in {direction.period:.0f} steps" if direction.regime == "ripples" else ""
    kind = "" if direction.regime in ("critical", "at once") else f" ({direction.regime})"
    text = REGIMES[direction.regime].replace("minimum:", f"minimum{ripples}:")
    return f"(αλ = {direction.step:.3g}, rate {direction.rate:.4f}) {text}{kind}."


def _tables(config: PlaneConfig, cells: RatePlane) -> None:
    with st.expander("The numbers", icon=":material/table:"):
        st.dataframe(list(_direction_rows(config)), hide_index=True, alt="Both directions of the chosen cell")
        with st.container(horizontal=True):
            csv_download("Plane as CSV", lambda: _plane_rows(cells), "momentum-plane.csv", "optim_plane_csv")
            csv_download(
                "Descent as CSV",
                lambda: _descent_rows(_descend(config)),
                "momentum-descent.csv",
                "optim_plane_descent_csv",
            )


def _direction_rows(config: PlaneConfig) -> Iterator[dict[str, Any]]:
    for name, direction in zip(("steep", "flat"), experiment.directions(config), strict=True):
        yield {
            "direction": name,
            "curvature λ": direction.curvature,
            "αλ": direction.step,
            "rate": direction.rate,
            "behaviour": direction.regime,
            "critical β": None if math.isnan(direction.critical_momentum) else direction.critical_momentum,
            "steps per ripple": None if math.isnan(direction.period) else direction.period,
        }


def _plane_rows(cells: RatePlane) -> list[dict[str, float]]:
    return [
        {"lr": float(lr), "momentum": float(momentum), "measured": measured, "theory": theory}
        for momentum, measured_row, theory_row in zip(
            cells.momenta, cells.measured.tolist(), cells.theory.tolist(), strict=True
        )
        for lr, measured, theory in zip(cells.lrs, measured_row, theory_row, strict=True)
    ]


def _descent_rows(descent: Descent) -> list[dict[str, float]]:
    return [
        {"step": step, "w1": w1, "w2": w2, "loss": loss}
        for step, ((w1, w2), loss) in enumerate(
            zip(descent.points.tolist(), np.ravel(descent.losses).tolist(), strict=True)
        )
    ]


def _formulas(config: PlaneConfig) -> None:
    with st.expander("Where the lines come from", icon=":material/function:"):
        st.markdown(
            "Along a direction of curvature $\\lambda$ one step is a matrix on the pair (velocity, weight). "
            "Its **spectral radius**, the larger absolute value of its eigenvalues $\\sigma$, is the rate."
        )
        if config.nesterov:
            _nesterov_formulas()
        else:
            _heavy_ball_formulas()


def _heavy_ball_formulas() -> None:
    st.latex(
        r"\sigma_{1,2} = \tfrac12\left(1 - \alpha\lambda + \beta \pm "
        r"\sqrt{(1 - \alpha\lambda + \beta)^2 - 4\beta}\right)"
    )
    st.markdown(
        "Where the root is imaginary both have the size $\\sqrt\\beta$, whatever the learning rate: "
        "**ripples**. Where it vanishes, at $\\beta = (1 - \\sqrt{\\alpha\\lambda})^2$, the direction is "
        "**critically damped**. It converges for $0 < \\alpha\\lambda < 2 + 2\\beta$. Both directions are "
        "critical at"
    )
    st.latex(
        r"\alpha = \left(\frac{2}{\sqrt{\lambda_1} + \sqrt{\lambda_2}}\right)^2,\quad"
        r"\beta = \left(\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}\right)^2,\quad"
        r"\text{rate} = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}"
    )
    st.markdown(
        "where plain gradient descent reaches $\\frac{\\kappa - 1}{\\kappa + 1}$ at best. "
        "Source: [Goh 2017, Why Momentum Really Works](https://distill.pub/2017/momentum)."
    )


def _nesterov_formulas() -> None:
    st.latex(
        r"\sigma_{1,2} = \tfrac12\left((1 + \beta)(1 - \alpha\lambda) \pm "
        r"\sqrt{(1 + \beta)^2 (1 - \alpha\lambda)^2 - 4\beta(1 - \alpha\lambda)}\right)"
    )
    st.markdown(
        "Critical damping is at $\\beta = \\frac{1 - \\sqrt{\\alpha\\lambda}}{1 + \\sqrt{\\alpha\\lambda}}$; "
        "it converges for $\\alpha\\lambda < \\frac{2 + 2\\beta}{1 + 2\\beta}$. The fastest place is at"
    )
    st.latex(
        r"\alpha = \frac{4}{3\lambda_1 + \lambda_2},\quad"
        r"\beta = \frac{\sqrt{3\kappa + 1} - 2}{\sqrt{3\kappa + 1} + 2},\quad"
        r"\text{rate} = 1 - \frac{2}{\sqrt{3\kappa + 1}}"
    )
    st.markdown("Source: Lessard, Recht and Packard 2016, table 1; the border from the same matrix.")


VIEW = View(
    name="plane",
    title="The momentum plane",
    icon=":material/grid_on:",
    lead=LEAD,
    config=PlaneConfig,
    draw=draw,
    presets=PLANE,
)
