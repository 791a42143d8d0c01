"""The layer as a few lines of PyTorch."""

from __future__ import annotations

from dashlab.experiments.convolution.kernels import kernel_of, written
from dashlab.experiments.convolution.settings import ADAPTIVE, LAYERS, POOLS, WEIGHTED, LayerConfig


def code_of(config: LayerConfig) -> str:
    """A script that builds this layer and sends noise of the picture's shape through it."""
    shape = [1, config.channels, config.side, config.side]
    lines = ["import torch", "from torch import nn", ""]
    if config.layer == "conv3d":
        shape.insert(2, 6)
    lines += [f"x = torch.rand{tuple(shape)}", *_made(config), "", "print(y.shape)"]
    return "\n".join(lines)


def _made(config: LayerConfig) -> list[str]:
    if config.layer in WEIGHTED:
        return _weighted(config)
    name = LAYERS[config.layer]
    if config.layer in ADAPTIVE:
        indices = ", return_indices=True" if config.layer == "adaptivemax" else ""
        call = "y, indices = layer(x)" if indices else "y = layer(x)"
        return [f"layer = nn.{name}({config.output_size}{indices})", call]
    sizes = _arguments(config, "stride", "padding")
    if config.layer == "unpool":
        return [
            f"pool = nn.MaxPool2d({sizes}, return_indices=True)",
            f"unpool = nn.MaxUnpool2d({sizes})",
            "largest, indices = pool(x)",
            "y = unpool(largest, indices, output_size=x.shape[-2:])",
        ]
    own = ("dilation",) if config.layer == "maxpool" else ("count_include_pad", "divisor_override")
    more = _arguments(config, "stride", "padding", "ceil_mode", *own)
    if config.layer == "maxpool":
        return [f"layer = nn.{name}({more}, return_indices=True)", "y, indices = layer(x)"]
    return [f"layer = nn.{name}({more})", "y = layer(x)"]


def _weighted(config: LayerConfig) -> list[str]:
    channels = config.channels
    groups = channels if config.groups == "depthwise" else 1
    names = ["stride", "padding", "dilation"]
    names.append("output_padding" if config.layer == "transposed" else "padding_mode")
    more = _arguments(config, *names) + (f", groups={groups}" if groups > 1 else "")
    share = 1 if groups > 1 else channels
    share *= config.kernel if config.layer == "conv3d" else 1
    rows = written(kernel_of(config)).split("; ")
    table = ",\n    ".join(f"[{', '.join(row.split())}]" for row in rows)
    divided = f" / {share}" if share > 1 else ""
    return [
        f"layer = nn.{LAYERS[config.layer]}({channels}, {groups}, {more})",
        f"kernel = torch.tensor([\n    {table},\n], dtype=torch.float32)",
        "with torch.no_grad():",
        f"    layer.weight.copy_((kernel{divided}).expand_as(layer.weight))",
        f"    layer.bias.fill_({config.bias:g})",
        "    y = layer(x)",
    ]


def _arguments(config: LayerConfig, *names: str) -> str:
    """Those that are not torch's own defaults, after the kernel size."""
    usual = {
        "stride": config.kernel if config.layer in (*POOLS, "unpool") else 1, "padding": 0, "dilation": 1,
        "padding_mode": "zeros", "output_padding": 0, "ceil_mode": False, "count_include_pad": True,
        "divisor_override": 0,
    }  # fmt: skip
    changed = [f"{name}={getattr(config, name)!r}" for name in names if getattr(config, name) != usual[name]]
    return ", ".join((str(config.kernel), *changed)).replace("'", '"')
