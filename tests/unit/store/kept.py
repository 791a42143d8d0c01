"""A run as tests of the store keep it, and where."""

from pathlib import Path

import torch

from dashlab.settings.run import RunConfig
from dashlab.store.runs import Store
from dashlab.training.results import EndState, EpochRow, Evaluation, Result, Seconds, Started, StepRow

CONFIG = RunConfig()
KEY = CONFIG.key()


def a_result(*, state: EndState = "finished", seed: int = 0, loss: float = 0.5) -> Result:
    started = Started(
        epochs=1,
        steps_per_epoch=2,
        parameters=6,
        train_count=8,
        val_count=0,
        test_count=4,
        classes=("cat", "dog"),
        shape=(1, 2, 2),
        mean=(0.5,),
        std=(0.5,),
        origin="Eight pictures.",
        device="CPU",
    )
    evaluation = Evaluation(
        loss=loss, accuracy=0.75, confusion=((2, 0), (1, 1)), probabilities=torch.full((4, 2), 0.5)
    )
    return Result(
        config=CONFIG.change(seed=seed),
        state=state,
        note="As it should be.",
        started=started,
        steps=(StepRow(step=1, window=1, loss=loss, accuracy=0.5, lr=0.01),),
        epochs=(
            EpochRow(
                epoch=1,
                step=2,
                train_loss=loss,
                train_accuracy=0.5,
                val_loss=None,
                val_accuracy=None,
                lr=0.01,
                seconds=0.1,
            ),
        ),
        evaluation=evaluation if state == "finished" else None,
        weights={} if state == "diverged" else {"0.weight": torch.arange(6.0).reshape(2, 3)},
        seconds=Seconds(load=0.1, train=0.2, evaluate=0.3),
        environment={"torch": "2"},
    )


def folder(store: Store, key: str = KEY) -> Path:
    return store.root / "runs" / key


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir()) if path.exists() else []
