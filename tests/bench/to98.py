"""(3): seconds of training until 98 % of the MNIST test pictures are read right."""

from __future__ import annotations

import statistics

import torch

from dashlab.experiments.trainer.presets import preset
from dashlab.training.batches import Normalization
from dashlab.training.engine import train
from dashlab.training.evaluate import logits_of, loss_and_accuracy
from tests.bench import textbook
from tests.bench.pictures import images, torchvision_set
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit, Ratio

GOAL = 0.98
TEXTBOOK, FAST = "textbook S1", "preset mnist-fast"
MOST_EPOCHS = 30


def to98(settings: Settings) -> Bench:
    """The textbook's S1, looked at after every epoch, against one whole run of mnist-fast; a seed a pair."""
    config = preset("mnist-fast").config
    epochs: list[int] = []
    accuracies: list[float] = []

    def slow(pair: int) -> float:
        seconds = textbook_to_goal(seed=pair, workers=settings.workers)
        epochs.append(len(seconds))
        return sum(seconds)

    def fast(pair: int) -> float:
        result = train(config.change(seed=pair), images=images("mnist"), device="cpu")
        assert result.evaluation is not None
        accuracies.append(result.evaluation.accuracy)
        return result.seconds.load + result.seconds.train

    train(
        config.change(train_size=2000), images=images("mnist"), device="cpu"
    )  # imports, before the clock starts
    clock = Clock(settings.threads)
    seconds = clock.alternate({TEXTBOOK: slow, FAST: fast}, settings.pairs)
    return Bench(
        name="to98",
        title="MNIST, seconds of training to 98 % on the test set",
        seconds=seconds,
        ratios=(Ratio(slow=TEXTBOOK, fast=FAST, wanted=20),),
        limits=(Limit(side=FAST, seconds=5),),
        notes=(_textbook_note(epochs), _fast_note(accuracies)),
        own_share=clock.own_share,
    )


def textbook_to_goal(*, seed: int, workers: int) -> list[float]:
    """Seconds of each epoch up to the one after which the goal is reached; looking is not counted."""
    network = textbook.mlp(seed=seed)
    seconds: list[float] = []
    for taken in textbook.epochs(torchvision_set("mnist"), network, workers=workers):
        seconds.append(taken)
        if len(seconds) == MOST_EPOCHS or _accuracy(network) >= GOAL:
            break
    return seconds


def _accuracy(network: torch.nn.Module) -> float:
    pictures = images("mnist")
    logits = logits_of(network, pictures.test_x, Normalization((0.5,), (0.5,)))
    return loss_and_accuracy(logits, pictures.test_y, "cross_entropy")[1]


def _textbook_note(epochs: list[int]) -> str:
    told = ", ".join(str(count) for count in epochs)
    return (
        f"The textbook's recipe took {told} epochs, a seed each, and was looked at after every one (that "
        "time is not counted; it stops by the test set, which favours it)."
    )


def _fast_note(accuracies: list[float]) -> str:
    reached = sum(accuracy >= GOAL for accuracy in accuracies)
    mean, least = statistics.mean(accuracies), min(accuracies)
    return (
        f"mnist-fast reached 98 % with {reached} of {len(accuracies)} seeds: mean {mean:.2%}, lowest "
        f"{least:.2%}. Its settings were chosen on a validation part of the training pictures."
    )
