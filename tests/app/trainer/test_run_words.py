"""How runs are called, and what is said of their pictures."""

import pytest

from dashlab.experiments.trainer.presets import PRESETS
from dashlab.store.runs import Store
from tests.app.fakes import result
from ui.parts import runs
from ui.trainer import results

S1 = PRESETS["s1"].config


def test_a_run_on_other_data_is_not_called_after_a_preset() -> None:
    assert runs.title(S1.change(dataset="own", path="coins")).startswith("Own pictures · MLP")


def test_no_two_runs_are_called_alike() -> None:
    other = S1.change(hidden=(32,), lr=0.05, epochs=2, l2=0.01)
    for config in (other, other.change(seed=1), other.change(seed=1, batch_size=32)):
        Store().save(result(config))
    named = runs.titles(Store().runs())
    assert len(set(named.values())) == 3
    assert "MNIST · MLP 32 · SGD 0.05 · 2 epochs · seed 0" in named.values()


@pytest.mark.parametrize(("change", "said"), [({}, False), ({"train_size": 50}, True)])
def test_a_run_that_learns_from_a_part_of_the_pictures_says_from_how_many(
    change: dict[str, int], said: bool
) -> None:
    run = result(S1.change(**change))
    words = results.pictures(run.started, run.config)
    assert (f"{run.started.train_count:,} of the training pictures are trained on" in words) is said
