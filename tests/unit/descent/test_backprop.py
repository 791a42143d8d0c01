"""Backpropagation by hand: as autograd and central differences have it, over many networks."""

from __future__ import annotations

import random

import numpy as np
import pytest

from dashlab.charts.descent import graph
from dashlab.errors import ConfigError
from dashlab.experiments.descent import backprop_words as words
from dashlab.experiments.descent.backprop import begin, checks, history, one_step, paths, take
from dashlab.experiments.descent.backprop_settings import (
    ACTIVATIONS,
    LOSSES,
    BackpropConfig,
    numbers_of,
    text_of_numbers,
)
from dashlab.experiments.descent.presets import BACKPROP

NETWORKS = 500
KINK = 1e-3
"""A central difference across a kink of ReLU is no derivative: networks whose z comes so close to 0 are held
against autograd alone."""


def drawn(seed: int) -> BackpropConfig:
    """A network, loss and batch by chance."""
    dice = random.Random(seed)
    loss = dice.choice(list(LOSSES))
    return BackpropConfig(
        hidden=tuple(dice.randint(1, 4) for _ in range(dice.randint(1, 3))),
        inputs=dice.randint(1, 4),
        outputs=dice.randint(2 if loss == "softmax" else 1, 4),
        activation=dice.choice(list(ACTIVATIONS)),
        loss=loss,
        output=dice.choice(["same", "plain"]),
        batch=dice.randint(1, 8),
        seed=seed,
    ).without_unused()


def test_by_hand_autograd_and_differences_agree_over_five_hundred_networks() -> None:
    smooth = 0
    for seed in range(NETWORKS):
        step = take(drawn(seed))
        checked = checks(step)
        assert [one.by_hand for one in checked] == pytest.approx([one.autograd for one in checked], abs=1e-6)
        is_kinked = step.config.activation in ("relu", "leaky")
        if not is_kinked or min(np.abs(z).min() for z in step.z) > KINK:
            smooth += 1
            assert [one.by_hand for one in checked] == pytest.approx(
                [one.difference for one in checked], abs=1e-4
            )
    assert smooth > 0.9 * NETWORKS


def test_the_products_of_all_paths_add_up_to_delta() -> None:
    for seed in range(60):
        step = take(drawn(seed))
        for layer in range(1, step.config.layers + 1):
            for unit in range(1, step.config.widths[layer] + 1):
                total = sum(path.product for path in paths(step, layer, unit, 1))
                assert total == pytest.approx(step.delta[layer - 1][0, unit - 1], abs=1e-12)


def test_the_known_example_comes_out_as_it_was_published() -> None:
    step = take(BACKPROP["byhand"].config)
    assert step.loss == pytest.approx(0.298371109)
    published = {
        "w2.1.1": 0.35891648, "w2.1.2": 0.408666186, "w2.2.1": 0.511301270, "w2.2.2": 0.561370121,
        "w1.1.1": 0.149780716, "w1.1.2": 0.19956143, "w1.2.1": 0.24975114, "w1.2.2": 0.29950229,
    }  # fmt: skip
    assert {name: step.updated(name) for name in published} == pytest.approx(published)


def test_steps_that_were_taken_lower_the_loss() -> None:
    losses = history(BACKPROP["byhand"].config.change(taken=100))
    assert len(losses) == 101
    assert losses[0] == pytest.approx(0.298371109)
    assert list(losses) == sorted(losses, reverse=True)
    assert take(BACKPROP["byhand"].config.change(taken=100)).loss == losses[-1]


def test_a_number_by_hand_moves_the_loss_as_its_derivative_says() -> None:
    config = BackpropConfig(hidden=(3,), activation="tanh", seed=5)
    step = take(config)
    nudged = config.change(by_hand=text_of_numbers({"w1.2.1": step.value("w1.2.1") + 1e-4}))
    assert take(nudged).loss - step.loss == pytest.approx(1e-4 * step.gradient("w1.2.1"), rel=1e-2)


def test_numbers_by_hand_are_read_as_they_were_written_and_bad_ones_named() -> None:
    numbers = {"w1.1.2": -0.25, "b2.1": 3.0, "x1.1": 0.05}
    assert numbers_of(text_of_numbers(numbers)) == numbers
    assert numbers_of("") == {}
    for bad in ("w1.1", "w9.1.1_2", "w1.1.1_x", "w1.1.1_1e9", "w1.1.1_nan"):
        with pytest.raises(ConfigError, match="is no name with a number"):
            numbers_of(bad)
    with pytest.raises(ConfigError, match="160 are the most"):
        numbers_of("~".join(["b1.1_1"] * 161))


def test_what_a_smaller_network_has_no_place_for_is_left_out() -> None:
    config = BackpropConfig(hidden=(1,), by_hand="w1.2.1_5~b1.1_2")
    assert config.hand() == {"b1.1": 2.0}
    assert begin(config).biases[0][0] == 2.0


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (BackpropConfig(hidden=()), "Without a hidden layer"),
        (BackpropConfig(loss="softmax", outputs=1), "two classes"),
    ],
)
def test_a_network_that_cannot_be_is_said(config: BackpropConfig, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        take(config)


def test_softmax_with_cross_entropy_leaves_p_minus_y() -> None:
    step = take(BACKPROP["crossentropy"].config)
    assert step.delta[-1] == pytest.approx(step.a[-1] - step.start.y)
    assert step.a[-1].sum() == pytest.approx(1)


def test_presets_show_what_they_say() -> None:
    many = take(BACKPROP["manypaths"].config)
    assert len(list(paths(many, 1, 1, 1))) == 18
    silent = take(BACKPROP["nothingback"].config)
    dead = [(layer, unit) for layer in (0, 1) for unit in np.flatnonzero(silent.z[layer][0] <= 0)]
    assert dead, "a unit whose z is below 0"
    assert all(silent.delta[layer][0, unit] == 0 for layer, unit in dead)
    eight = take(BACKPROP["batchofeight"].config)
    assert len({round(float(d), 9) for d in eight.delta[-1][:, 0]}) > 1


def test_every_phase_has_a_title_and_says_what_happens() -> None:
    step = take(BackpropConfig())
    titles = [words.phase_title(step.config, phase) for phase in range(step.config.phases + 1)]
    assert titles == [
        "Inputs", "Forward, layer 1", "Forward, layer 2", "Loss", "Backward, layer 2", "Backward, layer 1",
        "Update",
    ]  # fmt: skip
    assert all(words.phase_words(step, phase) for phase in range(step.config.phases + 1))


def test_formulas_put_the_numbers_in_as_far_as_the_phase_has_come() -> None:
    step = take(BACKPROP["byhand"].config)
    last = step.config.phases
    z, a, delta = words.formulas(step, "a1.1", 1, last)
    assert r"0.15 \cdot 0.05 + 0.2 \cdot 0.1 + 0.35 \\ &= 0.3775" in z
    assert "0.5933" in a
    assert r"0.4 \cdot 0.1385 + 0.5 \cdot (-0.0381)" in delta
    gradient, update = words.formulas(step, "w2.1.1", 1, last)
    assert r"0.1385 \cdot 0.5933 \\ &= 0.08217" in gradient
    assert r"0.4 - 0.5 \cdot 0.08217 \\ &= 0.3589" in update
    assert words.formulas(step, "w2.1.1", 1, 2) == []
    assert len(words.formulas(step, "a1.1", 1, 1)) == 2
    assert r"\begin{bmatrix}0.378 & 0.392\end{bmatrix}" in next(iter(words.matrices(step, last)))


def test_a_mean_over_the_batch_stands_in_the_formula() -> None:
    step = take(BACKPROP["batchofeight"].config)
    gradient, _ = words.formulas(step, "w1.1.1", 1, step.config.phases)
    assert r"\frac{1}{8}\sum_i" in gradient


def test_a_weight_leads_to_every_weight_behind_it() -> None:
    step = take(BackpropConfig(hidden=(2, 3)))
    lit = graph.leads_to(step, "w1.2.1")
    assert lit == {
        "w1.2.1",
        *(f"w2.{to}.2" for to in (1, 2, 3)),
        *(f"w3.{to}.{s}" for to in (1, 2) for s in (1, 2, 3)),
    }


def test_the_graph_shows_no_number_before_its_phase() -> None:
    step = take(BACKPROP["byhand"].config)
    figure = graph.graph(step, 1, 0, "w1.1.1").to_dict()
    values = [frame["data"][0]["text"] for frame in figure["frames"]]
    assert values[0] == ["0.05", "0.1", "?", "?", "?", "?"]
    assert values[1][2:] == ["0.593", "0.597", "?", "?"]
    assert "?" not in values[2]
    deltas = [frame["data"][1]["text"] for frame in figure["frames"]]
    assert not any(deltas[3])
    assert deltas[4] == ["", "", "", "", "δ 0.14", "δ −0.038"]
    weights = [frame["data"][2]["text"] for frame in figure["frames"]]
    assert (weights[5][4], weights[6][4]) == ("0.4", "0.3589")


def test_one_step_is_what_comes_of_its_start() -> None:
    config = BackpropConfig(taken=3)
    step = take(config)
    assert one_step(config, step.start).loss == step.loss
