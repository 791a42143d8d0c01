"""The training loop that most courses teach: the measure of what dashlab's own loop saves."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

BATCH = 64


def mlp(*, seed: int) -> nn.Sequential:
    """S1: 784-512-512-10."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512), nn.ReLU(),
        nn.Linear(512, 512), nn.ReLU(),
        nn.Linear(512, 10),
    )  # fmt: skip


def cnn(*, seed: int) -> nn.Sequential:
    """S4: three blocks of convolution, BatchNorm, ReLU and pooling; two hidden layers with dropout."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1), nn.BatchNorm2d(128), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1152, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dropout(0.4),
        nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dropout(0.4),
        nn.Linear(512, 10),
    )  # fmt: skip


def epochs(pictures: Dataset[tuple[Tensor, int]], network: nn.Module, *, workers: int = 0) -> Iterator[float]:
    """Train epoch after epoch, for as long as one asks; yields the seconds of each."""
    loader = DataLoader(pictures, batch_size=BATCH, shuffle=True, num_workers=workers)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    while True:
        begun = time.perf_counter()
        network.train()
        loss_sum, right = 0.0, 0.0
        for x, y in loader:
            optimizer.zero_grad()
            outputs = network(x)
            loss = criterion(outputs, y)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item()
            right += (outputs.argmax(1) == y).sum().item()
        yield time.perf_counter() - begun
