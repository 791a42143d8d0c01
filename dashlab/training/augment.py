"""Random changes of a whole batch of pictures at once, each picture with draws of its own.

torchvision's transforms draw once per call, so on a batch every picture would get the same crop.
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from dashlab.settings.run_parts import AugmentConfig


def changes_pictures(config: AugmentConfig) -> bool:
    """Whether any change is switched on."""
    return config != AugmentConfig()


def augment(pictures: Tensor, config: AugmentConfig, *, generator: Generator) -> Tensor:
    """Changed copies of a batch.

    Args:
        pictures: uint8 [B, C, H, W].
        config: which changes, how strong.
        generator: source of all draws, on the device of `pictures`.

    Returns:
        float32 [B, C, H, W] in [0, 1]. What comes in from outside the frame is black.
    """
    if config.flip:
        pictures = random_flip(pictures, generator=generator)
    if config.crop_padding:
        pictures = random_crop(pictures, config.crop_padding, generator=generator)
    x = pictures.float().div_(255)
    if config.rotate or config.shift or config.zoom or config.shear:
        x = random_affine(x, config, generator=generator)
    if config.thickness:
        x = random_thickness(x, config.thickness, generator=generator)
    if config.erase:
        x = random_erase(x, config.erase, generator=generator)
    return x


def random_flip(pictures: Tensor, *, generator: Generator) -> Tensor:
    """Mirror each picture of [B, C, H, W] left to right with probability one half."""
    mirrored = torch.rand(len(pictures), generator=generator, device=pictures.device) < 0.5
    return torch.where(mirrored[:, None, None, None], pictures.flip(3), pictures)


def random_crop(pictures: Tensor, padding: int, *, generator: Generator) -> Tensor:
    """Pad [B, C, H, W] with `padding` black pixels and cut a window of the old size out at random."""
    count, _, height, width = pictures.shape
    corner = torch.randint(2 * padding + 1, (2, count), generator=generator, device=pictures.device)
    padded = F.pad(pictures, (padding,) * 4)
    rows = corner[0, :, None] + torch.arange(height, device=pictures.device)  # [B, H]
    columns = corner[1, :, None] + torch.arange(width, device=pictures.device)  # [B, W]
    batch = torch.arange(count, device=pictures.device)[:, None, None]
    # Advanced indices around a slice put their own axes first: [B, H, W, C].
    return padded[batch, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def random_affine(x: Tensor, config: AugmentConfig, *, generator: Generator) -> Tensor:
    """Turn, zoom, slant and move each picture of float [B, C, H, W] about its middle, bilinearly."""
    matrices = affine_matrices(
        len(x), config, side=(x.shape[2], x.shape[3]), generator=generator, device=x.device
    )
    grid = F.affine_grid(matrices, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def affine_matrices(
    count: int, config: AugmentConfig, *, side: tuple[int, int], generator: Generator, device: torch.device
) -> Tensor:
    """Random maps from output to input coordinates, float32 [count, 2, 3], in units of half a picture."""
    draws = torch.rand(5, count, generator=generator, device=device).mul_(2).sub_(1)
    angle = draws[0] * math.radians(config.rotate)
    slant = torch.tan(draws[1] * math.radians(config.shear))
    shrink = 1 / (1 + draws[2] * config.zoom)
    cos, sin = torch.cos(angle) * shrink, torch.sin(angle) * shrink
    height, width = side
    ratio = height / width  # keeps a turn a turn where the picture is not square
    rows = (
        torch.stack((cos, (slant * cos - sin) * ratio), dim=1),
        torch.stack((sin / ratio, slant * sin + cos), dim=1),
    )
    linear = torch.stack(rows, dim=1)  # [count, 2, 2]
    moved = torch.stack(
        (draws[3] * (2 * config.shift / width), draws[4] * (2 * config.shift / height)), dim=1
    )
    # The move comes last, so that it is in pixels of the result, whatever the zoom.
    return torch.cat((linear, linear @ moved[:, :, None]), dim=2)


def random_thickness(x: Tensor, share: float, *, generator: Generator) -> Tensor:
    """Thicken or thin the bright strokes of a `share` of the pictures of float [B, C, H, W].

    Thicker is the maximum and thinner the minimum over a plus of five pixels, blended with the picture by a
    random amount. Pixels outside the frame do not count.
    """
    shape = (len(x), 1, 1, 1)
    chosen = torch.rand(shape, generator=generator, device=x.device)
    amount = torch.rand(shape, generator=generator, device=x.device).where(chosen < share, 0.0)
    sign = torch.where(chosen < share / 2, 1.0, -1.0)  # the minimum is minus the maximum of the negative
    signed = x * sign
    grown = signed.clone()
    for axis in (2, 3):  # slices, not copies of the batch for each neighbour: eight times as fast on a CPU
        last = x.shape[axis] - 1
        here, there = grown.narrow(axis, 1, last), grown.narrow(axis, 0, last)
        torch.maximum(here, signed.narrow(axis, 0, last), out=here)
        torch.maximum(there, signed.narrow(axis, 1, last), out=there)
    return signed.lerp_(grown, amount).mul_(sign)


def random_erase(x: Tensor, side: int, *, generator: Generator) -> Tensor:
    """Blacken a square of `side` pixels of each picture of float [B, C, H, W] (DeVries and Taylor 2017).

    The square's middle lies anywhere in the picture, so that part of it may fall outside.
    """
    count, _, height, width = x.shape
    middle = torch.rand(2, count, 1, generator=generator, device=x.device)
    rows = (torch.arange(height, device=x.device) + 0.5 - middle[0] * height).abs() < side / 2  # [B, H]
    columns = (torch.arange(width, device=x.device) + 0.5 - middle[1] * width).abs() < side / 2  # [B, W]
    return x.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)
