"""dashlab: train small neural networks on real data and see what every setting does.

Three names are enough for a training; whatever else is used from elsewhere is imported from its own module.

    >>> from dashlab import RunConfig, preset, train
    >>> config = preset("mnist-fast").change(train_size=2000, epochs=2, seed=1)
    >>> result = train(config, device="cpu")
    >>> result.state
    'finished'
    >>> result.evaluation.accuracy > 0.7
    True

Each is looked up when it is first used, so that `import dashlab` alone loads neither torch nor numpy.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashlab.settings.run import RunConfig
    from dashlab.training.engine import train

__all__ = ["RunConfig", "preset", "train"]
__version__ = "0.1.0"

_HOMES = {"RunConfig": "dashlab.settings.run", "train": "dashlab.training.engine"}


def preset(name: str) -> "RunConfig":
    """The settings of one of the trainer's presets, to train as they are or to change first.

    Args:
        name: such as "s1" or "mnist-fast"; `dashlab.experiments.trainer.presets.PRESETS` has them all.

    Raises:
        ConfigError: there is no preset of this name; the sentence names those that are spelled alike.
    """
    from dashlab.experiments.trainer import presets

    return presets.preset(name).config


def __getattr__(name: str) -> object:
    """Look a public name up where it is defined, the first time that it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
