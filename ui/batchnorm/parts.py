"""Small parts that several views of BatchNorm against none are made of."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashlab.charts.batchnorm.boundary import Plane, points
from dashlab.charts.batchnorm.curves import NORMED, PLAIN
from dashlab.errors import DataError
from dashlab.experiments.batchnorm.settings import TwinSettings
from dashlab.experiments.batchnorm.sweeps import Sweep
from dashlab.settings.run import RunConfig
from ui.parts import guessing, live, preview, runs
from ui.parts.layout import rest
from ui.parts.plots import plot
from ui.parts.tables import csv_download
from ui.parts.text import as_text, show_error

QUICK_S = 3.0
"""What takes about as long as this on one core is computed while people wait, without a Train button."""


@st.cache_data(show_spinner=False, max_entries=24)
def plane_of(study: TwinSettings) -> Plane:
    """The points that the twins learn from."""
    from dashlab.experiments.batchnorm.network import plane

    dots, classes, extent = plane(study)
    return Plane(tuple((x, y) for x, y in dots), tuple(classes), extent)


def largest_class(study: TwinSettings) -> str:
    """What the test accuracies stand beside, in words; or why that is not known."""
    try:
        return guessing.sentence(_largest_shares(study))
    except DataError as error:  # a kept study is shown all the same
        return f"What always predicting the largest class gives is not known: {as_text(str(error))}"


def _largest_shares(study: TwinSettings) -> tuple[float, ...]:
    """The share of the largest class in the test data of each seed; MNIST has the same ones for all."""
    if study.dataset != "mnist":
        return _shares_of_points(study)
    from dashlab.experiments.batchnorm.network import largest_share

    return (largest_share(runs.images(RunConfig().change(dataset="mnist")).test_y),)


@st.cache_data(show_spinner=False, max_entries=24)
def _shares_of_points(study: TwinSettings) -> tuple[float, ...]:
    from dashlab.experiments.batchnorm.network import largest_share, load_points

    seeds = study.seeds if isinstance(study, Sweep) else 1
    shares = []
    for seed in range(study.seed, study.seed + seeds):
        _, test = load_points(study.change(seed=seed)).split(study.test_fraction)
        shares.append(largest_share(test.y))
    return tuple(shares)


def numbers(listed: Sequence[dict[str, Any]], file_name: str, key: str) -> None:
    """A table, with its columns' names as people read them, and the same as CSV."""
    shown = [{name.replace("_", " ").capitalize(): value for name, value in row.items()} for row in listed]
    st.dataframe(shown, height=240 if len(listed) > 6 else "auto", hide_index=True)
    csv_download("CSV", lambda: listed, file_name, key)


def is_quick(study: TwinSettings) -> bool:
    """Whether twins are trained while people wait, at each change."""
    return study.dataset != "mnist" and study.seconds <= QUICK_S


def before(study: TwinSettings) -> None:
    """What there is before the twins are trained: how long it takes, what they learn from, both networks."""
    st.info(
        f"These settings take about {live.seconds(study.seconds)} on one core. Press **Train**: the curves "
        "grow while you watch, Stop keeps what is there, and the result is cached.",
        icon=":material/hourglass_empty:",
    )
    _data(study)
    rest()
    networks(study)


def _data(study: TwinSettings) -> None:
    st.header("What they will learn from", anchor=False)
    if study.dataset != "mnist":
        alt = f"Points of both classes: {study.dataset}"
        plot(points(plane_of(study)), "bn_twins_chart_points", alt)
        return
    try:
        preview.sample_pictures(runs.images(RunConfig().change(dataset="mnist")))
    except DataError as error:
        show_error(error)


def networks(study: TwinSettings) -> None:
    """Both networks as PyTorch writes them."""
    for place, name, lines in zip(st.columns(2), (PLAIN, NORMED), _described(study), strict=True):
        with place:
            st.markdown(f"**{name}**")
            st.code(lines, language=None, wrap_lines=True)


@st.cache_data(show_spinner=False, max_entries=24)
def _described(study: TwinSettings) -> tuple[str, str]:
    from dashlab.experiments.batchnorm.network import described

    return described(study)
