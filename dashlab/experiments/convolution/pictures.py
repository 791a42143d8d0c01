"""What is sent through a layer: photographs, pictures of data sets, and two made of numbers."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from dashlab.data.photos import PHOTOS, load_photo
from dashlab.experiments.convolution.settings import LayerConfig
from dashlab.settings.run_parts import DataConfig
from dashlab.training.engine import load


def picture_of(config: LayerConfig) -> Tensor:
    """The picture that the settings name, [C, side, side] in float32, from 0 to 1.

    The ramp counts 0, 1, 2 … along the rows instead, in every channel.

    Raises:
        DataError: it cannot be read.
    """
    side, channels = config.side, config.channels
    if config.source == "ramp":
        return torch.arange(float(side * side)).reshape(1, side, side).expand(channels, -1, -1).contiguous()
    if config.source == "point":
        picture = torch.zeros(channels, side, side)
        picture[:, side // 2, side // 2] = 1
        return picture
    if config.source == "photo":
        photo = load_photo(list(PHOTOS)[config.item % len(PHOTOS)])
        return in_channels(square(photo, side), channels)
    images = load(DataConfig(dataset=config.source))
    pixels = images.test_x[config.item % len(images.test_x)].float() / 255
    return in_channels(resized(pixels, side), channels)


def square(picture: Image.Image, side: int) -> Tensor:
    """The middle of a picture, [3, side, side] in float32, from 0 to 1."""
    shortest = min(picture.size)
    left, top = ((length - shortest) // 2 for length in picture.size)
    middle = picture.convert("RGB").crop((left, top, left + shortest, top + shortest))
    shrunk = middle.resize((side, side), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(shrunk)).permute(2, 0, 1).float() / 255


def resized(pixels: Tensor, side: int) -> Tensor:
    """A picture [C, H, W] as [C, side, side]; enlarged without smoothing, so that its pixels are seen."""
    if side >= min(pixels.shape[1:]):
        return functional.interpolate(pixels[None], (side, side), mode="nearest")[0]
    made: Tensor = functional.interpolate(pixels[None], (side, side), mode="bilinear", antialias=True)[0]
    return made


def in_channels(picture: Tensor, channels: int) -> Tensor:
    """A picture [C, H, W] as [channels, H, W]: colours become their mean, grey is repeated."""
    if len(picture) == channels:
        return picture
    return picture.mean(0, keepdim=True) if channels == 1 else picture.expand(channels, -1, -1).contiguous()
