"""A network and few pictures: which runs the cures make, and what they brought."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import pytest
import torch

from dashlab.charts.fitting import network as charts
from dashlab.errors import ConfigError
from dashlab.experiments.fitting import cure_words as words
from dashlab.experiments.fitting.effects import (
    CureOutcome,
    effects,
    mean_and_std,
    outcome_of,
    together,
)
from dashlab.experiments.fitting.network import CURES, CureRun, CuresConfig, entries, seconds, title_of
from dashlab.experiments.fitting.weights import NEAR, near_zero, weight_rows
from dashlab.settings.run import RunConfig
from dashlab.training.batches import split
from dashlab.training.engine import load, resolved, train
from dashlab.training.results import EpochRow, Result
from dashlab.training.study import perform
from dashlab.training.together import StackedRuns, orders
from tests.typed import there

ALL = CuresConfig(
    pictures=100, l1=True, l2=True, dropout=True, augment=True, stop=True, more=True, fewer=True, seeds=1
)
SMALL = CuresConfig(
    pictures=100, hidden=(32,), epochs=3, l1=True, l2=True, dropout=True, augment=False, seeds=2
)


def test_every_combination_of_the_cures_chosen_is_a_run_for_each_seed() -> None:
    found = entries(SMALL)
    assert len(found) == 2 * 2**3
    assert len({entry.key for entry in found}) == len(found)
    assert {entry.cures for entry in found if entry.seed == 1} == {
        (), ("l1",), ("l2",), ("dropout",), ("l1", "l2"), ("l1", "dropout"), ("l2", "dropout"),
        ("l1", "l2", "dropout"),
    }  # fmt: skip
    assert len(entries(ALL)) == 2**7


def test_each_cure_changes_what_it_says_and_nothing_else() -> None:
    every = {entry.cures: entry.config for entry in entries(ALL)}
    plain = every[()]
    expected = {
        "l1": {"l1"}, "l2": {"l2"}, "dropout": {"dropout"}, "augment": {"rotate", "shift", "zoom"},
        "stop": {"patience"}, "more": {"train_size", "val_fraction"}, "fewer": {"hidden"},
    }  # fmt: skip
    assert set(expected) == set(CURES)
    for cure, names in expected.items():
        assert set(every[(cure,)].differences(plain)) == names
    assert set(every[tuple(CURES)].differences(plain)) == set().union(*expected.values())


@pytest.mark.parametrize("pictures", [50, 130, 250])
def test_more_data_adds_pictures_and_keeps_those_for_validation(pictures: int) -> None:
    config = ALL.change(pictures=pictures)
    every = {entry.cures: resolved(entry.config) for entry in entries(config, "bundled")}
    parts = {
        cures: split(load(run.data), run, torch.device("cpu"))
        for cures, run in every.items()
        if len(cures) < 2
    }
    plain, more = parts[()], parts[("more",)]
    assert (len(plain.train), len(plain.val)) == (pictures, pictures)
    assert (len(more.train), len(more.val)) == (4 * pictures, pictures)
    assert torch.equal(plain.val.x, more.val.x)
    rows = {picture.numpy().tobytes() for picture in more.train.x}
    assert all(picture.numpy().tobytes() in rows for picture in plain.train.x)


def test_runs_that_differ_in_penalties_and_early_stopping_are_trained_as_one() -> None:
    found = orders(entry.config for entry in entries(ALL.change(fewer=False, more=False)))
    assert [len(order.configs()) for order in found if isinstance(order, StackedRuns)] == [8] * 4
    assert all(isinstance(order, StackedRuns) for order in found)


@cache
def trained() -> tuple[tuple[CureRun, ...], dict[str, Result]]:
    every = entries(SMALL, "bundled")
    results: dict[str, Result] = {}
    for order in orders(entry.config for entry in every):
        assert isinstance(order, StackedRuns)
        outcome = perform(order, on_row=lambda _row: None, should_stop=lambda: False)
        results |= {result.config.key(): result for result in outcome.results}
    return every, results


def outcomes() -> dict[str, CureOutcome]:
    return {
        key: outcome_of(result.epochs, there(result.evaluation).accuracy, stops=False)
        for key, result in trained()[1].items()
    }


def test_what_comes_out_are_the_runs_themselves() -> None:
    every, results = trained()
    assert set(results) == {entry.key for entry in every}
    one = next(entry for entry in every if entry.cures == ("l1", "dropout"))
    alone = train(one.config, device="cpu")
    for name, weight in alone.weights.items():
        assert torch.allclose(weight, results[one.key].weights[name], atol=1e-5)


def test_gains_are_differences_within_a_seed() -> None:
    every, results = trained()
    accuracy = {
        (entry.seed, entry.cures): result.evaluation.accuracy
        for entry in every
        if (result := results[entry.key]).evaluation is not None
    }
    found = {one.cures: one for one in together(every, outcomes())}
    gains = [accuracy[seed, ("l2",)] - accuracy[seed, ()] for seed in (0, 1)]
    assert found[("l2",)].gain == pytest.approx(sum(gains) / 2)
    assert found[("l2",)].gain_std == pytest.approx(abs(gains[0] - gains[1]) / math.sqrt(2))
    assert found[()].gain == 0
    assert found[()].accuracy == pytest.approx((accuracy[0, ()] + accuracy[1, ()]) / 2)
    assert {one.runs for one in found.values()} == {2}


def test_an_effect_is_taken_alone_among_all_and_on_the_average() -> None:
    every, _ = trained()
    made = {
        entry.key: CureOutcome(
            # Dropout brings 5 points alone and costs 3 where L2 is there too; L1 brings 1 everywhere.
            test_accuracy=0.5 + 0.1 * entry.seed + 0.01 * ("l1" in entry.cures) + 0.02 * ("l2" in entry.cures)
            + (0 if "dropout" not in entry.cures else -0.03 if "l2" in entry.cures else 0.05),
            train_loss=0, val_loss=1.0 - 0.2 * ("l1" in entry.cures),
            val_accuracy=0.1 * ("l2" in entry.cures), lowest_val_loss=1,
            lowest_at=1, epochs=3,
        )
        for entry in every
    }  # fmt: skip
    found = {one.cure: one for one in effects(every, made)}
    dropout = found["dropout"]
    assert (dropout.alone, dropout.among_all, dropout.average) == pytest.approx((0.05, -0.03, 0.01))
    assert dropout.alone_std == pytest.approx(0, abs=1e-12)
    assert (found["l1"].alone, found["l1"].among_all) == pytest.approx((0.01, 0.01))
    by_loss = {one.cure: one for one in effects(every, made, measured="loss")}
    assert by_loss["l1"].average == pytest.approx(0.2)
    said = words.effect_words(dropout, "accuracy")
    assert said.startswith("Dropout brings +5.00 points of test accuracy alone, −3.00 on top")
    best = words.best_words(together(every, made), SMALL)
    assert best.startswith(
        "L2 does best on the validation pictures: its test accuracy is 57.00%, +2.00 points"
    )
    by_loss_too = words.best_words(together(every, made), SMALL.change(measured="loss"))
    assert by_loss_too.startswith("L1 does best on the validation pictures: its loss there is 0.800")


def test_an_effect_whose_runs_are_missing_is_no_number() -> None:
    every, _ = trained()
    some = {entry.key: outcomes()[entry.key] for entry in every if len(entry.cures) < 2}
    found = {one.cure: one for one in effects(every, some)}
    assert not math.isnan(found["l1"].alone)
    assert math.isnan(found["l1"].among_all)
    assert "not trained yet" in words.effect_words(found["l1"], "accuracy")
    assert words.best_words([], SMALL).startswith("No combination is trained yet")


def rows(*losses: float) -> list[EpochRow]:
    return [
        EpochRow(
            epoch=at, step=at, train_loss=1 / at, train_accuracy=0.5, val_loss=loss,
            val_accuracy=1 - loss / 4, lr=0.1, seconds=0.0,
        )
        for at, loss in enumerate(losses, 1)
    ]  # fmt: skip


def test_a_validation_loss_that_rose_again_is_told_as_overfitting() -> None:
    rose = outcome_of(rows(1.0, 0.5, 0.8), 0.9, stops=False)
    assert (rose.lowest_at, rose.lowest_val_loss, rose.val_loss) == (2, 0.5, 0.8)
    assert rose.risen == pytest.approx(0.3)
    assert words.overfit_words(rose).startswith("Overfitted: the validation loss was lowest at epoch 2 of 3")
    stopped = outcome_of(rows(1.0, 0.5, 0.8), 0.9, stops=True)
    assert (stopped.val_loss, stopped.risen) == (0.5, 0)
    assert words.overfit_words(stopped).startswith("Not overfitted")
    assert "no validation loss" in words.overfit_words(outcome_of([], None, stops=False))


def test_a_learning_curve_goes_from_few_to_many_pictures_without_and_with_all_cures() -> None:
    config = SMALL.change(task="counts", pictures=300, most=1000, more=False)
    found = entries(config)
    assert [entry.pictures for entry in found if entry.seed == 0 and not entry.cures] == [
        50,
        100,
        200,
        500,
        1000,
    ]
    assert {entry.cures for entry in found} == {(), ("l1", "l2", "dropout")}
    assert {entry.config.data.train_size for entry in found} == {100, 200, 400, 1000, 2000}
    assert len(config.change(l1=False, l2=False, dropout=False, **unset(config)).combinations()) == 1


def unset(config: CuresConfig) -> dict[str, float]:
    """Strengths of cures that are switched off have no effect, and stay at their defaults."""
    usual = CuresConfig()
    return {name: getattr(usual, name) for name in ("l1_strength", "l2_strength", "dropout_p")}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seeds": 5}, "640 runs, and 200 are the most"),
        ({"pictures": 3000}, "15,000 pictures would be needed"),
        ({"hidden": ()}, "Without hidden layers"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(changes: dict[str, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ALL.change(**changes).check()


def test_l1_drives_weights_to_zero_and_l2_shrinks_them() -> None:
    base = CuresConfig(
        pictures=300,
        l1=True,
        l2=True,
        dropout=False,
        augment=False,
        seeds=1,
        l1_strength=3e-4,
        l2_strength=3e-3,
    )
    every = entries(base, "bundled")
    (order,) = orders(entry.config for entry in every)
    results = perform(order, on_row=lambda _row: None, should_stop=lambda: False).results  # type: ignore[arg-type]
    weights = {entry.cures: result.weights for entry, result in zip(every, results, strict=True)}
    near = {cures: near_zero(one) for cures, one in weights.items()}
    assert near[("l1",)] > 0.3 > 10 * near[()]
    assert near[("l2",)] < 0.1
    plain, shrunk = (weight_rows(weights[cures])[0] for cures in ((), ("l2",)))
    assert shrunk.std < 0.75 * plain.std
    said = words.weight_words("L1", weight_rows(weights[("l1",)]), weight_rows(weights[()]), NEAR)
    assert f"{near[('l1',)]:.1%} of all weights" in said


def test_weights_are_counted_as_torch_counts_them() -> None:
    weight = torch.linspace(-0.3, 0.3, 1001)[None]
    (row,) = weight_rows({"1.weight": weight, "1.bias": torch.zeros(4)}, reach=0.5)
    assert row.count == 1001
    assert row.near == pytest.approx(float((weight.abs() < 1e-3).float().mean()))
    assert row.absolute == pytest.approx(float(weight.abs().sum()), rel=1e-5)
    width = 1 / 60
    inside = [((weight >= width * at - 0.5) & (weight < width * (at + 1) - 0.5)).sum() for at in range(60)]
    assert list(row.histogram.counts) == pytest.approx([int(count) for count in inside], abs=1)
    assert sum(weight_rows({"w": weight}, reach=0.1)[0].histogram.counts) == 1001


def test_figures_and_tables_hold_what_was_found() -> None:
    every, results = trained()
    found = together(every, outcomes())
    drawn = charts.combinations(found, "accuracy", chosen=2)
    assert list(drawn.data[0].x) == [100 * one.accuracy for one in found]
    assert list(drawn.data[0].y) == [title_of(one.cures) for one in found]
    gains = effects(every, outcomes())
    assert list(charts.effects(gains, "loss").data[1].y) == [one.among_all for one in gains]
    result = results[every[0].key]
    curves = charts.epochs([("No cure", result.epochs)], "loss", log=True)
    assert list(curves.data[0].y) == [row.val_loss for row in result.epochs]
    assert list(curves.data[1].y) == [row.train_loss for row in result.epochs]
    layer = weight_rows(result.weights)[0]
    assert sum(count or 0 for count in charts.weights([("No cure", layer)]).data[0].y) == layer.count
    table = list(words.combination_rows(found))
    assert [row["test_accuracy"] for row in table] == [one.accuracy for one in found]
    curve = charts.learning_curve([replace(one, pictures=50) for one in found[:1]], "loss")
    assert list(curve.data[0].x) == [50]
    assert (
        words.runs_words(every, 3, 12.4) == "16 runs, 3 there already; the rest takes about 12 s on one core."
    )


def test_means_and_spreads_of_few_values() -> None:
    assert mean_and_std([1.0, 3.0]) == pytest.approx((2, math.sqrt(2)))
    assert mean_and_std([1.0])[0] == 1
    assert math.isnan(mean_and_std([1.0])[1])
    assert math.isnan(mean_and_std([])[0])


def test_the_time_that_is_said_grows_with_what_is_to_do() -> None:
    assert seconds(SMALL) < seconds(SMALL.change(epochs=30)) < seconds(SMALL.change(epochs=30, pictures=1000))
    assert RunConfig() != entries(SMALL)[0].config
