"""Layers that slide over a picture: sizes by their formula, windows, what a pixel feeds, and the matrix."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from dashlab.errors import ConfigError
from dashlab.experiments.convolution.kernels import kernel_of, numbers_of, written
from dashlab.experiments.convolution.layers import build, clip, passed, written_size
from dashlab.experiments.convolution.one_layer import multiply_adds
from dashlab.experiments.convolution.settings import FRAMES, KERNELS, LAYERS, WEIGHTED, LayerConfig
from dashlab.experiments.convolution.windows import fed_by, matrix, window_of

TRIES = 2_000
GIVEN = ("layer", "side", "colour", "source", "weights")


def picture_for(config: LayerConfig, *, side: int) -> Tensor:
    """Noise of the shape that the layer takes."""
    generator = torch.Generator().manual_seed(side)
    picture = torch.rand(config.channels, side, side, generator=generator)
    return clip(picture) if config.layer == "conv3d" else picture


def drawn(rng: random.Random, layer: str) -> LayerConfig:
    """A layer with settings from all over their ranges, be it possible or not."""
    config = LayerConfig(layer=layer, side=rng.randint(2, 24), colour=rng.random() < 0.5)
    changes: dict[str, Any] = {
        name: rng.choice([*spec.choices] or [False, True])
        if spec.kind in ("choice", "flag")
        else rng.randint(int(spec.low), min(int(spec.high), 12))
        for name, spec in config.specs().items()
        if spec.kind in ("choice", "flag", "integer")
        and name not in ("layer", "side", "colour", "source", "weights")
    }
    return config.change(**changes, weights="random").without_unused()


def test_sizes_by_the_formula_are_those_of_the_real_layers_over_thousands_of_settings() -> None:
    rng, possible = random.Random(0), 0
    while possible < TRIES:
        config = drawn(rng, rng.choice([*LAYERS]))
        try:
            made = passed(config, picture_for(config, side=config.side))
        except ConfigError:
            continue
        possible += 1
        sides = made.output.shape[1:]
        assert [written_size(config, side).size for side in made.picture.shape[1:]] == [*sides], config


def test_what_is_refused_is_refused_by_torch_too() -> None:
    rng, refused = random.Random(1), 0
    while refused < 300:
        config = drawn(rng, rng.choice([*LAYERS]))
        picture = picture_for(config, side=config.side)
        try:
            passed(config, picture)
        except ConfigError as error:
            refused += 1
            if "would have" in str(error):
                continue  # our own limit
            with pytest.raises((RuntimeError, ValueError)):
                unchecked(config)(picture[None])


def unchecked(config: LayerConfig) -> nn.Module:
    """The layer as torch makes it, or refuses to, of settings that were not checked."""
    sizes = config.kernel, config.stride, config.padding
    if config.layer in ("maxpool", "unpool"):
        dilation = config.dilation if config.layer == "maxpool" else 1
        return nn.MaxPool2d(*sizes, dilation, ceil_mode=config.ceil_mode)
    if config.layer == "avgpool":
        return nn.AvgPool2d(*sizes, ceil_mode=config.ceil_mode)
    more = (
        {"output_padding": config.output_padding}
        if config.layer == "transposed"
        else {"padding_mode": config.padding_mode}
    )
    made: nn.Module = getattr(nn, LAYERS[config.layer])(
        config.channels, 1, *sizes, dilation=config.dilation, **more
    )
    return made


@pytest.mark.parametrize("layer", LAYERS)
def test_products_and_bias_sum_to_the_output(layer: str) -> None:
    config = LayerConfig(layer=layer, colour=True, bias=0.5 if layer in WEIGHTED else 0.0)
    made = passed(config, picture_for(config, side=12))
    middle = tuple(size // 2 for size in made.output.shape)
    window = window_of(made, middle)
    assert window.value == pytest.approx(float(made.output[window.at]), abs=1e-5)
    assert float(window.products.sum()) + window.rest == pytest.approx(window.value, abs=1e-9)
    assert window.rest == pytest.approx(config.bias, abs=1e-6)


@pytest.mark.parametrize("layer", LAYERS)
def test_an_input_feeds_exactly_the_outputs_whose_windows_it_stands_in(layer: str) -> None:
    config = LayerConfig(layer=layer, output_size=4, weights="blur").without_unused()
    made = passed(config, picture_for(config, side=7))
    at = tuple(size // 2 for size in made.picture.shape)
    fed = fed_by(made, at)
    of_windows = {
        tuple(place)
        for place in torch.ones(made.output.shape).nonzero().tolist()
        if list(at) in window_of(made, tuple(place)).places.tolist()
    }
    assert {tuple(place) for place in fed.places.tolist()} == of_windows


def test_a_window_at_the_edge_is_cut_off_by_padding_and_goes_round_with_circular() -> None:
    corner = (0, 0, 0)
    for mode, count in (("zeros", 4), ("replicate", 4), ("reflect", 4), ("circular", 9)):
        config = LayerConfig(weights="blur", padding_mode=mode)
        window = window_of(passed(config, picture_for(config, side=6)), corner)
        assert len(window.places) == count, mode


def test_the_matrix_of_a_transposed_convolution_is_that_of_the_convolution_transposed() -> None:
    config = LayerConfig(stride=2, padding=1, weights="random")
    there = matrix(build(config), (1, 7, 7))
    back = matrix(build(config.change(layer="transposed")), (1, 4, 4))
    assert there.shape == (16, 49)
    torch.testing.assert_close(back, there.T)


def test_unpooling_puts_the_largest_back_where_they_were_and_zeros_elsewhere() -> None:
    config = LayerConfig(layer="unpool", kernel=2, stride=2, padding=0)
    picture = torch.tensor([[[1.0, 2, 0, 0], [3, 4, 0, 9], [0, 0, 5, 0], [8, 0, 0, 0]]])
    wanted = torch.tensor([[[0.0, 0, 0, 0], [0, 4, 0, 9], [0, 0, 5, 0], [8, 0, 0, 0]]])
    assert torch.equal(passed(config, picture).output, wanted)


def test_pooling_tells_where_each_largest_came_from() -> None:
    config = LayerConfig(layer="maxpool", kernel=2, stride=2, padding=0)
    made = passed(config, torch.arange(16.0).reshape(1, 4, 4))
    assert made.indices is not None
    assert made.indices.tolist() == [[[5, 7], [13, 15]]]


def test_the_rim_of_a_mean_is_darker_where_padding_counts() -> None:
    ones = torch.ones(1, 6, 6)
    counted = passed(LayerConfig(layer="avgpool", kernel=3, padding=1), ones).output
    not_counted = passed(
        LayerConfig(layer="avgpool", kernel=3, padding=1, count_include_pad=False), ones
    ).output
    by_one = passed(LayerConfig(layer="avgpool", kernel=3, padding=1, divisor_override=1), ones).output
    assert counted[0, 0, 0] == pytest.approx(4 / 9)
    assert torch.equal(not_counted, ones)
    assert by_one[0, 2, 2] == 9


def test_depthwise_each_channel_is_its_own() -> None:
    config = LayerConfig(colour=True, groups="depthwise", weights="sharpen")
    picture = picture_for(config, side=8)
    plain = LayerConfig(weights="sharpen")
    for channel in range(3):
        alone = passed(plain, picture[channel : channel + 1]).output
        torch.testing.assert_close(passed(config, picture).output[channel : channel + 1], alone)


def test_without_groups_colours_are_averaged() -> None:
    config = LayerConfig(colour=True, weights="gauss", kernel=5)
    picture = picture_for(config, side=9)
    by_hand = functional.conv2d(picture.mean(0)[None, None], kernel_of(config)[None, None], padding=1)
    torch.testing.assert_close(passed(config, picture).output[None], by_hand)


def test_a_clip_is_blurred_over_time_too() -> None:
    config = LayerConfig(layer="conv3d", weights="identity", padding=1)
    moving = clip(torch.rand(1, 6, 6))
    made = passed(config, moving)
    assert made.output.shape == (1, FRAMES, 6, 6)
    torch.testing.assert_close(made.output[0, 2], moving[0, 1:4].mean(0))


@pytest.mark.parametrize("weights", [name for name in KERNELS if name != "own"])
@pytest.mark.parametrize("k", [3, 4, 7])
def test_a_kernel_has_its_size_and_can_be_written_and_read(weights: str, k: int) -> None:
    table = kernel_of(LayerConfig(weights=weights, kernel=k))
    assert table.shape == (k, k)
    torch.testing.assert_close(numbers_of(written(table), k), table, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 2 3; 4 5 6", "there are 2 rows"),
        ("1 2; 3 4; 5 6", "rows, of 2, 2, 2 numbers"),
        ("1 2 3; 4 five 6; 7 8 9", "made of numbers"),
        ("1 2 3; 4 nan 6; 7 8 9", "must lie between"),
        ("1 2 3; 4 1e9 6; 7 8 9", "must lie between"),
        ("", "there are 0 rows, of none numbers"),
    ],
)
def test_numbers_that_are_no_kernel_are_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        numbers_of(text, 3)


def test_numbers_may_be_written_in_lines_and_with_commas() -> None:
    assert numbers_of("1, 2\n3, −4", 2).tolist() == [[1, 2], [3, -4]]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (LayerConfig(layer="maxpool", kernel=3, padding=2), "at most half of its kernel"),
        (LayerConfig(side=4, padding=4, padding_mode="reflect"), "needs a larger picture than 4"),
        (LayerConfig(layer="transposed", output_padding=1), "smaller than the stride or the dilation"),
        (LayerConfig(layer="conv3d", padding=7, padding_mode="circular", side=32), "too few to be padded"),
        (LayerConfig(weights="sobelx", kernel=2, padding=0), "a kernel size of 3 or more"),
    ],
)
def test_what_torch_would_refuse_is_a_sentence(config: LayerConfig, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build(config)


def test_a_window_larger_than_the_picture_is_a_sentence() -> None:
    config = LayerConfig(kernel=9, padding=0, side=8)
    with pytest.raises(ConfigError, match="the window reaches 9 pixels, and the picture has 8"):
        passed(config, picture_for(config, side=8))


def test_an_output_that_is_too_large_is_a_sentence() -> None:
    config = LayerConfig(layer="transposed", stride=8, kernel=11, side=256, padding=0)
    with pytest.raises(ConfigError, match="1,024 is the most"):
        passed(config, picture_for(config, side=256))


@pytest.mark.parametrize("layer", WEIGHTED)
@pytest.mark.parametrize("groups", ["one", "depthwise"])
def test_products_are_counted_as_torchs_own_counter_does(layer: str, groups: str) -> None:
    config = LayerConfig(layer=layer, colour=True, groups=groups, stride=2, padding=2, side=11)
    picture = picture_for(config, side=11)
    made = passed(config, picture)
    with FlopCounterMode(display=False) as counter:
        made.layer(picture[None])
    assert 2 * multiply_adds(config, made) == counter.get_total_flops()


def test_windows_of_an_adaptive_pooling_are_counted_with_their_overlap() -> None:
    config = LayerConfig(layer="adaptiveavg", output_size=3, side=7)
    assert multiply_adds(config, passed(config, picture_for(config, side=7))) == (3 + 3 + 3) ** 2
