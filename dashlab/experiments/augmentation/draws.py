"""A pipeline drawn several times: what came out, what was drawn, and what each step did.

torchvision draws from torch's one global generator. Here it is lent: seeded anew for each step of each draw,
and put back afterwards, so that nothing outside changes and a seed gives the same pictures again. As every
step has a seed of its own, taking one away or moving it leaves the draws of the others as they were.
"""

import threading
import warnings
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from dashlab.experiments.augmentation.faults import fault_of, left_alone, obstacle
from dashlab.experiments.augmentation.kinds import FAULTS, misfit
from dashlab.experiments.augmentation.listen import Listener
from dashlab.experiments.augmentation.pipeline import Step
from dashlab.experiments.augmentation.seen import Facts, Seen, facts, leaves, seen, size_of, undone
from dashlab.experiments.augmentation.transforms import argument, build
from dashlab.training.device import stream

MOST_PIXELS = 500_000
"""Larger than this no picture may become: a few steps that enlarge would take minutes and fill the memory."""
SEEDS = 2**31

Between = Callable[[float], None]
_LENT = threading.Lock()
"""Torch's generator is one for all threads, and each visitor of the app has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A picture with its label."""

    picture: Image.Image  # mode "RGB" or "L"
    label: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnStep:
    """One step of one draw."""

    number: int  # place in the pipeline, from 1; 0 is the original
    transform: str
    applied: bool
    drawn: str  # what was drawn, in words; empty where nothing is or the transform does not say
    note: str
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPicture:
    """A picture after a step: as it is, and with Normalize taken back where that was applied."""

    raw: Seen
    undone: Seen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One run through the pipeline.

    Attributes:
        rows: the original, then one row for each step that could be done.
        last: the picture in the end, or before the step that could not be done.
        label: of the picture in the end, in words; a mixture after MixUp and CutMix.
        problem: why a step could not be done; empty if all were.
        seeds: of each step, for `torch.manual_seed`.
        views: the picture after each row; empty unless `draw_pipeline` was told to keep them for this draw.
    """

    rows: tuple[DrawnStep, ...]
    last: StepPicture
    label: str
    problem: str
    seeds: tuple[int, ...]
    views: tuple[StepPicture, ...] = ()


def step_seed(seed: int, draw: int, steps: Sequence[Step], place: int) -> int:
    """The seed of one step of one draw; draw −1 stands for a whole batch.

    It depends on the transform's name and on how many of the same name come before, not on its place.
    """
    name = steps[place].transform
    nth = sum(step.transform == name for step in steps[:place])
    return int(stream(seed, f"preview:{draw}:{name}:{nth}").initial_seed() % SEEDS)


def draw_pipeline(
    steps: Sequence[Step],
    samples: Sequence[Sample],
    *,
    seed: int,
    keep: Container[int] = (0,),
    classes: int = 0,
    first: int = 0,
    between: Between = lambda _share: None,
) -> tuple[Draw, ...]:
    """Run each sample through the pipeline once.

    Args:
        steps: those that are switched off are left out.
        samples: one for each draw; the same one again and again, or a batch of different ones.
        seed: decides every draw.
        keep: the places in `samples` of the draws whose pictures after each step are kept.
        classes: how many labels there are, for MixUp and CutMix; by default as many as occur.
        first: how many draws come before the first of these.
        between: called after each step of each draw with the share that is done, from 0 to 1. Nothing is held
            then that others wait for; an error of its ends the work.

    A step that cannot be done ends the draw there, and `Draw.problem` says which and why.
    """
    classes = classes or 1 + max(sample.label for sample in samples)
    run = _Run(steps, samples, seed, keep, classes, first)
    used = [(place, step) for place, step in enumerate(steps) if step.use]
    for done, (place, step) in enumerate(used):
        for share in run.advance(place, step):
            between((done + share) / len(used))
    return tuple(map(run.draw, range(len(samples))))


@contextmanager
def lent_generator() -> Iterator[None]:
    """Put torch's generator of the processor back as it was; torchvision's warnings are not for people."""
    with _LENT:
        state = torch.default_generator.get_state()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            torch.default_generator.set_state(state)


@dataclass
class _Track:
    """One draw under way."""

    value: Any
    label: str
    rows: list[DrawnStep] = field(default_factory=list)
    views: list[StepPicture] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    norms: list[tuple[Sequence[float], Sequence[float]]] = field(default_factory=list)
    problem: str = ""

    def view(self) -> StepPicture:
        back = None
        if self.norms and all(isinstance(v, Tensor) and v.is_floating_point() for v in leaves(self.value)):
            back = seen(undone(self.value, self.norms))
        return StepPicture(raw=seen(self.value), undone=back)


class _Run:
    """All draws under way; they go step by step together, for a batch is made of all of them."""

    def __init__(
        self,
        steps: Sequence[Step],
        samples: Sequence[Sample],
        seed: int,
        keep: Container[int],
        classes: int,
        first: int,
    ) -> None:
        self.steps, self.samples, self.seed, self.keep, self.classes = steps, samples, seed, keep, classes
        self.first = first
        self.names = {sample.label: sample.name for sample in samples}
        self.batch: Tensor | None = None
        self.labels = torch.tensor([sample.label for sample in samples])
        self.tracks = [_Track(sample.picture, sample.name) for sample in samples]
        for index, track in enumerate(self.tracks):
            start = DrawnStep(
                number=0, transform="", applied=True, drawn="", note="", facts=facts(track.value)
            )
            self._note(index, start)

    def advance(self, place: int, step: Step) -> Iterator[float]:
        """Do one step; after each piece of it, the share that is done."""
        with lent_generator():
            listener = self._built(place, step)
            if listener is None:
                return
            if step.offer.of_batch and self.batch is None and not self._collate(place, step, listener):
                return
        if self.batch is not None:
            with lent_generator():
                self._on_batch(place, step, listener)
            yield 1.0
            return
        for index, track in enumerate(self.tracks):
            if not track.problem:
                with lent_generator():
                    self._on_one(index, place, step, listener)
                yield (index + 1) / len(self.tracks)

    def draw(self, index: int) -> Draw:
        track = self.tracks[index]
        return Draw(
            rows=tuple(track.rows),
            last=track.view(),
            label=track.label,
            problem=track.problem,
            seeds=tuple(track.seeds),
            views=tuple(track.views),
        )

    def _built(self, place: int, step: Step) -> Listener | None:
        more = {"num_classes": self.classes} if step.offer.of_batch else {}
        try:
            return Listener(build(step.transform, step.values, **more), step.chance)
        except FAULTS as error:
            for track in self.tracks:
                track.problem = track.problem or fault_of(place, step, error)
            return None

    def _on_one(self, index: int, place: int, step: Step, listener: Listener) -> None:
        track = self.tracks[index]
        value = self._done(track, self.first + index, place, step, listener, track.value)
        if value is not None:
            note = left_alone(step, track.value, value)
            track.value = value
            self._after(index, place, step, listener, note)

    def _on_batch(self, place: int, step: Step, listener: Listener) -> None:
        """One call for the whole batch, as in training: one draw holds for all pictures."""
        labels = (self.labels,) if step.offer.of_batch else ()
        result = self._done(self.tracks[0], -1, place, step, listener, self.batch, *labels)
        if result is None:
            for track in self.tracks[1:]:
                track.problem = self.tracks[0].problem
            return
        self.batch, self.labels = result if step.offer.of_batch else (result, self.labels)
        for index, track in enumerate(self.tracks):
            if index:
                track.seeds.append(self.tracks[0].seeds[-1])
            assert self.batch is not None
            track.value = self.batch[index]
            track.label = mixture(self.labels[index], self.names)
            self._after(index, place, step, listener)

    def _done(
        self,
        track: _Track,
        draw: int,
        place: int,
        step: Step,
        listener: Listener,
        value: Any,
        *labels: Tensor,
    ) -> Any:
        """What the step makes of `value`; None, and a problem, where it cannot."""
        if problem := obstacle(place, step, value):
            track.problem = problem
            return None
        seed = step_seed(self.seed, draw, self.steps, place)
        torch.default_generator.manual_seed(seed)
        try:
            result = listener(value, *labels)
        except FAULTS as error:
            track.problem = fault_of(place, step, error, lambda other: listener(other, *labels), value)
            return None
        height, width = size_of(result)
        if height * width > MOST_PIXELS:
            track.problem = (
                f"Step {place + 1} ({step.transform}) makes the picture {width:,} × {height:,} pixels large: "
                f"no more than {MOST_PIXELS:,} in all are carried along here. Make it smaller before."
            )
            return None
        track.seeds.append(seed)
        return result

    def _collate(self, place: int, step: Step, listener: Listener) -> bool:
        """Make one tensor [B, C, H, W] of all pictures; False, and a problem, where they do not fit."""
        problem = next((track.problem for track in self.tracks if track.problem), "")
        values = [track.value for track in self.tracks]
        if not problem and not all(isinstance(value, Tensor) for value in values):
            # One picture, as often as there are labels: whether pictures are of one size is another question.
            reason = misfit(
                lambda value: listener(torch.stack([value] * len(values)), self.labels), values[0]
            )
            problem = f"Step {place + 1} ({step.transform}) {reason}"
        problem = problem or next(filter(None, (obstacle(place, step, value) for value in values)), "")
        if not problem and len({tuple(value.shape) for value in values}) > 1:
            problem = (
                f"Step {place + 1} ({step.transform}) needs a batch of pictures of one size, and these "
                "differ: put RandomResizedCrop, or Resize and CenterCrop, before it."
            )
        for track in self.tracks:
            track.problem = problem
        if not problem:
            self.batch = torch.stack([value.as_subclass(Tensor) for value in values])
        return not problem

    def _after(self, index: int, place: int, step: Step, listener: Listener, note: str = "") -> None:
        track = self.tracks[index]
        if step.transform == "Normalize" and listener.applied:
            track.norms.append(_per_channel(step))
        elif not all(isinstance(v, Tensor) and v.is_floating_point() for v in leaves(track.value)):
            track.norms.clear()
        row = DrawnStep(
            number=place + 1,
            transform=step.transform,
            applied=listener.applied,
            drawn=listener.drawn,
            note=note,
            facts=facts(track.value),
        )
        self._note(index, row)

    def _note(self, index: int, row: DrawnStep) -> None:
        track = self.tracks[index]
        track.rows.append(row)
        if index in self.keep:
            track.views.append(track.view())


def mixture(label: Tensor, names: dict[int, str]) -> str:
    """A label in words: the class, or the share of each class after mixing.

    Args:
        label: int64 [], or float [classes].
        names: of the classes.
    """
    if label.ndim == 0:
        return names[int(label)]
    shares = sorted(((float(share), k) for k, share in enumerate(label) if share > 5e-3), reverse=True)
    return " + ".join(f"{share:.2f} {names.get(k, k)}" for share, k in shares)


def _per_channel(step: Step) -> tuple[Sequence[float], Sequence[float]]:
    mean, std = (argument("Normalize", name, step.values[name]) for name in ("mean", "std"))
    return mean, std
