"""Draws that were made before: only what is new is drawn, and no more is kept than fits into some bytes."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence

from dashlab.experiments.augmentation.draws import Between, Draw, Sample, StepPicture, draw_pipeline
from dashlab.experiments.augmentation.pipeline import Step, write_steps

MOST_BYTES = 128 * 2**20


class DrawCache:
    """The last draws of all people on this server; safe to be shared between threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._lock = most_bytes, threading.Lock()
        self._draws: OrderedDict[Hashable, tuple[Draw, ...]] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """What the pixels of all draws take by now."""
        return self._bytes

    def draws(
        self,
        steps: Sequence[Step],
        samples: Sequence[Sample],
        *,
        picture: Hashable,
        seed: int,
        keep: int | None,
        classes: int = 0,
        between: Between = lambda _share: None,
    ) -> tuple[Draw, ...]:
        """What `draw_pipeline` gives.

        Args:
            steps, samples, seed, classes: as there.
            picture: tells the first of the samples from all other pictures.
            keep: the draw whose pictures after each step are wanted; None for none.
            between: as there. An error of its ends the work; draws that are finished by then stay.

        Draws of a batch are made together and kept together, with the pictures of all steps. Otherwise each
        stands for itself: to look at another one, or to have more of them, draws no other anew.
        """
        place = (write_steps(steps), picture, seed)
        if any(step.use and step.offer.of_batch for step in steps):
            key = (*place, len(samples), classes)
            drawn = self._get(key)
            if drawn is None:
                every = range(len(samples))
                drawn = draw_pipeline(steps, samples, seed=seed, keep=every, classes=classes, between=between)
                self._put(key, drawn)
            return drawn
        return tuple(
            self._single(
                (*place, index),
                steps,
                sample,
                index,
                seed,
                index == keep,
                lambda share, done=index: between((done + share) / len(samples)),  # type: ignore[misc]
            )
            for index, sample in enumerate(samples)
        )

    def _single(
        self,
        key: Hashable,
        steps: Sequence[Step],
        sample: Sample,
        index: int,
        seed: int,
        keep: bool,
        between: Between,
    ) -> Draw:
        found = self._get(key)
        if found is None or (keep and not found[0].views):
            first = (0,) if keep else ()
            found = draw_pipeline(steps, [sample], seed=seed, keep=first, first=index, between=between)
            self._put(key, found)
        return found[0]

    def _get(self, key: Hashable) -> tuple[Draw, ...] | None:
        with self._lock:
            if key in self._draws:
                self._draws.move_to_end(key)
            return self._draws.get(key)

    def _put(self, key: Hashable, draws: tuple[Draw, ...]) -> None:
        with self._lock:
            self._bytes += _bytes_of(draws) - _bytes_of(self._draws.pop(key, ()))
            self._draws[key] = draws
            while self._bytes > self._most:
                _, oldest = self._draws.popitem(last=False)
                self._bytes -= _bytes_of(oldest)


def _bytes_of(draws: Sequence[Draw]) -> int:
    return sum(_view_bytes(view) for draw in draws for view in (draw.last, *draw.views))


def _view_bytes(view: StepPicture) -> int:
    """What the pixels of one view take."""
    return view.raw.pixels.nbytes + (view.undone.pixels.nbytes if view.undone is not None else 0)
