"""What the networks read on the sketch pad, and what made them read it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashlab.charts.sketch import digits as charts
from dashlab.charts.style import CONFIG
from dashlab.experiments.sketch.prepare import PreparationStep, Prepared
from ui.parts.controls import control, start_argument
from ui.parts.pictures import show
from ui.parts.state import PageState
from ui.parts.tables import csv_download
from ui.parts.text import as_text

if TYPE_CHECKING:
    from dashlab.experiments.sketch.reading import NetworkAnswer
    from dashlab.training.classifier import Classifier

Networks = Mapping[str, "Classifier"]

SEEN = 168  # pixels that the 28×28 input is shown at, six for each of its own: two fit on a telephone
STEP = 104

DIGITS = tuple("0123456789")
EMPTY = {
    "draw": "The sheet is empty, so there is no prediction. Draw a digit, of any size and anywhere.",
    "upload": "There is no picture yet, so there is no prediction.",
}
HOW_TO_READ = {
    "evidence": "How much the ink of each pixel counted: :orange[**orange**] spoke for {what}, "
    ":blue[**blue**] against it. Black pixels hold no ink, and so no evidence.",
    "sensitivity": "What a little more ink would do, drawn already or not: at :orange[**orange**] pixels it "
    "would speak for {what}, at :blue[**blue**] ones against it. Draw there, and see.",
}


def answers(prepared: Prepared | None, readers: Networks, state: PageState) -> None:
    """What each network reads, and the probabilities of all classes as bars."""
    if prepared is None:
        st.info(EMPTY[str(state.values["source"])], icon=":material/draw:")
        return
    if prepared.doubt:
        st.warning(f"**No prediction.** {prepared.doubt}", icon=":material/help:")
    readers = _that_read(prepared, readers)
    if not readers:
        return
    read = _read(prepared, readers)
    for answer in read:
        _say(answer, several=len(read) > 1)
    st.plotly_chart(
        charts.probability_bars(
            [answer.probabilities for answer in read],
            [answer.name for answer in read],
            [answer.classes for answer in read],
        ),
        key=f"{state.prefix}_bars",
        config=CONFIG,
        alt="Probability of each class in per cent: "
        + "; ".join(f"{a.name}: {a.classes[a.best]} {100 * a.confidence:.0f} %" for a in read),
    )
    csv_download("Probabilities as CSV", lambda: _rows(read), "probabilities.csv", key=f"{state.prefix}_csv")


def _that_read(prepared: Prepared, readers: Networks) -> Networks:
    """All, or, of what is no digit, those that know other things than digits."""
    return {name: one for name, one in readers.items() if not prepared.doubt or tuple(one.classes) != DIGITS}


def _read(prepared: Prepared, readers: Networks) -> "Sequence[NetworkAnswer]":
    from dashlab.experiments.sketch.reading import read

    return read(readers, prepared.picture)


def _say(answer: "NetworkAnswer", *, several: bool) -> None:
    ranked = sorted(range(len(answer.probabilities)), key=lambda k: -answer.probabilities[k])
    second = ranked[1]
    likely, unlikely = (
        f"{as_text(answer.classes[k])} at {100 * answer.probabilities[k]:.1f} %" for k in ranked[:2]
    )
    best = as_text(answer.classes[answer.best])
    next_best = f", then {unlikely}" if answer.probabilities[second] >= 0.001 else ""
    if several:
        st.markdown(f"{as_text(answer.name)} predicts **{best}**: {likely}{next_best}.")
    else:
        st.markdown(f"## Predicted: {best}")
        st.caption(f"{likely}{next_best}.")


def _rows(read: "Sequence[NetworkAnswer]") -> list[dict[str, str | float]]:
    return [
        {"network": answer.name, "class": name, "probability": probability}
        for answer in read
        for name, probability in zip(answer.classes, answer.probabilities, strict=True)
    ]


def what_it_sees(prepared: Prepared | None, readers: Networks, state: PageState) -> None:
    """The 28×28 input, the pixels that mattered, and the steps that led there."""
    if prepared is None:
        return
    readers = _that_read(prepared, readers)
    st.header("What the network really sees", anchor=False)
    if readers:
        _map_controls(state)
    with st.container(horizontal=True):
        with st.container(width=SEEN, gap="xsmall"):
            show(prepared.picture[None], "The input: 28 × 28 pixels", side=SEEN)
            st.caption("The input, all of it")
        for name, network in readers.items():
            with st.container(width=SEEN, gap="xsmall"):
                _map(prepared, name, network, state, several=len(readers) > 1)
    if readers:
        st.caption(HOW_TO_READ[str(state.values["map"])].format(what=_what(state)))
    _steps(prepared.steps, readers)


def _map_controls(state: PageState) -> None:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        control(state, "map")
    with right:
        _about(state)


def _about(state: PageState) -> None:
    spec, key = state.specs["about"], f"{state.prefix}_about"
    place = start_argument(key, state.values["about"], among=spec.choices, argument="index")
    state.values["about"] = st.selectbox(
        spec.label,
        spec.choices,
        format_func=spec.shown,
        key=key,
        help=spec.help,
        **place,
    )


def _what(state: PageState) -> str:
    about = str(state.values["about"])
    return "what was read" if about == "read" else f"class {about}"


def _map(prepared: Prepared, name: str, network: "Classifier", state: PageState, *, several: bool) -> None:
    from dashlab.experiments.sketch.reading import evidence, read, sensitivity

    about = str(state.values["about"])
    answer = read({name: network}, prepared.picture)[0]
    label = answer.best if about == "read" else int(about)
    measure = evidence if state.values["map"] == "evidence" else sensitivity
    overlay = charts.saliency_overlay(prepared.picture, measure(network, prepared.picture, label))
    title = network.classes[label]
    show(overlay, f"Pixels that mattered for {title}", side=SEEN)
    st.caption(f"For **{as_text(title)}**" + (f" · {as_text(name)}" if several else ""))


def _step_picture(step: PreparationStep) -> None:
    is_large = max(step.picture.shape) > 2 * STEP
    picture = np.pad(step.picture, 2, constant_values=150) if is_large else step.picture
    show(picture[None], step.about, side=STEP)


def _steps(steps: Sequence[PreparationStep], readers: Networks) -> None:
    st.header("How it got there", anchor=False)
    st.markdown(
        "A network reads what looks like its training pictures, so your digit goes through what every "
        "digit of MNIST went through.",
        width=760,
    )
    with st.container(horizontal=True):
        for number, step in enumerate(steps, start=1):
            with st.container(width=STEP + 16, gap="xxsmall"):  # six beside each other on a desktop
                _step_picture(step)
                st.caption(f"**{number}. {step.name}**  \n{step.about}")
    for sentence in entering(readers):
        st.caption(as_text(sentence))


def entering(readers: Networks) -> Iterator[str]:
    """How a pixel enters the networks: a sentence for each way, with their names where the ways differ."""
    ways: dict[tuple[float, float], list[str]] = {}
    for name, network in readers.items():
        way = network.normalization.mean[0], network.normalization.std[0]
        ways.setdefault(way, []).append(name)
    for (mean, std), names in ways.items():
        whose = "the network" if len(readers) == 1 else "the networks" if len(ways) == 1 else ", ".join(names)
        yield f"Last, a pixel p enters {whose} as (p / 255 − {mean:g}) / {std:g}, as in training."
