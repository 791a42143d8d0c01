"""A twin's network, the data of both, and what can be measured of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dashlab.data import points
from dashlab.data.images import load_images
from dashlab.experiments.batchnorm.rows import (
    BINS,
    CHANNELS,
    FULL,
    GRID,
    SPAN,
    BothModes,
    Moments,
    Score,
    Spread,
    pack_boundary,
)
from dashlab.experiments.batchnorm.settings import TwinSettings
from dashlab.settings.run_parts import ModelConfig
from dashlab.training.batches import Normalization, stratified_order
from dashlab.training.device import pick_device, stream
from dashlab.training.models.initialize import initialize
from dashlab.training.models.layers import activation_layer

PORTION = 1000
COUNTED = 5000
"""And over about so many of their values in each layer."""
MARGIN = 0.25
"""Room around the points where the boundary is drawn."""


SIGNED, UNIT = Normalization((0.5,), (0.5,)), Normalization((0.0,), (1.0,))


@dataclass(frozen=True, slots=True)
class Task:
    """What the twins learn: inputs float32 [N, D] or uint8 [N, 1, 28, 28], and labels int64 [N]."""

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: tuple[str, ...]
    normalization: Normalization = SIGNED  # of pictures

    def batch(self, chosen: Tensor | None) -> tuple[Tensor, Tensor]:
        """The training inputs with these indexes, float32 [B, D], and their labels; all for None."""
        if chosen is None:
            return self.vectors(self.train_x), self.train_y
        return self.vectors(self.train_x[chosen]), self.train_y[chosen]

    def vectors(self, x: Tensor) -> Tensor:
        """Pictures uint8 [B, 1, 28, 28] as float32 [B, 784], normalised; points [B, 2] as they are."""
        return self.normalization(x).flatten(1) if x.dtype == torch.uint8 else x


def load_task(config: TwinSettings) -> Task:
    """The data that the settings name; raises `DataError` where MNIST cannot be read."""
    if config.dataset == "mnist":
        return _digits(config)
    train, test = load_points(config).split(config.test_fraction)
    return Task(train.x, train.y, test.x, test.y, ("0", "1"))


def load_points(config: TwinSettings) -> points.Points:
    """All points, those to test on first."""
    draw = stream(config.seed, "points")
    if config.dataset == "circles":
        return points.circles(config.points, factor=config.factor, noise=config.noise, generator=draw)
    if config.dataset == "moons":
        return points.moons(config.points, noise=config.noise, generator=draw)
    return points.spirals(config.points, turns=config.turns, noise=config.noise, generator=draw)


def largest_share(y: Tensor) -> float:
    """The accuracy of always answering the class that most of these labels, int64 [N], are of."""
    return int(torch.bincount(y).max()) / len(y)


def _digits(config: TwinSettings) -> Task:
    images, device = load_images("mnist"), pick_device()
    x, y = images.train_x, images.train_y
    if config.train_size and config.train_size < len(y):
        chosen = (
            stratified_order(y, generator=stream(config.seed, "split"))[: config.train_size].sort().values
        )
        x, y = x[chosen], y[chosen]
    test = images.test_x.to(device), images.test_y.to(device)
    normalization = UNIT if config.pixels == "unit" else SIGNED
    return Task(x.to(device), y.to(device), *test, images.classes, normalization)


def build_twin(config: TwinSettings, *, batchnorm: bool) -> nn.Sequential:
    """One twin; both get the same weights in their linear layers and, where both have them, biases."""
    with torch.device("meta"):  # torch would draw weights from its global generator
        network = nn.Sequential(*_layers(config, batchnorm=batchnorm))
    network.to_empty(device="cpu")
    start = ModelConfig(activation=config.activation, init=config.init, init_std=config.init_std)
    initialize(network, start, seed=config.seed)
    return network


def _layers(config: TwinSettings, *, batchnorm: bool) -> Iterator[nn.Module]:
    for number, (fan_in, fan_out) in enumerate(pairwise(config.widths[:-1])):
        bias = config.bias == "everywhere" or (config.bias == "needed" and not batchnorm)
        yield nn.Linear(fan_in, fan_out, bias=bias)
        block: list[nn.Module] = []
        if number == 0 or config.activated == "everywhere":
            block.append(activation_layer(config.activation))
        if batchnorm:
            block.insert(0 if config.order == "before" else 1, _normalizer(config, fan_out))
        yield from block
    yield nn.Linear(config.widths[-2], config.widths[-1], bias=config.bias != "nowhere")


def _normalizer(config: TwinSettings, channels: int) -> nn.BatchNorm1d:
    return nn.BatchNorm1d(
        channels,
        eps=config.eps,
        momentum=config.momentum,
        affine=config.affine,
        track_running_stats=config.track,
    )


def batches(config: TwinSettings, task: Task, size: int, epochs: int) -> Iterator[list[Tensor | None]]:
    """For each epoch the indexes of its batches, int64 [B]; None stands for all data at once.

    A last batch of a single input is left out, for both twins alike. Without `shuffle` each epoch goes
    through the data as they stand.
    """
    draw, count = stream(config.seed, "order"), len(task.train_y)
    for _ in range(epochs):
        if size == 0 or size >= count:
            yield [None]
            continue
        order = torch.randperm(count, generator=draw) if config.shuffle else torch.arange(count)
        cut = torch.split(order.to(task.train_y.device), size)
        yield [chosen for chosen in cut if len(chosen) > 1]


def described(config: TwinSettings) -> tuple[str, str]:
    """Both networks, layer by layer, as PyTorch writes them, but shorter: Linear(2, 128, bias=True)."""
    plain, normed = (str(build_twin(config, batchnorm=batchnorm)) for batchnorm in (False, True))
    return _shorter(plain), _shorter(normed)


def _shorter(written: str) -> str:
    return written.replace("in_features=", "").replace("out_features=", "")


Vectors = Callable[[Tensor], Tensor]
"""Makes of inputs as they are stored, [N, ...], what the network takes: float32 [N, D]."""


def as_it_is(x: Tensor) -> Tensor:
    """What is a vector already, float32 [N, D]."""
    return x


def normalizers(network: nn.Module) -> list[nn.BatchNorm1d]:
    """The BatchNorm layers of a twin, first to last; none in the plain one."""
    return [module for module in network.children() if isinstance(module, nn.BatchNorm1d)]


@contextmanager
def batch_statistics(network: nn.Module) -> Iterator[None]:
    """Train mode in which running statistics neither count nor move."""
    layers = normalizers(network)
    before = [(layer.training, layer.track_running_stats) for layer in layers]
    for layer in layers:
        layer.training, layer.track_running_stats = True, False
    try:
        yield
    finally:
        for layer, (training, tracked) in zip(layers, before, strict=True):
            layer.training, layer.track_running_stats = training, tracked


@torch.no_grad()
def logits_by_batch(network: nn.Module, x: Tensor, size: int, vectors: Vectors = as_it_is) -> Tensor:
    """Outputs in train mode for x [N, D], cut into batches of `size` in order (0: one batch).

    A last batch of one joins the one before it. `vectors` makes of each batch what the network takes.
    """
    count = len(x)
    ends = list(range(size, count, size)) if 0 < size < count else []
    if ends and count - ends[-1] == 1:
        ends.pop()
    with batch_statistics(network):
        return torch.cat([network(vectors(part)) for part in torch.tensor_split(x, ends)])


@torch.no_grad()
def logits_by_running(network: nn.Module, x: Tensor, size: int, vectors: Vectors = as_it_is) -> Tensor:
    """Outputs in eval mode for x [N, D]; in batches of `size` where no running statistics are kept."""
    layers = normalizers(network)
    if any(layer.running_mean is None for layer in layers):
        return logits_by_batch(network, x, size, vectors)
    for layer in layers:
        layer.eval()
    logits = torch.cat([network(vectors(part)) for part in torch.split(x, PORTION)])
    for layer in layers:
        layer.train()
    return logits


def on_test(network: nn.Module, task: Task, size: int) -> BothModes:
    """A network's scores on the test data in train mode, in batches of `size`, and in eval mode."""
    return _both_modes(network, task, task.test_x, task.test_y, size)


def on_training(network: nn.Module, task: Task, size: int) -> BothModes:
    """The same on all training data, in the order in which they stand."""
    return _both_modes(network, task, task.train_x, task.train_y, size)


def _both_modes(network: nn.Module, task: Task, x: Tensor, y: Tensor, size: int) -> BothModes:
    """Without BatchNorm the two are the same, and measured once."""
    classes = len(task.classes)
    running = by_batch = _graded(logits_by_running(network, x, size, task.vectors), y, classes)
    if normalizers(network):
        by_batch = _graded(logits_by_batch(network, x, size, task.vectors), y, classes)
    return BothModes(
        by_batch=by_batch[0],
        by_running=running[0],
        classes_by_batch=by_batch[1],
        classes_by_running=running[1],
    )


def _graded(logits: Tensor, y: Tensor, classes: int) -> tuple[Score, tuple[float, ...]]:
    """The score over all, and the accuracy within each class."""
    right = logits.argmax(1) == y
    seen = torch.bincount(y, minlength=classes).clamp_min(1)
    hits = torch.bincount(y[right], minlength=classes)
    loss = F.cross_entropy(logits, y).item()
    return Score(loss=loss, accuracy=right.float().mean().item()), tuple((hits / seen).tolist())


@torch.no_grad()
def spreads(network: nn.Sequential, x: Tensor) -> tuple[Spread, ...]:
    """How the values of each hidden layer are distributed in train mode, for x [N, D]."""
    by_layer: list[Spread] = []
    entering: Tensor | None = None  # the activation of the layer that x is in
    with batch_statistics(network):
        for number, module in enumerate(network):
            if number and isinstance(module, nn.Linear):
                by_layer.append(_spread(x if entering is None else entering, x))
                entering = None
            if not isinstance(module, nn.Linear | nn.BatchNorm1d):
                entering = x
            x = module(x) if number < len(network) - 1 else x
    return tuple(by_layer)


def _spread(entering: Tensor, leaving: Tensor) -> Spread:
    return Spread(
        entering=_histogram(entering),
        leaving=_histogram(leaving),
        mean=entering.mean().item(),
        std=entering.std().item(),
        silent=(leaving.amax(0) == leaving.amin(0)).float().mean().item(),
    )


def _histogram(values: Tensor) -> tuple[int, ...]:
    """Counts of about `COUNTED` of the values, evenly chosen."""
    chosen = values.flatten()[:: max(1, values.numel() // COUNTED)].nan_to_num(0.0)
    bins = ((chosen + SPAN) * (BINS / (2 * SPAN))).clamp_(0, BINS - 1).long()
    return tuple(torch.bincount(bins, minlength=BINS).tolist())


def extent(x: Tensor) -> tuple[float, float, float, float]:
    """The part of the plane that is drawn around points [N, 2]: left, right, bottom, top."""
    low, high = (x.amin(0) - MARGIN).tolist(), (x.amax(0) + MARGIN).tolist()
    return low[0], high[0], low[1], high[1]


def cells(x: Tensor) -> Tensor:
    """Middles of the cells that the plane around points [N, 2] is cut into, [GRID², 2], bottom row first."""
    left, right, bottom, top = extent(x)
    middles = (torch.arange(GRID) + 0.5) / GRID
    down, across = torch.meshgrid(
        bottom + (top - bottom) * middles, left + (right - left) * middles, indexing="ij"
    )
    return torch.stack([across.flatten(), down.flatten()], 1)


def boundary(network: nn.Module, grid: Tensor) -> str:
    """The probability of class 1 at each cell of `grid` [GRID², 2], in eval mode, packed for `boundary_of`.

    Where no running statistics are kept, the cells themselves are the batch.
    """
    shares = logits_by_running(network, grid, 0).softmax(1)[:, 1].nan_to_num(0.5)
    return pack_boundary((shares * FULL).round().int().tolist())


class Watched:
    """Keeps what entered each BatchNorm layer of a network last."""

    def __init__(self, network: nn.Sequential) -> None:
        self._layers = normalizers(network)
        self._inputs: list[Tensor] = [torch.empty(0)] * len(self._layers)
        for number, layer in enumerate(self._layers):
            layer.register_forward_pre_hook(self._keeper(number))

    def moments(self, step: int) -> Iterator[Moments]:
        """The statistics of the last batch, and the running ones that it went into."""
        for number, (layer, x) in enumerate(zip(self._layers, self._inputs, strict=True)):
            followed = x[:, :CHANNELS]
            yield Moments(
                step=step,
                layer=number,
                mean=_numbers(followed.mean(0)),
                var=_numbers(followed.var(0)),
                running_mean=_first(layer.running_mean),
                running_var=_first(layer.running_var),
            )

    def _keeper(self, number: int) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def keep(_layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            self._inputs[number] = inputs[0].detach()

        return keep


def _first(values: Tensor | None) -> tuple[float, ...]:
    return () if values is None else _numbers(values[:CHANNELS])


def _numbers(values: Tensor) -> tuple[float, ...]:
    """Six digits are more than a picture shows, and half of what would be stored."""
    return tuple(float(f"{value:.6g}") for value in values.tolist())


def plane(config: TwinSettings) -> tuple[list[list[float]], list[int], tuple[float, float, float, float]]:
    """For drawing: the points, their classes, and the part of the plane around them, see `extent`."""
    found = load_points(config)
    return found.x.tolist(), found.y.tolist(), extent(found.x)
