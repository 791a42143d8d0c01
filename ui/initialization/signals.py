"""The view *Signals through the stack*: spread of outputs and gradients by layer, histograms of one layer."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashlab.charts.initialization import signals as charts
from dashlab.charts.initialization.signals import Signal
from dashlab.experiments.initialization.presets import SIGNALS
from dashlab.experiments.initialization.rows import StackStats
from dashlab.experiments.initialization.settings import Setting, StackView
from dashlab.experiments.initialization.theory import theory
from dashlab.experiments.initialization.training import StackTraining
from dashlab.experiments.initialization.words import NOT_FINITE, layer_rows, sentences, summary
from dashlab.settings.lists import entries_of
from dashlab.training.histograms import Histogram
from ui.frame.views import View
from ui.initialization.measured import measured
from ui.initialization.settings import depth_slider, editor, folded, width_slider
from ui.parts.layout import beside, rest
from ui.parts.plots import plot
from ui.parts.sliders import along
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

LEAD = (
    "Random inputs go up through equal linear layers, and a random gradient comes down. Look at whether the "
    "curves stay level: a factor of only 1.1 a layer is 14,000 after a hundred. Then mend one that does not, "
    "by its initializer, its activation or a cure."
)
AXES = ("spread", "gradient", "theory", "whole")
WHY = r"""
A unit adds up $n$ products of inputs and weights. If the weights have mean 0 and variance $v$,

$$ \operatorname{std}(\text{out}) = \sqrt{n\,v}\;\cdot\operatorname{std}(\text{in}), $$

so 100 layers multiply the spread by $(\sqrt{n\,v})^{100}$: only $v = 1/n$ keeps it. An activation changes
the spread as well, and its **gain** $g$ makes up for that: $v = g^2/n$.

| initializer | variance $v$ of the weights, here with $n$ = fan in = fan out |
| --- | --- |
| Xavier (Glorot and Bengio 2010) | $2 g^2 / (\text{fan in} + \text{fan out})$ |
| Kaiming (He et al. 2015) | $g^2 / \text{fan}$, with ReLU's $g = \sqrt 2$ |
| orthogonal (Saxe et al. 2014) | $g^2 / n$, and no direction grows more than another |
| PyTorch's own for `nn.Linear` | $1 / (3 n)$ |

The gradient takes the same weights on its way down: each layer multiplies its mean square by
$n\,v\,\overline{f'^2}$, where $\overline{f'^2}$ is the mean square slope of the activation. The sigmoid's
slope is at most 1/4. The dashed lines follow both rules from layer to layer (Poole et al. 2016, Schoenholz et
al. 2017).
"""


def draw(state: PageState, view: View) -> None:
    """Settings beside the picture."""
    left, right = beside("init_stack")
    with left:
        view.preset_picker(state)
        depth_slider(state, view)
        width_slider(state, view)
        st.markdown("**Settings, side by side**")
        editor(state, view)
        folded(state, view, "Axes and theory", ":material/show_chart:", AXES)
        folded(state, view, "Batch and seed", ":material/casino:", ("batch", "seed"))
    with right:
        config: StackView = view.config_of(state)
        settings = entries_of(config.settings, Setting)
        stacks = measured([config.stack(setting).check() for setting in settings])
        _curves(config, stacks)
        _say_stacks(stacks)
        _train(state, config)
        _layer(state, view, config, stacks)
        _table(config, stacks)
        with st.expander(
            "Why: the formulas", icon=":material/function:", key="init_why", on_change="rerun"
        ) as why:
            if why.open:
                st.markdown(WHY)
    with left:  # last: the layer is chosen beside the pictures
        view.changed_from_preset(state)


def _curves(config: StackView, stacks: Sequence[StackStats]) -> None:
    shown = config.reset("layer", "histogram")
    for part, words in (
        ("outputs", "Spread of the outputs by layer, one curve for each setting"),
        ("gradients", "Gradient by layer, one curve for each setting, in the same colours"),
    ):
        plot(_figure(shown, part, stacks), f"init_chart_{part}", words)
        if part == "outputs":
            rest()


@st.cache_resource(show_spinner=False, max_entries=64)  # built anew they take longer than a rerun
def _figure(config: StackView, part: str, _stacks: Sequence[StackStats]) -> Any:
    """The spread of the outputs or the gradients; both are in `config`, but for the numbers in `_stacks`."""
    signals = []
    for at, stats in enumerate(_stacks, 1):
        values, predicted = _numbers(config, part, stats)
        signals.append(Signal(f"{at} · {stats.config.title}", values, predicted if config.theory else ()))
    if part == "outputs":
        title = "Std between inputs" if config.spread == "inputs" else "Std of the outputs"
    else:
        title = "Norm of the weights' gradient" if config.gradient == "weights" else "Std of the gradient"
    down = part == "gradients"
    return charts.by_layer(signals, y_title=title, whole=config.whole, legend=not down, down=down)


def _numbers(
    config: StackView, part: str, stats: StackStats
) -> tuple[Sequence[float | None], Sequence[float]]:
    """What is drawn of a stack by layer, and what theory says of it."""
    layers = stats.layers
    if part == "outputs":
        if config.spread == "inputs":
            return [layer.between for layer in layers], ()
        return [layer.std for layer in layers], theory(stats.config).outputs
    if config.gradient == "weights":
        return [layer.weight_gradient for layer in layers], ()
    return [layer.gradient_std for layer in layers], theory(stats.config).gradients


def _say_stacks(stacks: Sequence[StackStats]) -> None:
    lines = [
        f"{at}. **{as_text(stats.config.title)}:** {as_text(sentences(stats))}"
        for at, stats in enumerate(stacks, 1)
    ]
    st.markdown("\n".join(lines))


def _train(state: PageState, config: StackView) -> None:
    """A button that takes these settings to the view on which they are trained."""
    most = int(StackTraining.spec_of("width").high)
    values = {"settings": config.settings, "depth": config.depth, "width": min(config.width, most)}
    st.button(
        "See which of these learn",
        key="init_stack_train",
        icon=":material/school:",
        help="Takes these settings, the depth and the width to “Which ones learn”.",
        on_click=state.put,
        args=({"view": "learn"} | {f"learn_{name}": value for name, value in values.items()},),
    )


def _layer(state: PageState, view: View, config: StackView, stacks: Sequence[StackStats]) -> None:
    """Histograms of one layer of each stack."""
    st.header("Inside one layer", anchor=False)
    picker, which = st.columns([3, 2], vertical_alignment="bottom")
    with picker:
        layer = along(state, view.full("layer"), range(1, config.depth + 1))
        assert layer is not None  # a stack has at least one
    with which:
        of = str(view.control(state, "histogram"))
    columns = st.columns(min(len(stacks), 3))
    for at, stats in enumerate(stacks):
        values = stats.layers[layer - 1]
        histogram = values.outputs if of == "outputs" else values.gradients
        with columns[at % len(columns)]:
            st.caption(f"**{at + 1}** · {as_text(stats.config.title)}")
            if not histogram.counts:
                st.caption(f":material/block: No value in layer {layer} is finite.")
                continue
            what = "Output" if of == "outputs" else "Gradient"
            plot(
                _bars((stats.config.key(), layer, of), at, histogram, what),
                f"init_chart_layer_{at}",
                f"Histogram of the {of} of layer {layer}: {stats.config.title}",
            )


@st.cache_resource(show_spinner=False, max_entries=256)  # about 10 KB each
def _bars(identity: tuple[str, int, str], position: int, _found: Histogram, _x_title: str) -> Any:  # noqa: ARG001
    """A layer's histogram; `identity` stands for what begins with an underscore."""
    return charts.bars(_found.low, _found.high, _found.counts, position=position, x_title=_x_title)


def _table(config: StackView, stacks: Sequence[StackStats]) -> None:
    rows = [summary(stats) for stats in stacks]
    st.dataframe(
        [{name: _in_table(name, value) for name, value in row.items()} for row in rows],
        hide_index=True,
        alt="For each setting: growth a layer, spreads, gradients and the first layer that is not finite",
    )
    name = f"stack-{config.depth}x{config.width}.csv"
    csv_download("All layers as CSV", lambda: layer_rows(stacks), name, key="init_csv_layers")


def _in_table(name: str, value: object) -> str:
    if value is None:
        return "none" if name == NOT_FINITE else "not finite"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


VIEW = View(
    name="stack",
    title="Signals through the stack",
    icon=":material/layers:",
    lead=LEAD,
    config=StackView,
    presets=SIGNALS,
    draw=draw,
)
