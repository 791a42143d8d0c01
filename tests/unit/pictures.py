"""Small made-up data sets: quick to train on, and known to the last pixel."""

import torch

from dashlab.data.imageset import ImageSet

CLASSES = ("red", "green", "blue", "white")


def made_up(
    train: int = 64,
    test: int = 16,
    *,
    shape: tuple[int, int, int] = (1, 8, 8),
    classes: tuple[str, ...] = CLASSES,
    noise: int = 80,
    test_seed: int = 2,
) -> ImageSet:
    """A pattern per class under noise; classes take turns. Above `noise` = 127 it is hard to learn."""
    patterns = torch.randint(0, 256, (len(classes), *shape), generator=torch.Generator().manual_seed(0))

    def part(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(seed)
        labels = torch.arange(count) % len(classes)
        grain = torch.randint(-noise, noise + 1, (count, *shape), generator=generator)
        return (patterns[labels] + grain).clamp(0, 255).to(torch.uint8), labels

    train_x, train_y = part(train, 1)
    test_x, test_y = part(test, test_seed)
    return ImageSet(
        name="own",
        title="Made up",
        source="own",
        origin=f"Made up: {train} pictures for training and {test} for testing.",
        train_x=train_x,
        train_y=train_y,
        test_x=test_x,
        test_y=test_y,
        classes=classes,
    )
