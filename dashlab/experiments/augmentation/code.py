"""A pipeline as Python code that needs torch, torchvision and Pillow, and nothing of dashlab."""

import enum
import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from dashlab.experiments.augmentation.pipeline import Step
from dashlab.experiments.augmentation.transforms import argument

_NAMED = {
    "interpolation": "v2.InterpolationMode.{}",
    "policy": "v2.AutoAugmentPolicy.{}",
}


def pipeline_code(steps: Sequence[Step], *, classes: int = 0) -> str:
    """The pipeline as `v2.Compose`; MixUp or CutMix and what follows stand apart, for they take a batch.

    Args:
        steps: those that are switched off are left out.
        classes: how many labels there are, for MixUp and CutMix.
    """
    single, batch = split(steps)
    lines = ["import torch", "from torchvision.transforms import v2", ""]
    lines += _compose("pipeline", single, classes)
    if batch:
        lines += [
            "",
            "# On a batch of pictures and their labels, after the DataLoader has put them together.",
        ]
        lines += _compose("on_batch", batch, classes)
    return "\n".join([*lines, *_inverse(steps)])


def draw_code(
    steps: Sequence[Step], seeds: Sequence[int], *, files: Sequence[str], labels: Sequence[int] = ()
) -> str:
    """What follows `pipeline_code` to give one draw of this page again, to the last bit.

    Args:
        steps: as there.
        seeds: of every step that is switched on: of one draw, or of a whole batch, its pictures in turn,
            then the steps on the batch.
        files: the pictures; one, or those of a batch.
        labels: of a batch.
    """
    single, batch = split(steps)
    if batch:
        return _batch_code(len(single), seeds, files, labels)
    lines = [
        "from PIL import Image",
        "",
        f"picture = Image.open({files[0]!r})",
        "# Each step has its own seed: one step less leaves the draws of the others as they were.",
        *_looped("picture", "pipeline", seeds, ""),
    ]
    return "\n".join(lines)


def split(steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """The steps that are switched on: those on single pictures, and those from the first on a batch."""
    used = [step for step in steps if step.use]
    first = next((place for place, step in enumerate(used) if step.offer.of_batch), len(used))
    return used[:first], used[first:]


def step_code(step: Step, *, classes: int = 0) -> str:
    """The step as it stands in the list of a `v2.Compose`; torchvision's own defaults are not written out."""
    arguments = [f"{name}={_written(step, name)}" for name in step.values if not _is_default(step, name)]
    if step.offer.of_batch and classes:
        arguments.append(f"num_classes={classes}")
    made = f"v2.{step.transform}({', '.join(arguments)})"
    return made if step.chance == 1 else f"v2.RandomApply([{made}], p={step.chance!r})"


def _written(step: Step, name: str) -> str:
    value: Any = argument(step.transform, name, step.values[name])
    if name in _NAMED:
        return _NAMED[name].format(value.name)
    return repr(value)  # repr(torch.float32) is torch.float32


def _is_default(step: Step, name: str) -> bool:
    from torchvision.transforms import v2

    default = inspect.signature(getattr(v2, step.transform)).parameters[name].default
    value: Any = argument(step.transform, name, step.values[name])
    if isinstance(default, str) and isinstance(value, enum.Enum):
        return bool(value.value == default)
    return bool(value == (tuple(default) if isinstance(default, list) else default))


def _compose(name: str, steps: Sequence[Step], classes: int) -> Iterator[str]:
    if not steps:
        yield f"{name} = v2.Compose([v2.Identity()])"
        return
    yield f"{name} = v2.Compose(["
    yield from (f"    {step_code(step, classes=classes)}," for step in steps)
    yield "])"


def _inverse(steps: Sequence[Step]) -> Iterator[str]:
    """Normalize taken back: x·std + mean is Normalize(−mean/std, 1/std)."""
    taken = [step for step in steps if step.use and step.transform == "Normalize"]
    if not taken:
        return
    mean, std = (argument("Normalize", name, taken[-1].values[name]) for name in ("mean", "std"))
    yield ""
    yield f"# Takes {'Normalize' if len(taken) == 1 else 'the last Normalize'} back, to look at a picture."
    yield f"mean = torch.tensor({list(mean)})"
    yield f"std = torch.tensor({list(std)})"
    yield "undo = v2.Normalize(mean=(-mean / std).tolist(), std=(1 / std).tolist())"


def _looped(value: str, pipeline: str, seeds: Sequence[int], indent: str) -> list[str]:
    if not seeds:
        return []
    return [
        f"{indent}for seed, step in zip({list(seeds)}, {pipeline}.transforms):",
        f"{indent}    torch.manual_seed(seed)",
        f"{indent}    {value} = step({value})",
    ]


def _batch_code(single: int, seeds: Sequence[int], files: Sequence[str], labels: Sequence[int]) -> str:
    per_picture = [list(seeds[k * single : (k + 1) * single]) for k in range(len(files))]
    on_batch = list(seeds[len(files) * single :])
    lines = [
        "from PIL import Image",
        "",
        f"files, labels = {list(files)}, torch.tensor({list(labels)})",
        f"seeds = {per_picture}",
        "pictures = []",
        "for file, own in zip(files, seeds):",
        "    picture = Image.open(file)",
        "    for seed, step in zip(own, pipeline.transforms):",
        "        torch.manual_seed(seed)",
        "        picture = step(picture)",
        "    pictures.append(picture)",
        "batch = torch.stack(pictures)",
        f"for seed, step in zip({on_batch}, on_batch.transforms):",
        "    torch.manual_seed(seed)",
        "    batch, labels = step(batch, labels)",
    ]
    return "\n".join(lines)
