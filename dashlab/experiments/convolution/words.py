"""What one layer does to a picture, in sentences, formulas and rows of a table; no torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dashlab.experiments.convolution.rows import LayerOutcome, Linked
from dashlab.experiments.convolution.settings import LAYERS, LayerConfig
from dashlab.settings.plurals import counted

MOST_TERMS = 9
"""Products that are written out; of more, the largest."""


def minus(text: str) -> str:
    """With a real minus sign."""
    return text.replace("-", "−")


def cost_words(outcome: LayerOutcome) -> str:
    """Parameters, and what is multiplied and added."""
    return counted(
        outcome.parameters,
        "{count} parameter, and {products} products or numbers that are compared for this picture.",
        "{count} parameters, and {products} products or numbers that are compared for this picture.",
        products=f"{outcome.multiply_adds:,}",
    )


def channel_words(outcome: LayerOutcome) -> str:
    """Which channels are drawn, where there are several; "" where there is but one each."""
    counts = len(outcome.picture), len(outcome.output)
    if max(counts) == 1:
        return ""
    return _CHANNELS[counts[1] > 1]


_CHANNELS = {
    True: "Red, green and blue are three channels at both sides. Drawn, and looked at, is the first, red.",
    False: "Red, green and blue go in as three channels, of which red is drawn. One channel comes out, the "
    "sum over all three.",
}


def linked_words(config: LayerConfig, link: Linked) -> str:
    """Where an output comes from, or what an input pixel feeds."""
    place = f"row {link.at[1]}, column {link.at[2]}"
    if link.looks == "output":
        if not len(link.rows):
            return minus(_FROM_NOTHING.format(place=place, value=f"{link.value:.4g}"))
        if is_pooled(config):
            return minus(_LARGEST.format(
                place=place, value=f"{link.value:.4g}", row=link.rows[0], column=link.columns[0]
            ))  # fmt: skip
        return minus(
            counted(
                len(link.rows),
                "The output at {place} is {value}: {count} product, and the bias {rest}.",
                "The output at {place} is {value}: the sum of {count} products, and the bias {rest}.",
                place=place,
                value=f"{link.value:.4g}",
                rest=f"{link.rest:.4g}" if abs(link.rest) > 1e-9 else "0",
            )
        )
    if not len(link.rows):
        return minus(_FEEDS_NOTHING.format(place=place, value=f"{link.value:.4g}"))
    return minus(
        counted(
            len(link.rows),
            "The input at {place}, {value}, enters {count} output.",
            "The input at {place}, {value}, enters {count} outputs.",
            place=place,
            value=f"{link.value:.4g}",
        )
    )


_FROM_NOTHING = "The output at {place} is {value}, whatever the picture: no pixel of it enters here."
_LARGEST = "The output at {place} is {value}, taken from row {row}, column {column} of the picture."
_FEEDS_NOTHING = (
    "The input at {place}, {value}, enters no output: the windows pass over it, or another pixel of each "
    "window is larger."
)


def sum_formula(link: Linked) -> str:
    """An output as a sum in TeX: input times weight, the largest products first where there are many."""
    order = sorted(range(len(link.rows)), key=lambda k: -abs(link.values[k] * link.weights[k]))
    shown = sorted(order[:MOST_TERMS])
    terms = [rf"{_tex(link.values[k])} \cdot {_tex(link.weights[k])}" for k in shown]
    if len(link.rows) > MOST_TERMS:
        terms.append(r"\dots")
    if abs(link.rest) > 1e-9:
        terms.append(_tex(link.rest))
    rows = [" + ".join(terms[start : start + 3]) for start in range(0, len(terms), 3)] or ["0"]
    return r"\begin{aligned}" + rf"{link.value:.4g} &= {rows[0]}" + "".join(
        rf"\\ &\quad + {row}" for row in rows[1:]
    ) + r"\end{aligned}"  # fmt: skip


def _tex(number: float) -> str:
    text = f"{number:.3g}"
    return f"({text})" if text.startswith("-") else text


def linked_rows(link: Linked) -> Iterator[dict[str, Any]]:
    """One row for each linked pixel."""
    for k in range(len(link.rows)):
        row: dict[str, Any] = {
            "channel": int(link.channels[k]),
            "row": int(link.rows[k]),
            "column": int(link.columns[k]),
            "weight": float(link.weights[k]),
        }
        if link.looks == "output":
            yield {**row, "input": float(link.values[k]), "product": float(link.values[k] * link.weights[k])}
        else:
            yield {**row, "output": float(link.values[k])}


def layer_words(config: LayerConfig) -> str:
    """What this kind of layer does, and what is often misunderstood about it."""
    return _LAYERS[config.layer].format(
        name=LAYERS[config.layer], k=config.kernel, size=config.output_size, o=config.output_padding
    )


_LAYERS = {
    "conv": "{name} lays the kernel over every window, multiplies and adds. Where the window looks like the "
    "kernel, the output is large. (It is a cross-correlation: a convolution would turn the kernel round "
    "first.)",
    "transposed": "{name} puts each pixel times the whole kernel onto the output, and adds where they "
    "overlap. Its matrix is that of a convolution transposed; it is not the inverse, which is why "
    "“deconvolution” is the wrong word. Where the stride does not divide k, some outputs get more terms: "
    "the checkerboard of Odena et al. 2016.",
    "conv3d": "{name} slides through a clip as well: the window has {k} × {k} × {k} numbers. The clip is the "
    "picture, moving to the right; the kernel is repeated over time, so that movement is blurred.",
    "maxpool": "{name} takes the largest number of each window, and can tell where it stood. Only that pixel "
    "gets a gradient.",
    "avgpool": "{name} takes the mean of each window.",
    "unpool": "{name} puts each largest number back to where it came from, and zeros elsewhere. It needs the "
    "indices of the pooling, and the size before it: several sizes are pooled to the same.",
    "adaptivemax": "{name} cuts the picture into {size} × {size} windows, whatever its size, and takes the "
    "largest of each. Windows differ in size where {size} does not divide the side.",
    "adaptiveavg": "{name} cuts the picture into {size} × {size} windows, whatever its size, and takes the "
    "mean of each. With an output size of 1 it is the global average pooling of NiN (Lin et al. 2013).",
}


def is_pooled(config: LayerConfig) -> bool:
    """Whether an output is one number of the window and not a sum."""
    return config.layer in ("maxpool", "adaptivemax", "unpool")
