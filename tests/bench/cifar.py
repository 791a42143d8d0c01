"""(5): the preset cifar-fast: timed on a GPU, and shown to run on a CPU."""

from __future__ import annotations

import torch

from dashlab.data.images import ImageSet, available_source, load_images
from dashlab.experiments.trainer.presets import preset
from dashlab.training.device import describe
from dashlab.training.engine import train
from tests.bench.settings import Settings
from tests.bench.timing import Bench, Clock, Limit

GOAL, GOAL_S = 0.94, 10.0
GPU, CPU = "cifar-fast, whole run", "cifar-fast, 2 steps of 64"


def cifar(settings: Settings) -> Bench:
    """The whole run where there is a GPU; else two small steps, to show that it runs."""
    pictures = load_images("cifar10")
    return _on_gpu(settings, pictures) if torch.cuda.is_available() else _on_cpu(settings, pictures)


def _on_gpu(settings: Settings, pictures: ImageSet) -> Bench:
    config, accuracies = preset("cifar-fast").config, list[float]()

    def run(pair: int) -> float:
        result = train(config.change(seed=pair), images=pictures, device="cuda")
        assert result.evaluation is not None
        accuracies.append(result.evaluation.accuracy)
        return result.seconds.load + result.seconds.train

    run(1000)  # compiles
    accuracies.clear()
    seconds = Clock(settings.threads).alternate({GPU: run}, settings.pairs)
    told = ", ".join(f"{accuracy:.2%}" for accuracy in accuracies)
    full = (
        "all of CIFAR-10"
        if available_source("cifar10") == "full"
        else "the bundled sample only: too few pictures for 94 %"
    )
    return Bench(
        name="cifar",
        title=f"CIFAR-10 on {describe(torch.device('cuda'))}, preset cifar-fast",
        seconds=seconds,
        limits=(Limit(side=GPU, seconds=GOAL_S),),
        notes=(
            f"Test accuracy, a seed each: {told}; aimed at {GOAL:.0%}, on {full}.",
            "Compiled before the clock starts.",
        ),
    )


def _on_cpu(settings: Settings, pictures: ImageSet) -> Bench:
    few = preset("cifar-fast").config.change(train_size=128, batch_size=64, epochs=1)

    def run(pair: int) -> float:
        return train(few.change(seed=pair), images=_without_test(pictures), device="cpu").seconds.train

    return Bench(
        name="cifar",
        title="CIFAR-10, preset cifar-fast, on this CPU",
        seconds=Clock(settings.threads).alternate({CPU: run}, 1),
        notes=(
            f"No GPU: not measured. The aim is {GOAL:.0%} in under {GOAL_S:g} s on an H200.",
            "Two small steps show that the preset runs here.",
        ),
    )


def _without_test(pictures: ImageSet) -> ImageSet:
    """Hardly any test pictures: on a CPU they would take longer than the steps that are timed."""
    from dataclasses import replace

    return replace(pictures, test_x=pictures.test_x[:20], test_y=pictures.test_y[:20])
