"""One layer on one picture: what comes out, what it costs, and how two pixels are linked."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from dashlab.experiments.convolution.layers import Passed, clip, passed, written_size
from dashlab.experiments.convolution.pictures import picture_of
from dashlab.experiments.convolution.rows import LayerOutcome, Linked, Plane
from dashlab.experiments.convolution.settings import ADAPTIVE, FRAMES, WEIGHTED, LayerConfig
from dashlab.experiments.convolution.windows import clamped, fed_by, window_of


def outcome(config: LayerConfig) -> LayerOutcome:
    """The picture through the layer.

    Raises:
        ConfigError: torch has no such layer, or nothing would come out.
        DataError: the picture cannot be read.
    """
    made = _passed(config)
    depth, depth_out = (FRAMES // 2, made.output.shape[1] // 2) if config.layer == "conv3d" else (0, 0)
    size = written_size(config, config.side)
    return LayerOutcome(
        picture=_plane(made.picture, depth),
        output=_plane(made.output, depth_out),
        shapes=(tuple(made.picture.shape), tuple(made.output.shape)),
        depth=depth,
        depth_out=depth_out,
        formula=size.formula,
        numbers=size.numbers,
        parameters=sum(parameter.numel() for parameter in made.layer.parameters()),
        multiply_adds=multiply_adds(config, made),
    )


def linked(config: LayerConfig) -> Linked:
    """The pixel that is looked at, and those that it comes from or feeds.

    Raises:
        ConfigError, DataError: as `outcome`.
    """
    made = _passed(config)
    is_clip = config.layer == "conv3d"
    looks_out = config.looks == "output"
    shape = made.output.shape if looks_out else made.picture.shape
    depth = (shape[1] // 2,) if is_clip else ()
    at = clamped((0, *depth, config.row, config.column), shape)
    if looks_out:
        window = window_of(made, at)
        places, weights, values, rest = window.places, window.weights, window.inputs, window.rest
        value = window.value
    else:
        fed = fed_by(made, at)
        places, weights, rest, value = fed.places, fed.weights, 0.0, fed.value
        values = made.output[tuple(places.T)].double()
    columns = places.numpy()
    return Linked(
        at=(at[0], at[-2], at[-1]),
        value=value,
        looks=config.looks,
        channels=columns[:, 0],
        rows=columns[:, -2],
        columns=columns[:, -1],
        depths=columns[:, 1] if is_clip else np.zeros(len(columns), dtype=np.int64),
        weights=weights.numpy(),
        values=values.numpy(),
        rest=rest,
    )


def multiply_adds(config: LayerConfig, made: Passed) -> int:
    """Products that the layer takes for one picture, zeros of the padding included; of poolings, numbers.

    A transposed convolution takes each input times the whole kernel.
    """
    outputs, inputs = made.output.numel(), made.picture.numel()
    kernel = config.kernel ** (3 if config.layer == "conv3d" else 2)
    if config.layer in WEIGHTED:
        groups = config.channels if config.groups == "depthwise" else 1
        if config.layer == "transposed":
            return inputs * kernel * (made.output.shape[0] // groups)
        return outputs * kernel * (made.picture.shape[0] // groups)
    if config.layer in ADAPTIVE:
        return made.picture.shape[0] * math.prod(
            sum(-(-(k + 1) * side // count) - k * side // count for k in range(count))
            for side, count in zip(made.picture.shape[1:], made.output.shape[1:], strict=True)
        )
    return outputs * kernel


def _passed(config: LayerConfig) -> Passed:
    picture = picture_of(config)
    return passed(config, clip(picture) if config.layer == "conv3d" else picture)


def _plane(tensor: Tensor, depth: int) -> Plane:
    plane: Plane = (tensor[:, depth] if tensor.dim() == 4 else tensor).numpy().astype(np.float32)
    return plane
