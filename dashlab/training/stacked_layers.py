"""Fully connected networks of one shape computed as one, their gradients written out layer by layer.

Eight small networks one after the other spend most of their time between the products of their layers.
Stacked, each layer is one batched product, and no graph is recorded for what is known beforehand.

Every number is rounded as `torch.autograd` rounds it in a network alone: on a CPU with one thread the results
agree to the last bit. That matters where a gradient is nothing but rounding, as that of a weight on an always
black pixel before a BatchNorm is, because Adam makes full steps of it.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, cast

import torch
from torch import Tensor, nn

from dashlab.settings.run_parts import LossConfig
from dashlab.training.models.layers import Dropout

_LANES = 16
"""A CPU computes so many numbers at once, and those left over at the end of a row another way, which rounds
otherwise. Where rows are no multiple of it, the racers are taken one by one."""


class Movable:
    """A network's parameters as its optimizer sees them: few and long, which saves most of its calls.

    Every optimizer here treats each number by itself, so that it does not matter to which tensor the number
    belongs. Parameters whose length is no multiple of `_LANES` stay alone.
    """

    def __init__(self, network: nn.Module) -> None:
        every = list(network.parameters())
        long = [parameter for parameter in every if parameter.numel() % _LANES == 0]
        alone = [[parameter] for parameter in every if parameter.numel() % _LANES]
        self.owners = [long, *alone] if long else alone
        self.parameters = [
            nn.Parameter(torch.cat([owner.detach().flatten() for owner in owners])) for owners in self.owners
        ]


class _Slot(NamedTuple):
    """A parameter of all networks, [R, ...], and its gradient."""

    value: Tensor
    gradient: Tensor


class _StackedLayer(Protocol):
    """A layer of all networks. Both methods are called in turn, and outside of autograd."""

    def forward(self, h: Tensor) -> Tensor:
        """[R, B, in] to [R, B, out]; keeps what `backward` needs."""

    def backward(self, grad: Tensor) -> Tensor:
        """The gradient of the output to that of the input; those of the parameters go to their slots."""


class Stack:
    """R networks of one shape as one: [B, C, H, W] in, logits [R, B, classes] out, in train mode.

    The networks' parameters and buffers, and what their optimizers move, become slices of stacked ones, so
    that what moves the one moves the other.

    Args:
        networks: softmax regressions or MLPs as `models.build` makes them.
        movables: of these networks; their parameters' gradients are what `backward` leaves.
        layers: of one such network; those without weights are used as they are.
    """

    def __init__(
        self, networks: Sequence[nn.Sequential], movables: Sequence[Movable], layers: Sequence[nn.Module]
    ) -> None:
        self._count = len(networks)
        slots = _stack_parameters(movables)
        self._slots = [slots[parameter] for parameter in networks[0].parameters()]
        buffers = [_stack(same) for same in zip(*(network.buffers() for network in networks), strict=True)]
        self._layers = _layers(layers, self._slots, buffers)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """The networks' logits [R, B, classes] for the same pictures [B, C, H, W]."""
        h = x.flatten(1).expand(self._count, -1, -1)  # [R, B, features] from here on
        for layer in self._layers:
            h = layer.forward(h)
        return h

    @torch.no_grad()
    def backward(self, grad: Tensor) -> None:
        """Give every parameter the gradient of its network's loss, from that of logits [R, B, classes]."""
        for layer in reversed(self._layers):
            grad = layer.backward(grad)

    def penalties(self, losses: Sequence[LossConfig]) -> Tensor | float:
        """L1 and L2 of each network's weights, [R]; their gradients are added to what `backward` left.

        `losses` says for each network how much they count.
        """
        if not any(loss.l1 or loss.l2 for loss in losses):
            return 0.0
        slots = [slot for slot in self._slots if slot.value.dim() > 2]
        weights = [slot.value.detach().requires_grad_() for slot in slots]
        flat = [weight.flatten(1) for weight in weights]
        l1, l2 = (flat[0].new_tensor([getattr(loss, name) for loss in losses]) for name in ("l1", "l2"))
        total = torch.zeros(self._count, device=flat[0].device)
        if l1.any():
            total = total + l1 * torch.stack([w.abs().sum(1) for w in flat]).sum(0)
        if l2.any():
            total = total + l2 * torch.stack([w.square().sum(1) for w in flat]).sum(0)
        for slot, gradient in zip(slots, torch.autograd.grad(total.sum(), weights), strict=True):
            slot.gradient.add_(gradient)
        return total.detach()


def _stack_parameters(movables: Sequence[Movable]) -> dict[nn.Parameter, _Slot]:
    """Stack what is moved; the slots by the first network's parameters."""
    slots: dict[nn.Parameter, _Slot] = {}
    for group, moved in enumerate(zip(*(movable.parameters for movable in movables), strict=True)):
        values = _stack(moved)  # [R, numbers]
        gradients = torch.zeros_like(values)
        for parameter, gradient in zip(moved, gradients.unbind(0), strict=True):
            parameter.grad = gradient
        start = 0
        for same in zip(*(movable.owners[group] for movable in movables), strict=True):
            here = slice(start, start := start + same[0].numel())
            shape = (len(movables), *same[0].shape)
            slots[same[0]] = _Slot(values[:, here].view(shape), gradients[:, here].view(shape))
            for owner, part in zip(same, slots[same[0]].value.unbind(0), strict=True):
                owner.data = part
    return slots


def _stack(tensors: Sequence[Tensor]) -> Tensor:
    """The tensors as one [R, ...], of which they become slices."""
    stacked = torch.stack([tensor.detach() for tensor in tensors])
    for tensor, part in zip(tensors, stacked.unbind(0), strict=True):
        tensor.data = part
    return stacked


def _layers(
    layers: Sequence[nn.Module], slots: Sequence[_Slot], buffers: Sequence[Tensor]
) -> list[_StackedLayer]:
    """The layers of all networks, from those of one."""
    slot, buffer = iter(slots), iter(buffers)
    made: list[_StackedLayer] = []
    for layer in layers:
        if isinstance(layer, nn.Linear):
            weight = next(slot)
            bias = None if cast(Tensor | None, layer.bias) is None else next(slot)
            made.append(_Linear(weight, bias, first=not made))
        elif isinstance(layer, nn.BatchNorm1d):
            affine = next(slot), next(slot)
            made.append(_Norm(layer, affine, [next(buffer) for _ in range(3)]))
        elif isinstance(layer, Dropout):
            made.append(_Dropout(layer))
        elif isinstance(layer, nn.ReLU):
            made.append(_ReLU())
        elif not isinstance(layer, nn.Flatten):
            made.append(_Activation(layer))
    return made


class _Linear:
    """[R, B, in] times [R, out, in], plus [R, out].

    Each product is the one that `nn.Linear` computes, with its operands the same way round.
    """

    def __init__(self, weight: _Slot, bias: _Slot | None, *, first: bool) -> None:
        self._weight, self._bias, self._first = weight, bias, first

    def forward(self, h: Tensor) -> Tensor:
        self._input = h
        turned = self._weight.value.transpose(1, 2)
        if self._bias is None:
            return torch.bmm(h, turned)
        return torch.baddbmm(self._bias.value[:, None], h, turned)

    def backward(self, grad: Tensor) -> Tensor:
        grad = grad.contiguous()
        torch.bmm(grad.transpose(1, 2), self._input, out=self._weight.gradient)
        if self._bias is not None:
            torch.sum(grad, 1, out=self._bias.gradient)
        return grad if self._first else torch.bmm(grad, self._weight.value)  # pictures need no gradient


class _Norm:
    """BatchNorm of [R, B, F], as one of [B, R·F]: it treats every feature by itself."""

    def __init__(self, layer: nn.BatchNorm1d, affine: tuple[_Slot, _Slot], buffers: Sequence[Tensor]) -> None:
        self._weight, self._bias = affine  # [R, F]
        *self._statistics, self._batches = buffers  # mean and variance, [R, F]
        self._momentum, self._eps = cast(float, layer.momentum), layer.eps
        self._shape = self._weight.value.shape

    def forward(self, h: Tensor) -> Tensor:
        self._batches += 1
        parts = (h, self._weight.value, self._bias.value, *self._statistics)
        self._inputs = list(zip(*map(self._apart, parts), strict=True))
        how = True, self._momentum, self._eps
        done = [
            torch.native_batch_norm(x, weight, bias, mean, var, *how)
            for x, weight, bias, mean, var in self._inputs
        ]
        self._saved = [saved for _, *saved in done]  # the batch's mean and 1 / standard deviation
        return self._together([out for out, *_ in done])

    def backward(self, grad: Tensor) -> Tensor:
        gradients = [
            torch.ops.aten.native_batch_norm_backward(
                g, x, weight, *statistics, *saved, True, self._eps, [True, True, True]
            )
            for g, (x, weight, _, *statistics), saved in zip(
                self._apart(grad), self._inputs, self._saved, strict=True
            )
        ]
        of_input, of_weight, of_bias = (self._together(same) for same in zip(*gradients, strict=True))
        self._weight.gradient.copy_(of_weight)
        self._bias.gradient.copy_(of_bias)
        return of_input

    def _apart(self, together: Tensor) -> Sequence[Tensor]:
        """[R, F] or [R, B, F] as what is normalised in one go: [R·F] or [B, R·F], else each by itself."""
        if self._shape[1] % _LANES:
            return together.unbind(0)
        if together.dim() == 2:
            return [together.reshape(-1)]
        return [together.transpose(0, 1).reshape(together.shape[1], -1)]

    def _together(self, apart: Sequence[Tensor]) -> Tensor:
        if self._shape[1] % _LANES:
            return torch.stack(list(apart))
        (one,) = apart
        return one.view(self._shape) if one.dim() == 1 else one.view(-1, *self._shape).transpose(0, 1)


class _ReLU:
    """Works in its input's memory, and in the backward pass in its output's, which nobody needs any more."""

    def forward(self, h: Tensor) -> Tensor:
        self._output = h.relu_()
        return h

    def backward(self, grad: Tensor) -> Tensor:
        place = self._output
        return cast(Tensor, torch.ops.aten.threshold_backward.grad_input(grad, place, 0, grad_input=place))


class _Activation:
    """Any other activation, by autograd."""

    def __init__(self, layer: nn.Module) -> None:
        self._layer = layer

    def forward(self, h: Tensor) -> Tensor:
        self._input = h.detach().contiguous().requires_grad_()  # oneDNN has kernels of its own for these
        with torch.enable_grad():
            if h.shape[2] % _LANES:
                self._output = torch.stack([self._layer(part) for part in self._input])
            else:
                self._output = self._layer(self._input)
        return self._output.detach()

    def backward(self, grad: Tensor) -> Tensor:
        return torch.autograd.grad(self._output, self._input, grad)[0]


class _Dropout:
    """One mask for all networks: each would draw the same."""

    def __init__(self, layer: Dropout) -> None:
        self._layer = layer

    def forward(self, h: Tensor) -> Tensor:
        self._mask = cast(Tensor, self._layer(torch.ones(h.shape[1:], device=h.device)))
        return h * self._mask

    def backward(self, grad: Tensor) -> Tensor:
        return grad * self._mask
