"""The printed code of a layer, run, makes what the page shows."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pytest
import torch

from dashlab.experiments.convolution.code import code_of
from dashlab.experiments.convolution.layers import passed
from dashlab.experiments.convolution.settings import LAYERS, LayerConfig

CASES = [
    *(LayerConfig(layer=layer).without_unused() for layer in LAYERS),
    LayerConfig(kernel=5, stride=2, padding=3, dilation=2, padding_mode="reflect", weights="gauss", bias=0.5),
    LayerConfig(layer="transposed", stride=3, output_padding=2, colour=True, weights="sharpen"),
    LayerConfig(layer="conv3d", padding=2, colour=True, groups="depthwise", weights="blur", kernel=4),
    LayerConfig(layer="maxpool", kernel=4, stride=3, padding=2, dilation=2, ceil_mode=True),
    LayerConfig(
        layer="avgpool", stride=2, padding=1, count_include_pad=False, divisor_override=5, ceil_mode=True
    ),
    LayerConfig(layer="maxpool", kernel=2, stride=2, padding=0),
    LayerConfig(weights="own", own="1 2 3; 4 5 6; 7 8 9"),
    LayerConfig(weights="random", seed=3, colour=True),
]


@pytest.mark.parametrize("config", CASES, ids=lambda config: f"{config.layer}-{config.key()[:6]}")
def test_the_code_makes_what_the_layer_makes(config: LayerConfig) -> None:
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code_of(config), names)  # noqa: S102  our own text
    made = passed(config, names["x"][0])
    torch.testing.assert_close(names["y"][0], made.output, atol=1e-4, rtol=1e-4)
    assert out.getvalue().strip() == str(names["y"].shape)


def test_what_is_torchs_own_default_is_not_written() -> None:
    assert "nn.MaxPool2d(2, return_indices=True)" in code_of(
        LayerConfig(layer="maxpool", kernel=2, stride=2, padding=0)
    )
    assert "nn.Conv2d(1, 1, 3, padding=1)" in code_of(LayerConfig())
