"""Figures of a trained network on pictures it is not being trained on."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dashlab.training.batches import Normalization, Part, pictures_at_once
from dashlab.training.models import memory_format
from dashlab.training.results import Evaluation

_PORTION = 2000
_CPU_PORTION = 250
"""At most this many pictures are evaluated in one go, and fewer where they are larger than 3×32×32. On a CPU
a network of convolutions takes twice as long when its values outgrow the cache."""


@torch.inference_mode()
def logits_of(network: nn.Module, pictures: Tensor, normalize: Normalization) -> Tensor:
    """The network's outputs for uint8 [N, C, H, W] in eval mode, float32 [N, K] on the pictures' device."""
    was_training = network.training
    network.eval()
    layout = memory_format(network)
    portion = pictures_at_once(_CPU_PORTION if pictures.device.type == "cpu" else _PORTION, pictures)
    outputs = [
        network(normalize(chunk).contiguous(memory_format=layout)).float()
        for chunk in torch.split(pictures, portion)
    ]
    network.train(was_training)
    return torch.cat(outputs)


def loss_and_accuracy(logits: Tensor, labels: Tensor, loss: str) -> tuple[float, float]:
    """Mean loss without smoothing or penalties, and the share of right answers, for [N, K] and int64 [N]."""
    right = (logits.argmax(1) == labels).float().mean()
    return loss_value(logits, labels, loss).item(), right.item()


def loss_value(logits: Tensor, labels: Tensor, loss: str, *, label_smoothing: float = 0.0) -> Tensor:
    """The mean loss called `loss` of [B, K] logits for int64 [B] labels, a scalar."""
    if loss == "mse":
        return F.mse_loss(logits, F.one_hot(labels, logits.shape[1]).to(logits.dtype))
    return F.cross_entropy(logits, labels, label_smoothing=label_smoothing)


def evaluate(network: nn.Module, part: Part, normalize: Normalization, *, loss: str) -> Evaluation:
    """Loss, accuracy, confusion matrix and probabilities on `part`."""
    logits = logits_of(network, part.x, normalize)
    mean_loss, accuracy = loss_and_accuracy(logits, part.y, loss)
    classes = logits.shape[1]
    pairs = torch.bincount(part.y * classes + logits.argmax(1), minlength=classes * classes)
    return Evaluation(
        loss=mean_loss,
        accuracy=accuracy,
        confusion=tuple(tuple(row) for row in pairs.view(classes, classes).tolist()),
        probabilities=logits.softmax(1).cpu(),
    )
