"""What a confusion matrix says; plain counts in, plain numbers out, no torch."""

from collections.abc import Sequence

Counts = Sequence[Sequence[int]]
"""[true class][predicted class]."""


def normalised(confusion: Counts) -> list[list[float]]:
    """Each row as shares of its true class; 0 throughout where a class has no picture."""
    return [[count / max(1, sum(row)) for count in row] for row in confusion]


def class_accuracies(confusion: Counts) -> list[float | None]:
    """The share of each true class that was classified correctly; None for a class without pictures."""
    return [row[k] / sum(row) if sum(row) else None for k, row in enumerate(confusion)]


def confused_pairs(confusion: Counts) -> list[tuple[int, int, int]]:
    """Cells off the diagonal that hold pictures: (true class, predicted class, count), the fullest first."""
    cells = [
        (i, j, count) for i, row in enumerate(confusion) for j, count in enumerate(row) if i != j and count
    ]
    return sorted(cells, key=lambda cell: -cell[2])
