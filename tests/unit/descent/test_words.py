"""Sentences about a descent: each number in them is computed, and each case has its own."""

from __future__ import annotations

import numpy as np
import pytest

from dashlab.experiments.descent import classes, classes_words, line, line_losses, line_rates, line_words
from dashlab.experiments.descent.classes_settings import ClassesConfig
from dashlab.experiments.descent.line_rows import largest_rate
from dashlab.experiments.descent.numbers import with_minus
from dashlab.experiments.descent.presets import CLASSES, LINES, PLANE
from dashlab.experiments.descent.settings import LineConfig


def told(config: LineConfig) -> str:
    run = line.descend(config)
    return f"{line_words.ending(config, run)} {line_words.rate_words(config, run)}"


def test_s12_says_where_it_stopped_what_least_squares_has_and_why_it_is_not_there() -> None:
    text = told(LINES["s12"].config)
    for part in (
        "**80 steps**",
        "**0.984**, below 1",
        "line has 0.464",
        "100% of what is still above",
        "0.0578",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("config", "part"),
    [
        (LineConfig(lr=0.0058), "takes 20% off the error along the steepest direction"),
        (LineConfig(lr=0.05), "by −0.731: it jumps from side to side, and shrinks"),
        (LineConfig(lr=0.06), "it gets larger with every step, and the descent diverges"),
        (LineConfig(lr=10.0, stop="steps"), "It **diverged**"),
        (LINES["above"].config, "times what it was at the start: it diverges"),
        (LineConfig(stop_loss=0.1), "never came below 0.1: the least-squares line itself has 0.464"),
        (LineConfig(loss="absolute", lr=0.01, stop="steps"), "no constant α lets it come to rest"),
        (LineConfig(loss="huber", lr=0.01, stop="steps"), "holds for the Huber loss too"),
        (PLANE, "After **3 epochs**, 300 steps"),
    ],
)
def test_each_case_has_its_sentence(config: LineConfig, part: str) -> None:
    assert part in told(config)


def test_exactly_at_the_largest_stable_rate_it_never_gets_nearer() -> None:
    run = line.descend(LineConfig(stop="steps", steps=1))
    assert line_words.regime(1.0) == "at"
    config = LineConfig(lr=largest_rate(run.data.hessian))
    assert "never gets nearer" in line_words.rate_words(config, run)
    assert [line_words.regime(times) for times in (0.1, 0.5, 0.99, 1.01)] == [
        "small",
        "small",
        "swings",
        "above",
    ]


def test_how_many_data_sets_have_a_rate_too_large_is_said() -> None:
    limits = line_rates.limits(LineConfig())
    assert "of 1,000 data sets drawn like this one, 18% have" in line_words.unstable_words(
        LineConfig(), limits
    )
    low = LineConfig(lr=0.001)
    assert "None of 1,000 data sets" in line_words.unstable_words(low, limits)
    assert f"{limits.min():.3g}" in line_words.unstable_words(low, limits)


def test_the_rates_are_compared_with_their_losses() -> None:
    config = LineConfig()
    runs = line_rates.compare(config)
    text = line_words.compared(config, runs)
    assert "a tenth (α = 0.00578) 1.45 after 200 steps" in text
    assert "Single batches" not in text
    assert "Single batches" in line_words.compared(config.change(batch="single"), runs)


def test_the_condition_number_is_said_before_and_after_standardising() -> None:
    run = line.descend(LineConfig(stop="steps", steps=1))
    text = line_words.conditioning_words(LineConfig(), run)
    assert "**308**" in text
    assert "it is **1**" in text
    assert "Switch **Standardise the inputs** on" in text
    plane = line.descend(PLANE)
    assert "little is gained here" in line_words.conditioning_words(PLANE, plane)


def test_the_table_after_each_epoch_says_how_far_the_weights_are_off() -> None:
    run = line.descend(PLANE)
    rows = list(line_words.epoch_rows(run))
    assert [row["Epoch"] for row in rows] == [0, 1, 2, 3]
    assert [row["Farthest off"] for row in rows] == sorted(
        (row["Farthest off"] for row in rows), reverse=True
    )
    assert rows[-1]["Farthest off"] < 0.01
    assert rows[-1]["Loss"] == run.losses[300]
    assert [row["True"] for row in line_words.learned_rows(run)] == [2, -3.4, 4.2]


def test_a_step_in_numbers_ends_where_the_next_one_begins() -> None:
    config = LineConfig(stop="steps", steps=3)
    run = line.descend(config)
    table = line_words.step_table(config, run, 1)
    for name, before, after in zip("wb", run.weights[1], run.weights[2], strict=True):
        row = next(row for row in table.splitlines() if row.startswith(f"| {name} |"))
        assert with_minus(f"{before:.5g}") in row
        assert row.endswith(f"{with_minus(f'{after:.5g}')} |")
    assert f"{run.losses[2]:.5g}" in table
    assert len(list(line_words.step_rows(run))) == 4


def test_formulas_are_those_of_the_loss_that_is_set() -> None:
    assert len({line_words.formula(LineConfig(loss=loss)) for loss in ("squared", "absolute", "huber")}) == 3


def test_a_draw_that_never_gets_there_is_told_what_the_best_line_would_have() -> None:
    config = CLASSES["neverthere"].config
    text = classes_words.ending(config, classes.fit(config))
    assert "It never got above 0.99, and no line can" in text
    assert "197 of these 200 points correctly, 98.5%" in text
    assert "classifies 99.2% correctly" in text


def test_s13_says_at_which_step_it_stopped() -> None:
    config = CLASSES["s13"].config
    assert "step **380** with an accuracy of **0.995**" in classes_words.ending(config, classes.fit(config))


def test_one_that_was_not_given_the_time_is_told_so() -> None:
    config = ClassesConfig(steps=40)
    assert "It did not get above 0.99; the best of all lines would have 100.0%" in classes_words.ending(
        config, classes.fit(config)
    )


def test_growth_has_its_reason_and_rest_has_its_own() -> None:
    growing, resting = (classes.fit(CLASSES[name].config) for name in ("growing", "overlapping"))
    text = classes_words.growth_words(growing)
    assert "These points are separable" in text
    assert f"to {growing.norms[-1]:.3g}" in text
    text = classes_words.growth_words(resting)
    assert "not separable" in text
    assert f"{np.hypot(*resting.optimum[:2]):.3g}" in text  # type: ignore[index]


def test_the_counts_of_a_threshold_add_up() -> None:
    run = classes.fit(CLASSES["s13"].config)
    rows = [row.split("|")[2:4] for row in classes_words.counts_table(run, 0.9, 380).splitlines()[2:]]
    assert [sum(map(int, row)) for row in rows] == [100, 100]
    assert int(rows[1][1]) < 99  # fewer points of class 1 are sure enough
    assert "| accuracy |" in classes_words.step_table(CLASSES["s13"].config, run, 380)


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
def test_differences_are_the_gradient(loss: str) -> None:
    config = LineConfig(loss=loss, stop="steps", steps=20, lr=0.02)
    run = line.descend(config)
    for step in (0, 7, 20):
        assert line_words.differences(config, run, step) == pytest.approx(run.gradients[step], abs=1e-6)


def test_of_three_losses_the_squared_one_follows_an_outlier_most() -> None:
    data, each = line_losses.side_by_side(LINES["outlier"].config.change(lr=0.02, steps=1000))
    rows = {row["Loss"]: row for row in line_words.loss_rows(data, each)}
    assert rows["Squared"]["w"] < 1 < rows["Huber"]["w"] < 2.1
    assert rows["Absolute"]["w"] == pytest.approx(2, abs=0.1)
    assert rows["Squared"]["Mean ½ e²"] < min(rows["Huber"]["Mean ½ e²"], rows["Absolute"]["Mean ½ e²"])
    assert rows["Absolute"]["Mean |e|"] < rows["Squared"]["Mean |e|"]
