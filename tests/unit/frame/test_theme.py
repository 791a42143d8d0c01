"""The two themes can be read by everyone: contrast of text, and chart colours under colour blindness."""

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONFIG = Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml"
MODES = ["light", "dark"]
# Machado et al. 2009, full severity: how linear RGB looks to a person with each kind.
SIGHT = {
    "all": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# Ottosson 2020, Oklab.
TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def theme(mode: str) -> dict[str, Any]:
    loaded: dict[str, Any] = tomllib.loads(CONFIG.read_text())["theme"][mode]
    return loaded


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2, from 1 to 21."""
    low, high = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def distance(one: str, other: str, sight: str) -> float:
    """How far apart two colours look, in hundredths of Oklab; 2 is just noticeable."""
    first, second = (
        TO_LAB @ np.cbrt(TO_LMS @ np.clip(SIGHT[sight] @ linear(colour), 0, 1)) for colour in (one, other)
    )
    return 100 * float(np.linalg.norm(first - second))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", ["textColor", "linkColor", "codeTextColor"])
def test_text_stands_out_from_every_surface(mode: str, text: str) -> None:
    colours = theme(mode)
    for surface in (colours, colours["sidebar"]):
        assert contrast(colours[text], surface["backgroundColor"]) >= 4.5
        assert contrast(colours[text], surface["secondaryBackgroundColor"]) >= 4.5


@pytest.mark.parametrize("mode", MODES)
def test_white_labels_stand_out_from_primary_buttons(mode: str) -> None:
    assert contrast("#FFFFFF", theme(mode)["primaryColor"]) >= 4.5


@pytest.mark.parametrize("mode", MODES)
def test_chart_colours_stand_out_from_the_page(mode: str) -> None:
    colours = theme(mode)
    for colour in [*colours["chartCategoricalColors"], colours["primaryColor"]]:
        assert contrast(colour, colours["backgroundColor"]) >= 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_chart_colours_differ(mode: str, sight: str) -> None:
    pairs = itertools.combinations(theme(mode)["chartCategoricalColors"], 2)
    nearest = min((distance(one, other, sight), one, other) for one, other in pairs)
    assert nearest[0] >= 6, nearest


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scale", ["chartCategoricalColors", "chartSequentialColors", "chartDivergingColors"])
def test_a_palette_has_the_ten_colours_that_plotly_is_given(mode: str, scale: str) -> None:
    assert len(theme(mode)[scale]) == 10


@pytest.mark.parametrize("mode", MODES)
def test_a_sequential_scale_grows_away_from_the_page(mode: str) -> None:
    colours = theme(mode)
    steps = [contrast(colour, colours["backgroundColor"]) for colour in colours["chartSequentialColors"]]
    assert steps == sorted(steps)
