"""The cache of draws: the same as drawn anew, nothing drawn twice, bounded in bytes, ended on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dashlab.data.photos import load_photo
from dashlab.experiments.augmentation import cache as pipeline_cache
from dashlab.experiments.augmentation.cache import DrawCache
from dashlab.experiments.augmentation.draws import Draw, Sample, draw_pipeline, lent_generator
from dashlab.experiments.augmentation.pipeline import Step, make_step

STEPS = (make_step("CenterCrop", size="64"), make_step("RandomRotation"), make_step("ColorJitter"))
MIXED = (make_step("CenterCrop", size="64"), make_step("ToImage"), make_step("ToDtype"), make_step("MixUp"))
CAT = load_photo("cat")


class Counted:
    """`draw_pipeline`, and how many draws it was asked for at each call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[int] = []
        monkeypatch.setattr(pipeline_cache, "draw_pipeline", self)

    def __call__(self, steps: Sequence[Step], samples: Sequence[Sample], **more: Any) -> tuple[Draw, ...]:
        self.calls.append(len(samples))
        return draw_pipeline(steps, samples, **more)

    def since(self) -> list[int]:
        calls, self.calls = self.calls, []
        return calls


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def same(count: int) -> list[Sample]:
    return [Sample(picture=CAT, name="cat")] * count


def different(count: int) -> list[Sample]:
    return [
        Sample(picture=Image.new("RGB", (80, 80), (9 * k, k, k)), label=k, name=f"class {k}")
        for k in range(count)
    ]


def drawn(cache: DrawCache, samples: Sequence[Sample], keep: int | None = 0, **more: Any) -> tuple[Draw, ...]:
    return cache.draws(
        more.pop("steps", STEPS), samples, picture="cat", seed=more.pop("seed", 3), keep=keep, **more
    )


def alike(one: Draw, other: Draw) -> bool:
    views = zip((one.last, *one.views), (other.last, *other.views), strict=True)
    return (one.rows, one.seeds, one.label) == (other.rows, other.seeds, other.label) and all(
        np.array_equal(mine.raw.pixels, its.raw.pixels) for mine, its in views
    )


@pytest.mark.parametrize(
    ("steps", "samples"), [(STEPS, same(4)), (MIXED, different(4))], ids=["one", "batch"]
)
def test_draws_are_those_that_are_made_without_a_cache(steps: Sequence[Step], samples: list[Sample]) -> None:
    cache = DrawCache()
    drawn(cache, samples, keep=0, steps=steps)
    found = drawn(cache, samples, keep=2, steps=steps)
    batch = steps is MIXED
    kept = range(4) if batch else [0, 2]  # once looked at, the pictures of its steps stay
    plain = draw_pipeline(steps, samples, seed=3, keep=kept)
    assert all(alike(one, other) for one, other in zip(found, plain, strict=True))
    assert found[2].views


def test_looking_at_another_draw_draws_no_other_anew(counted: Counted) -> None:
    cache = DrawCache()
    drawn(cache, same(6), keep=0)
    assert counted.since() == [1] * 6
    drawn(cache, same(6), keep=3)
    assert counted.since() == [1]
    drawn(cache, same(6), keep=0)
    assert counted.since() == []


def test_more_draws_leave_those_that_are_there(counted: Counted) -> None:
    cache = DrawCache()
    drawn(cache, same(3))
    counted.since()
    drawn(cache, same(5))
    assert counted.since() == [1, 1]
    drawn(cache, same(2))
    assert counted.since() == []


def test_looking_at_another_picture_of_a_batch_draws_nothing(counted: Counted) -> None:
    cache = DrawCache()
    drawn(cache, different(4), steps=MIXED, classes=4)
    assert drawn(cache, different(4), keep=3, steps=MIXED, classes=4)[3].views
    assert counted.since() == [4]


def test_no_more_is_kept_than_fits(counted: Counted) -> None:
    one = sum(view.raw.pixels.nbytes for view in [draw_pipeline(STEPS, same(1), seed=0, keep=())[0].last])
    cache = DrawCache(most_bytes=3 * one)
    for seed in range(5):
        drawn(cache, same(2), keep=None, seed=seed)
        assert 0 < cache.bytes <= 3 * one
    counted.since()
    drawn(cache, same(2), keep=None, seed=4)
    assert counted.since() == []
    drawn(cache, same(2), keep=None, seed=0)
    assert counted.since() == [1, 1]


def test_what_is_larger_than_everything_that_may_be_kept_is_drawn_and_not_kept() -> None:
    cache = DrawCache(most_bytes=10)
    assert drawn(cache, same(1))[0].views
    assert cache.bytes == 0


def test_work_that_nobody_waits_for_ends_after_a_step_and_goes_on_from_there(counted: Counted) -> None:
    class EndedError(Exception):
        pass

    shares: list[float] = []

    def ended(share: float) -> None:
        shares.append(share)
        if share > 0.5:
            raise EndedError

    cache = DrawCache()
    with pytest.raises(EndedError):
        drawn(cache, same(4), between=ended)
    assert shares == sorted(shares)
    assert len(shares) == 7  # two draws of three steps, and the first step of the third
    assert counted.since() == [1, 1, 1]
    drawn(cache, same(4))
    assert counted.since() == [1, 1]


def test_nothing_that_others_wait_for_is_held_between_two_steps() -> None:
    def others_draw(_share: float) -> None:
        with lent_generator():
            pass

    assert len(drawn(DrawCache(), same(2), between=others_draw)) == 2
