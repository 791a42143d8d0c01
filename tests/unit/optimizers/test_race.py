"""Races on surfaces against plain loops of torch.optim, and what is said about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import Parameter

from dashlab.errors import ConfigError
from dashlab.experiments.optimizers.basins import basins, ends
from dashlab.experiments.optimizers.cache import TrackCache
from dashlab.experiments.optimizers.outcome import outcome, sentence
from dashlab.experiments.optimizers.race import FIELD, Course, RaceConfig, racer_names
from dashlab.experiments.optimizers.run import Track, noise_of, race
from dashlab.experiments.optimizers.search import RATES, search
from dashlab.experiments.optimizers.surfaces import SURFACES
from dashlab.experiments.optimizers.terms import resting, terms
from dashlab.settings.fields import Value
from dashlab.settings.optim import OPTIMIZERS, SURFACE_OPTIMIZERS, OptimConfig, SurfaceOptimConfig
from tests.typed import there

STEPS = 40

# Torch's own class with its own names of the coefficients, and the same as settings.
PLAIN: dict[str, tuple[type[torch.optim.Optimizer], dict[str, Any], dict[str, Value]]] = {
    "sgd": (torch.optim.SGD, {"lr": 1e-3}, {}),
    "momentum": (torch.optim.SGD, {"lr": 1e-3, "momentum": 0.9, "dampening": 0.1}, {}),
    "nesterov": (torch.optim.SGD, {"lr": 1e-3, "momentum": 0.9, "nesterov": True}, {}),
    "adagrad": (torch.optim.Adagrad, {"lr": 0.3, "lr_decay": 0.01, "eps": 1e-10}, {}),
    "rmsprop": (torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.9}, {}),
    "rmsprop_centred": (
        torch.optim.RMSprop,
        {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "centered": True},
        {},
    ),
    "adadelta": (torch.optim.Adadelta, {"lr": 1.0, "rho": 0.8, "eps": 1e-5}, {}),
    "adam": (torch.optim.Adam, {"lr": 0.1, "betas": (0.8, 0.95)}, {"beta1": 0.8, "beta2": 0.95}),
    "amsgrad": (torch.optim.Adam, {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}, {}),
    "adamw": (torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.1}, {}),
    "nadam": (torch.optim.NAdam, {"lr": 0.1}, {}),
    "radam": (torch.optim.RAdam, {"lr": 0.1, "betas": (0.9, 0.9)}, {"beta2": 0.9}),
    "adamax": (torch.optim.Adamax, {"lr": 0.1}, {}),
    "rprop": (
        torch.optim.Rprop,
        {"lr": 0.01, "etas": (0.4, 1.3), "step_sizes": (1e-5, 1.0)},
        {"eta_minus": 0.4, "eta_plus": 1.3, "step_min": 1e-5, "step_max": 1.0},
    ),
    "lbfgs": (
        torch.optim.LBFGS,
        {"lr": 1.0, "max_iter": 1, "max_eval": 26, "history_size": 100, "line_search_fn": "strong_wolfe"},
        {"line_search": True},
    ),
    "lbfgs_plain": (
        torch.optim.LBFGS,
        {"lr": 0.1, "max_iter": 1, "max_eval": 26, "history_size": 3},
        {"line_search": False, "history": 3},
    ),
}
OF_TORCH_ALONE = {"betas", "etas", "step_sizes", "max_iter", "max_eval", "history_size", "line_search_fn"}


def racer(name: str) -> SurfaceOptimConfig:
    """The settings that stand for an entry of `PLAIN`."""
    kind, coefficients, own = PLAIN[name]
    shared = {key: value for key, value in coefficients.items() if key not in OF_TORCH_ALONE}
    made = SurfaceOptimConfig(optimizer=kind.__name__.lower()).change(**shared, **own)
    return made.check()


def plain_loop(name: str, course: Course) -> np.ndarray:
    """Where the optimizer goes by itself, in the loop that everybody writes; shape (steps + 1, 2)."""
    kind, coefficients, _ = PLAIN[name]
    point = Parameter(torch.tensor(course.start, dtype=torch.float64))
    optimizer = kind([point], **coefficients)
    noise, seen = noise_of(course), [point.detach().clone()]
    for step in range(course.steps):

        def closure(step: int = step) -> torch.Tensor:
            optimizer.zero_grad()
            loss = course.on.loss(point)
            loss.backward()  # type: ignore[no-untyped-call]
            if course.noise:
                there(point.grad).add_(noise[step])
                loss = loss.detach() + (noise[step] * point.detach()).sum()
            return loss.detach()

        if kind is torch.optim.LBFGS:
            optimizer.step(closure)  # type: ignore[arg-type]
        else:
            closure()
            optimizer.step()
        seen.append(point.detach().clone())
    return torch.stack(seen).numpy()


@pytest.fixture(scope="module")
def tracks() -> dict[str, dict[str, Track]]:
    """A race of all optimizers on each surface."""
    field = {name: racer(name) for name in PLAIN}
    return {
        surface: dict(
            zip(
                field,
                race(Course(surface=surface, start=about.start, steps=STEPS), list(field.values())),
                strict=True,
            )
        )
        for surface, about in SURFACES.items()
    }


def test_every_optimizer_is_raced_here() -> None:
    assert {racer(name).optimizer for name in PLAIN} == set(SURFACE_OPTIMIZERS)


@pytest.mark.sameness
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("name", PLAIN)
def test_a_racer_goes_to_the_last_bit_where_torch_goes_in_a_plain_loop(
    tracks: dict[str, dict[str, Track]], surface: str, name: str
) -> None:
    alone = plain_loop(name, Course(surface=surface, start=SURFACES[surface].start, steps=STEPS))
    assert np.array_equal(tracks[surface][name].points, alone, equal_nan=True)
    assert not np.array_equal(alone[0], alone[-1])


@pytest.mark.sameness
@pytest.mark.parametrize("name", PLAIN)
def test_with_noise_too(name: str) -> None:
    course = Course(surface="himmelblau", start=(1.0, 1.0), steps=STEPS, noise=0.5, seed=3)
    (track,) = race(course, [racer(name)])
    assert np.array_equal(track.points, plain_loop(name, course), equal_nan=True)
    quiet = Course(surface="himmelblau", start=(1.0, 1.0), steps=STEPS)
    assert not np.array_equal(track.points, race(quiet, [racer(name)])[0].points)


@pytest.mark.sameness
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("name", PLAIN)
def test_the_terms_of_a_step_end_in_the_step_that_was_taken(
    tracks: dict[str, dict[str, Track]], surface: str, name: str
) -> None:
    track = tracks[surface][name]
    last = terms(track.racer, track.points, track.gradients, track.state)[-1]
    taken = np.diff(track.points, axis=0)
    fine = np.isfinite(taken).all(axis=1) & (np.abs(track.points[1:]) < 1e6).all(axis=1)
    assert last.kind == "update"
    assert fine.any()
    scale = np.maximum(np.abs(track.points[1:]), 1.0)[fine]
    assert (np.abs(last.values[fine] - taken[fine]) <= 1e-12 * scale).all()


def test_lbfgs_shows_no_step_where_it_took_none() -> None:
    course = Course(surface="bowl", start=(-2.5, 2.0), steps=5)
    (track,) = race(course, [SurfaceOptimConfig(optimizer="lbfgs", lr=1.0)])
    assert resting(track.racer, track.points).tolist() == [False, False, True, True, True]
    _gradient, direction, length, step = terms(track.racer, track.points, track.gradients, track.state)
    assert track.state["d"][2].any(), "torch still remembers the direction of a step that was taken before"
    assert not any(term.values[2:].any() for term in (direction, length, step))
    assert all(term.values[:2].all() for term in (direction, length, step))


def test_only_lbfgs_rests() -> None:
    course = Course(surface="bowl", start=(0.0, 0.0), steps=3)
    adam, lbfgs = (SurfaceOptimConfig(optimizer=name) for name in ("adam", "lbfgs"))
    tracks = race(course, [adam, lbfgs])
    assert not resting(adam, tracks[0].points).any()
    assert resting(lbfgs, tracks[1].points).all()


@pytest.mark.sameness
@pytest.mark.parametrize("name", [name for name in PLAIN if not name.startswith("lbfgs")])
@pytest.mark.parametrize("surface", ["himmelblau", "rastrigin", "ackley", "plateau"])
def test_starts_that_are_stepped_together_end_where_each_ends_alone(surface: str, name: str) -> None:
    course = Course(surface=surface, start=(0.0, 0.0), steps=STEPS)
    starts = torch.rand(101, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 6 - 3
    together = ends(course, racer(name), starts).numpy()
    for index in range(0, 101, 10):
        alone = Course(surface=surface, start=tuple(starts[index].tolist()), steps=STEPS)
        assert np.array_equal(together[index], plain_loop(name, alone)[-1], equal_nan=True)


def test_a_basin_map_says_which_minimum_each_start_reaches() -> None:
    course = Course(surface="himmelblau", start=(0.0, 0.0), steps=300)
    found = basins(course, SurfaceOptimConfig(lr=0.005), side=9)
    for row, column in ((0, 0), (0, 8), (8, 0), (8, 8)):  # the corners lie in the four quadrants' basins
        start = (float(found.x[column]), float(found.y[row]))
        alone = race(Course(surface="himmelblau", start=start, steps=300), [SurfaceOptimConfig(lr=0.005)])[0]
        away = np.hypot(*(alone.points[-1] - np.array(SURFACES["himmelblau"].minima)).T)
        wanted = int(away.argmin()) if away.min() < found.reach else -1
        assert found.reached[row, column] == wanted
    assert sum(found.share(index) for index in range(-1, 4)) == pytest.approx(1)


def test_starts_that_diverge_reach_no_minimum() -> None:
    course = Course(surface="himmelblau", start=(0.0, 0.0), steps=60)
    assert basins(course, SurfaceOptimConfig(lr=5.0), side=5).share(-1) == 1


# Names, settings, outcomes


def test_racers_are_told_apart_by_as_little_as_it_takes() -> None:
    adam = SurfaceOptimConfig(optimizer="adam", lr=0.1)
    field = [adam, adam.change(lr=0.01), SurfaceOptimConfig(), SurfaceOptimConfig(momentum=0.9)]
    assert racer_names(field) == ("Adam 0.1", "Adam 0.01", "SGD 0.01", "Momentum 0.01")
    assert racer_names([adam, adam.change(beta1=0.5), adam]) == (
        "Adam 0.1",
        "Adam 0.1, β₁ 0.5",
        "Adam 0.1 #2",
    )


def test_a_racer_at_the_default_of_its_optimizer_is_not_named_by_it() -> None:
    torchs = SurfaceOptimConfig(optimizer="adadelta", lr=1.0)
    assert racer_names([torchs, torchs.change(eps=1e-8)]) == ("Adadelta 1", "Adadelta 1, ε 1e-08")


@pytest.mark.sameness
def test_adadelta_in_the_bowl_goes_as_far_as_torchs_own_does() -> None:
    course = Course(surface="bowl", start=(-2.5, 2.0), steps=300)
    (track,) = race(course, [SurfaceOptimConfig(optimizer="adadelta", lr=1.0)])
    point = Parameter(torch.tensor(course.start, dtype=torch.float64))
    optimizer = torch.optim.Adadelta([point], lr=1.0)
    for _ in range(300):
        optimizer.zero_grad()
        course.on.loss(point).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert np.array_equal(track.points[-1], point.detach().numpy())
    assert track.losses[-1] < 1.5


def test_equal_rates_put_the_common_rate_in_every_racer() -> None:
    config = RaceConfig(rates="equal", lr=0.2).check()
    assert {one.lr for one in config.field()} == {0.2}
    assert RaceConfig().field() == FIELD


def test_what_is_looked_at_does_not_change_the_course() -> None:
    config = RaceConfig(noise=0.5, seed=3)
    assert config.course() == config.change(detail="space", racer=2, step=7, tolerance=0.1).course()
    assert config.course() != config.change(seed=4).course()
    assert RaceConfig(seed=3).course() == RaceConfig(seed=4).course(), "without noise the seed does nothing"


def test_a_start_outside_of_the_picture_is_brought_to_its_edge() -> None:
    assert RaceConfig(surface="camel", x=5.0, y=-5.0).course().start == (2.0, -1.2)


def test_an_unsound_racer_is_refused_with_a_sentence() -> None:
    with pytest.raises(ConfigError, match="Nesterov"):
        RaceConfig(racers="nesterov~on").check()


def test_the_trainer_is_not_offered_what_needs_the_whole_loss() -> None:
    assert set(OptimConfig.spec_of("optimizer").choices) == set(OPTIMIZERS)
    assert {"rprop", "lbfgs"} == set(SURFACE_OPTIMIZERS) - set(OPTIMIZERS)
    assert "eta_plus" not in OptimConfig.specs()


def result(racers: list[SurfaceOptimConfig], **course: Any) -> tuple[Track, ...]:
    return race(Course(**{"surface": "bowl", "start": (1.0, 0.0), "steps": 50, **course}), racers)


def test_a_racer_that_diverges_is_said_with_the_step_at_which_it_left() -> None:
    (track,) = result([SurfaceOptimConfig(lr=3.0)], steps=2000)  # each step doubles the distance
    found = outcome(SURFACES["bowl"], track.points, track.losses, 1e-3)
    assert found.left_at == 2  # 1, −2, 4: the picture ends at 3
    assert found.is_lost
    assert np.isnan(found.final)
    assert found.broke_at == 512  # 2^1023.5 squared is beyond double precision
    assert sentence("SGD 3", found) == (
        "SGD 3 left the picture at step 2, and from step 512 its numbers are too large to be finite."
    )


def test_a_racer_that_comes_back_is_not_lost() -> None:
    track = Track(
        racer=SurfaceOptimConfig(),
        points=np.array([[1.0, 0.0], [4.0, 0.0], [0.5, 0.0]]),
        losses=np.array([0.5, 8.0, 0.125]),
        gradients=np.zeros((2, 2)),
        state={},
        evaluations=np.array([1, 2]),
    )
    found = outcome(SURFACES["bowl"], track.points, track.losses, 0.2)
    assert (found.left_at, found.came_back, found.arrived_at) == (1, True, 2)
    assert not found.is_lost
    assert sentence("A", found) == "A left the picture at step 1, and came back."


def test_an_outcome_measures_from_the_lowest_loss_and_to_the_nearest_minimum() -> None:
    points = np.array([[0.0, 0.5], [0.0, 0.9]])
    losses = SURFACES["saddle"].loss(torch.from_numpy(points)).numpy()
    found = outcome(SURFACES["saddle"], points, losses, 1e-3)
    assert found.distance == pytest.approx(0.1)
    assert found.final == pytest.approx(losses[-1] + 0.25)
    assert found.arrived_at is None


def test_an_optimizer_that_asks_more_often_says_how_often() -> None:
    tracks = result(
        [SurfaceOptimConfig(), SurfaceOptimConfig(optimizer="lbfgs", lr=1.0)], surface="rosenbrock"
    )
    assert tracks[0].evaluations[-1] == 50
    assert tracks[1].evaluations[-1] > 50
    assert (np.diff(tracks[1].evaluations) >= 1).all()


@pytest.mark.sameness
def test_a_search_finds_the_rate_that_is_best_on_its_own() -> None:
    course = Course(surface="ravine", start=(-4.5, 1.0), steps=40)
    adam, sgd = SurfaceOptimConfig(optimizer="adam", lr=1.0), SurfaceOptimConfig(lr=1.0)
    for racer_, found in zip([adam, sgd], search(course, [adam, sgd]), strict=True):
        finals = {rate: race(course, [racer_.change(lr=rate)])[0].losses[-1] for rate in RATES}
        assert np.array_equal(found.finals, list(finals.values()), equal_nan=True)
        assert found.best == min(finals, key=lambda rate: np.nan_to_num(finals[rate], nan=np.inf))


def test_of_rates_that_all_arrive_the_quickest_is_best() -> None:
    course = Course(surface="bowl", start=(1.0, 1.0), steps=400)
    (found,) = search(course, [SurfaceOptimConfig()])
    assert found.best == 1.0  # one step


@pytest.mark.sameness
def test_the_same_course_gives_the_same_race() -> None:
    noisy = {"noise": 1.0, "seed": 5}
    first, second = result([SurfaceOptimConfig()], **noisy), result([SurfaceOptimConfig()], **noisy)
    assert np.array_equal(first[0].points, second[0].points)
    other = result([SurfaceOptimConfig()], noise=1.0, seed=6)
    assert not np.array_equal(first[0].points, other[0].points)


def same(one: Track, other: Track) -> bool:
    """Whether all arrays of two tracks are equal to the last bit."""
    names = ("points", "losses", "gradients", "evaluations")
    pairs = [(getattr(one, name), getattr(other, name)) for name in names]
    pairs += [(one.state[name], other.state[name]) for name in one.state | other.state]
    return all(np.array_equal(*pair, equal_nan=True) for pair in pairs)


@pytest.mark.sameness
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_a_race_from_the_cache_is_the_race_itself(noise: float, monkeypatch: pytest.MonkeyPatch) -> None:
    field = [racer(name) for name in PLAIN]
    course = Course(surface="beale", start=(1.0, 1.5), steps=30, noise=noise, seed=2)
    shorter = Course(surface="beale", start=(1.0, 1.5), steps=13, noise=noise, seed=2)
    cache = TrackCache()
    assert all(map(same, cache.race(course, field[:4]), race(course, field[:4])))
    assert all(map(same, cache.race(course, field), race(course, field)))
    wanted = race(shorter, field)
    monkeypatch.setattr("dashlab.experiments.optimizers.cache.race", None)  # whoever runs it again fails
    assert all(map(same, cache.race(shorter, field), wanted))


def test_a_longer_race_is_run_anew_and_the_cache_forgets_what_is_old() -> None:
    cache, field = TrackCache(most=2), list(FIELD[:3])
    short = Course(surface="bowl", start=(1.0, 1.0), steps=5)
    long = Course(surface="bowl", start=(1.0, 1.0), steps=9)
    assert len(cache.race(short, field)[0].points) == 6
    assert len(cache.race(long, field)[0].points) == 10
    assert len(cache._tracks) == 2
