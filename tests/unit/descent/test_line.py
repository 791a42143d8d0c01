"""A line through points: the material's numbers, plain loops, and what the largest stable rate promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashlab.errors import ConfigError
from dashlab.experiments.descent import line, line_rates
from dashlab.experiments.descent.line_rows import LineRun, condition, curvatures, largest_rate, point_losses
from dashlab.experiments.descent.presets import LINES, PLANE
from dashlab.experiments.descent.settings import LineConfig


def test_s12_with_the_draws_of_the_material_stops_at_its_80th_step() -> None:
    torch.manual_seed(10)
    x = torch.rand(20, 1) * 10
    y = 2 * x + (5 + torch.randn(20, 1))
    w, b = torch.randn(1), torch.zeros(1)
    for step in range(1000):
        error = w * x + b - y
        loss = (0.5 * error**2).mean()
        if step % 20 == 0 and loss < 1:
            break
        w, b = w - 0.05 * (error * x).mean(), b - 0.05 * error.mean()
    run = line.descend(LINES["s12"].config)
    assert (step, run.steps, run.ended) == (80, 80, "loss")
    assert float(loss) == pytest.approx(0.984, abs=5e-4)
    assert run.losses[-1] == pytest.approx(float(loss), rel=1e-4)
    assert run.weights[-1] == pytest.approx([w.item(), b.item()], rel=1e-3)


def test_s12_with_two_inputs_comes_within_a_hundredth_of_the_truth_for_twenty_seeds() -> None:
    for seed in range(20):
        run = line.descend(PLANE.change(seed=seed))
        assert run.steps == 300
        assert run.data.truth is not None
        assert run.data.truth.tolist() == [2, -3.4, 4.2]
        assert np.abs(run.data.raw(run.weights[-1]) - run.data.truth).max() < 0.01


def slope(error: float, config: LineConfig) -> float:
    """The derivative of the loss of one error."""
    if config.loss == "squared":
        return error
    if config.loss == "absolute":
        return float(np.sign(error))
    return max(-config.delta, min(config.delta, error))


def by_hand(config: LineConfig, run: LineRun) -> np.ndarray:
    """The weights after each step, in plain Python, over the points of `run`: [steps + 1, 2]."""
    (mean,), (scale,) = run.data.mean.tolist(), run.data.scale.tolist()
    points = [
        ((x - mean) / scale, y) for x, y in zip(run.data.x[:, 0].tolist(), run.data.y.tolist(), strict=True)
    ]
    w, b = run.weights[0].tolist()
    way = [(w, b)]
    for _ in range(run.steps):
        slopes = [(slope(w * x + b - y, config), x) for x, y in points]
        w, b = (
            w - config.lr * sum(pull * x for pull, x in slopes) / len(points),
            b - config.lr * sum(pull for pull, _ in slopes) / len(points),
        )
        way.append((w, b))
    return np.array(way)


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
@pytest.mark.parametrize("standardise", [False, True])
def test_every_step_is_that_of_a_plain_loop(loss: str, standardise: bool) -> None:
    config = LineConfig(loss=loss, standardise=standardise, lr=0.03, stop="steps", steps=40)
    run = line.descend(config)
    assert run.weights == pytest.approx(by_hand(config, run), rel=1e-9)
    assert run.taken == pytest.approx(run.gradients[:-1])
    errors = run.data.features @ run.weights.T - run.data.y[:, None]
    assert run.losses == pytest.approx(point_losses(errors, loss, config.delta).mean(0))


@pytest.mark.parametrize(("batch", "size"), [("mini", 8), ("single", 1)])
def test_an_epoch_shows_every_point_once_and_each_step_follows_its_batch(batch: str, size: int) -> None:
    config = LineConfig(batch=batch, stop="epochs", epochs=2, lr=0.01)
    config = config.change(batch_size=size) if batch == "mini" else config
    run = line.descend(config)
    assert (run.per_epoch, run.steps, run.epochs) == (-(-20 // size), 2 * -(-20 // size), 2)
    assert run.weights[1:] == pytest.approx(run.weights[:-1] - 0.01 * run.taken)
    seen = list(
        zip(range(run.per_epoch), line.batches(20, size, torch.Generator().manual_seed(0)), strict=False)
    )
    assert sorted(int(index) for _, chosen in seen for index in chosen) == list(range(20))


def test_least_squares_has_the_lowest_loss_and_its_weights_map_back_to_the_points_as_drawn() -> None:
    for standardise in (False, True):
        data = line.descend(LineConfig(standardise=standardise, stop="steps", steps=1)).data
        slope, intercept = np.polyfit(data.x[:, 0], data.y, 1)
        assert data.raw(data.best) == pytest.approx([slope, intercept])
        assert data.fitted(data.raw(data.best)) == pytest.approx(data.best)


def test_below_the_largest_stable_rate_it_converges_and_above_it_diverges() -> None:
    """200 random data sets; along each axis of the bowl by the factor 1 − αλ a step."""
    dice = np.random.default_rng(0)
    for seed in range(200):
        config = LineConfig(
            count=int(dice.integers(3, 40)),
            inputs=str(dice.choice(["uniform", "normal"])),
            noise=float(dice.uniform(0, 3)),
            seed=seed,
            stop="steps",
            steps=40,
        )
        data = line.descend(config.change(steps=1)).data
        values, axes = np.linalg.eigh(data.hessian)
        for times in (0.99, 1.01):
            run = line.descend(config, lr=times * largest_rate(data.hessian))
            before, after = (np.abs(axes.T @ (weights - data.best)) for weights in run.weights[[0, -1]])
            factors = np.abs(1 - times * 2 * values / values[-1])
            assert after == pytest.approx(before * factors**40, rel=1e-5, abs=1e-9 * before.max())
            assert (after < before).all() == (times < 1)
            assert (after[-1] > before[-1]) == (times > 1)


def test_of_a_thousand_draws_of_the_recipe_eighteen_in_a_hundred_have_a_rate_too_large() -> None:
    limits = line_rates.limits(LineConfig())
    assert len(limits) == 1000
    assert float((limits <= 0.05).mean()) == pytest.approx(0.18, abs=0.01)
    run = line.descend(LineConfig(seed=int(np.argmin(limits)), stop="steps", steps=300))
    assert largest_rate(run.data.hessian) == pytest.approx(limits.min())
    assert run.losses[-1] > run.losses[0]


def test_the_rates_that_are_compared_are_a_tenth_just_below_at_and_just_above() -> None:
    runs = line_rates.compare(LineConfig())
    first = runs.losses[0][0]
    tenth, below, at, above = (losses[-1] for losses in runs.losses)
    assert below < tenth < first
    assert at < first < above
    assert len(runs.own) == line_rates.STEPS + 1
    assert runs.limit == pytest.approx(0.0578, abs=1e-4)


def test_standardised_inputs_make_the_bowl_round_and_one_step_of_rate_1_reaches_its_bottom() -> None:
    run = line.descend(LineConfig(standardise=True, lr=1.0, stop="steps", steps=1))
    assert condition(run.data.hessian) == pytest.approx(1)
    assert condition(run.data.raw_hessian) > 100
    assert run.weights[1] == pytest.approx(run.data.best)
    assert curvatures(run.data.hessian) == pytest.approx([1, 1])


def test_a_descent_that_runs_away_ends_and_says_so() -> None:
    run = line.descend(LineConfig(lr=10.0, stop="steps", steps=1000))
    assert run.ended == "diverged"
    assert run.steps < 30
    assert np.isfinite(run.losses).all()


def test_it_goes_on_to_the_last_step_where_the_loss_never_gets_so_low() -> None:
    run = line.descend(LineConfig(stop_loss=0.1, steps=100))
    assert (run.ended, run.steps) == ("steps", 100)


def test_a_chosen_start_is_where_it_starts_and_own_points_are_those_that_are_fitted() -> None:
    config = LineConfig(data="own", start="chosen", start_w=3.0, start_b=-1.5, stop="steps", steps=5)
    run = line.descend(config)
    assert run.weights[0].tolist() == [3.0, -1.5]
    assert run.data.x[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert run.data.truth is None


def test_the_same_seed_gives_the_same_descent_and_leaves_torchs_own_generator_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, second = (line.descend(PLANE.change(epochs=1)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(first.weights, second.weights)


def test_epochs_that_take_too_many_steps_are_refused_with_what_to_do() -> None:
    config = LineConfig(count=1000, batch="single", stop="epochs", epochs=4)
    with pytest.raises(ConfigError, match="Choose fewer epochs, fewer points or larger batches"):
        line.descend(config)


@pytest.mark.parametrize("loss", ["squared", "huber"])
def test_the_surface_is_the_loss_of_a_plain_loop_and_shows_start_and_lowest_point(loss: str) -> None:
    run, base = line.picture(LineConfig(loss=loss))
    across, up, losses = base.coarse()
    assert losses.shape == (len(up), len(across)) == (49, 49)
    for row, column in ((0, 0), (10, 40), (48, 3)):
        errors = across[column] * run.data.x[:, 0] + up[row] - run.data.y
        assert losses[row, column] == pytest.approx(point_losses(errors, loss, 1.0).mean(), rel=1e-5)
    for weights in (run.weights[0], run.data.best):
        assert all(low < value < high for value, (low, high) in zip(weights, base.ranges, strict=True))


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
@pytest.mark.parametrize("batch", ["full", "mini", "single"])
def test_rates_that_are_taken_at_once_give_what_each_gives_alone(loss: str, batch: str) -> None:
    config = LineConfig(loss=loss, batch=batch, stop="steps", steps=30)
    rates = [0.001, 0.02, 0.04]
    together = line.with_rates(config, torch.tensor(rates, dtype=torch.float64), 30)
    alone = [line.descend(config, lr=rate).losses for rate in rates]
    assert together == pytest.approx(np.stack(alone), rel=1e-9)
