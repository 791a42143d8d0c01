"""Twins that train in no time."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn

from dashlab.experiments.batchnorm import network as networks
from dashlab.experiments.batchnorm.rows import TwinsConfig, TwinsEpoch
from dashlab.training.device import stream

SMALL = TwinsConfig(points=101, hidden=(8, 6), batch_size=16, epochs=3)
FULL = TwinsConfig(points=100, hidden=(8, 6), epochs=4)


def run(config: TwinsConfig) -> list[TwinsEpoch]:
    return [row for row in config.rows() if isinstance(row, TwinsEpoch)]


def by_hand(config: TwinsConfig, *, batchnorm: bool) -> tuple[nn.Sequential, list[float], list[float]]:
    """The same training as one would write it: the network, and loss and accuracy of every epoch."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise((2, *config.hidden)):
        layers += [nn.Linear(fan_in, fan_out), *[nn.BatchNorm1d(fan_out)] * batchnorm, nn.ReLU()]
    network = nn.Sequential(*layers, nn.Linear(config.hidden[-1], 2))
    linear = (module for module in network if isinstance(module, nn.Linear))
    for number, layer in enumerate(linear):
        bound = 1 / math.sqrt(layer.in_features)
        nn.init.uniform_(layer.weight, -bound, bound, generator=stream(config.seed, f"weight {number}"))
        nn.init.uniform_(layer.bias, -bound, bound, generator=stream(config.seed, f"bias {number}"))
    train, _ = networks.load_points(config).split(config.test_fraction)
    optimizer = torch.optim.SGD(network.parameters(), lr=config.lr)
    order, size = stream(config.seed, "order"), config.batch_size or len(train)
    losses, accuracies = [], []
    for _ in range(config.epochs):
        chosen = torch.arange(len(train))
        if config.batch_size:
            chosen = torch.randperm(len(train), generator=order)
        total, right, seen = 0.0, 0, 0
        for start in range(0, len(train), size):
            indexes = chosen[start : start + size]
            if len(indexes) == 1:
                continue
            x, y = train.x[indexes], train.y[indexes]
            optimizer.zero_grad()
            logits = network(x)
            loss = nn.CrossEntropyLoss()(logits, y)
            loss.backward()
            optimizer.step()
            total, seen = total + loss.item() * len(y), seen + len(y)
            right += int((logits.argmax(1) == y).sum())
        losses.append(total / seen)
        accuracies.append(right / seen)
    return network, losses, accuracies
