"""Three small networks, trained while a page is waited for, whose units fare differently."""

from dashlab.experiments.activations.rows import NetworkUnits
from dashlab.experiments.activations.settings import UnitsConfig
from dashlab.experiments.activations.units import units_in
from dashlab.giving_up import look_up
from dashlab.settings.fields import Value
from dashlab.settings.run import RunConfig
from dashlab.training.engine import train

_DIFFER: dict[str, dict[str, Value]] = {
    "relu": {"activation": "relu", "lr": 0.05},
    "dying": {"activation": "relu", "lr": 0.5},
    "saturated": {"activation": "tanh", "lr": 1.0},
}


def recipe(example: str) -> RunConfig:
    """How one of the three is trained; `example` as `UnitsConfig` names it."""
    return RunConfig().change(
        dataset="mnist", model="mlp", hidden=(64, 64, 64), train_size=4000, batch_size=32, epochs=3,
        optimizer="sgd", **_DIFFER[example],
    )  # fmt: skip


def example_units(config: UnitsConfig) -> NetworkUnits:
    """Train the one that is chosen, and look at its units.

    Raises:
        ConfigError: a setting is not sound.
        DataError: MNIST cannot be read.
    """
    result = train(recipe(config.check().example), on_row=lambda _row: look_up(), device="cpu")
    return units_in(result, config.pictures)
