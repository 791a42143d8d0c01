"""Where a trained network is right and where it is wrong, picture by picture.

Everything here works on what a finished run keeps: one row of probabilities per test picture, and the labels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a network made of one test picture."""

    index: int  # in the test set
    truth: int  # class
    predicted: int  # class with the largest probability
    probabilities: tuple[float, ...]  # of every class

    @property
    def confidence(self) -> float:
        """Probability of the class that was chosen."""
        return self.probabilities[self.predicted]

    def top(self, count: int) -> list[tuple[int, float]]:
        """The likeliest classes with their probabilities, the likeliest first."""
        ranked = sorted(enumerate(self.probabilities), key=lambda entry: -entry[1])
        return ranked[:count]


def worst_mistakes(probabilities: Tensor, labels: Tensor, count: int) -> list[Reading]:
    """The pictures that were classified wrongly with the greatest confidence, the worst first.

    Args:
        probabilities: float32 [N, K].
        labels: int64 [N].
        count: at most this many.
    """
    return _most_confident(probabilities, labels, probabilities.argmax(1) != labels, count)


def cell_readings(
    probabilities: Tensor, labels: Tensor, truth: int, predicted: int, count: int
) -> list[Reading]:
    """The pictures in one cell of the confusion matrix, the most confident first.

    Args:
        probabilities: float32 [N, K].
        labels: int64 [N].
        truth: the class that they are of, below K.
        predicted: the class that was predicted, below K.
        count: at most this many.
    """
    inside = (labels == truth) & (probabilities.argmax(1) == predicted)
    return _most_confident(probabilities, labels, inside, count)


def _most_confident(probabilities: Tensor, labels: Tensor, wanted: Tensor, count: int) -> list[Reading]:
    indices = wanted.nonzero().squeeze(1)
    # Stable: equally confident pictures keep the order of the test set.
    order = probabilities[indices].amax(1).argsort(descending=True, stable=True)[:count]
    return [_reading(probabilities, labels, int(index)) for index in indices[order]]


def _reading(probabilities: Tensor, labels: Tensor, index: int) -> Reading:
    row = probabilities[index]
    return Reading(
        index=index, truth=int(labels[index]), predicted=int(row.argmax()), probabilities=tuple(row.tolist())
    )


def prediction_rows(
    probabilities: Tensor, labels: Tensor, classes: Sequence[str]
) -> Iterator[dict[str, int | str | float]]:
    """One row per test picture for a table: index, true and predicted class, and every probability.

    Args:
        probabilities: float32 [N, K].
        labels: int64 [N].
        classes: the K names.
    """
    for index, (row, truth) in enumerate(zip(probabilities.tolist(), labels.tolist(), strict=True)):
        predicted = max(range(len(row)), key=row.__getitem__)
        yield {
            "index": index,
            "true": classes[truth],
            "predicted": classes[predicted],
            "right": int(truth == predicted),
            **{f"p({name})": round(p, 6) for name, p in zip(classes, row, strict=True)},
        }


def samples(labels: Tensor, classes: int, each: int) -> list[list[int]]:
    """Indexes of the first `each` pictures of every class, class by class, by their labels [N]."""
    return [(labels == k).nonzero().squeeze(1)[:each].tolist() for k in range(classes)]
