"""Pipelines worth looking at: presets of the augmentation page."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from dashlab.experiments.augmentation.pipeline import Step, make_step, write_steps
from dashlab.settings.fields import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelinePreset:
    """A pipeline, what to look for in it, and the settings that show it best."""

    title: str
    about: str
    steps: tuple[Step, ...]
    settings: Mapping[str, Value] = field(default_factory=dict)

    def values(self) -> dict[str, Value]:
        """The settings of the page that differ from its defaults."""
        return {"pipeline": write_steps(self.steps), **self.settings}


@functools.cache
def presets() -> Mapping[str, PipelinePreset]:
    """All presets by name; made on demand, for they look into torchvision."""
    return (
        _chains() | _everything() | _recipes() | _grey() | _automatic() | _mixes() | _lessons() | _numbers()
    )


def _to_tensor(mean: str = "0.485,0.456,0.406", std: str = "0.229,0.224,0.225") -> tuple[Step, ...]:
    return make_step("ToImage"), make_step("ToDtype"), make_step("Normalize", mean=mean, std=std)


def _chains() -> dict[str, PipelinePreset]:
    return {
        "classic": PipelinePreset(
            title="The classic chain",
            about="Resize, crop, mirror, turn, jitter, now and then grey, then a normalised tensor. Which of "
            "these would you still call the same cat? Switch off one step at a time.",
            steps=(
                make_step("Resize", size="160"),
                make_step("RandomCrop", size="144"),
                make_step("RandomHorizontalFlip"),
                make_step("RandomRotation", degrees="-20,20", interpolation="bilinear"),
                make_step("ColorJitter"),
                make_step("RandomGrayscale"),
                *_to_tensor(),
            ),
        ),
        "s18": PipelinePreset(
            title="The course's chain for CIFAR-10",
            about="Mirror, turn by up to 10°, cut out 80 to 100 % of the area, change the colours a little, "
            "then a tensor from −1 to 1, shown with Normalize taken back. Is any of these no horse any more? "
            "Set “After Normalize, show” to “As it is”, and see what the network gets.",
            steps=(
                make_step("RandomHorizontalFlip"),
                make_step("RandomRotation", degrees="-10,10"),
                make_step("RandomResizedCrop", size="32", scale="0.8,1"),
                make_step(
                    "ColorJitter",
                    brightness="0.8,1.2",
                    contrast="0.8,1.2",
                    saturation="0.8,1.2",
                    hue="-0.1,0.1",
                ),
                *_to_tensor("0.5,0.5,0.5", "0.5,0.5,0.5"),
            ),
            settings={"source": "cifar10", "label": 7, "number": 3},
        ),
    }


def _everything() -> dict[str, PipelinePreset]:
    return {
        "everything": PipelinePreset(
            title="All that the course uses",
            about="Every transform of the course in one chain, more than anybody would use. Which of them "
            "can be left out without loss, and which leaves too little of the cup?",
            steps=(
                make_step("Resize", size="192"),
                make_step("CenterCrop", size="192,256"),
                make_step("RandomCrop", size="176", padding="8"),
                make_step("RandomHorizontalFlip"),
                make_step("RandomVerticalFlip", p=0.2),
                make_step(
                    "RandomRotation", degrees="-15,15", interpolation="bilinear", expand=True, fill="128"
                ),
                make_step("ColorJitter"),
                make_step("RandomGrayscale", p=0.2),
                make_step("RandomResizedCrop", size="144", scale="0.4,1"),
                *_to_tensor(),
            ),
            settings={"photo": "coffee"},
        ),
    }


def _recipes() -> dict[str, PipelinePreset]:
    return {
        "cifar": PipelinePreset(
            title="The recipe for CIFAR-10",
            about="Pad by 4, crop 32 × 32, mirror: a few pixels of play, as the first ResNets were trained "
            "with (He and others 2016). The trainer can do all of it.",
            steps=(
                make_step("RandomCrop", size="32", padding="4"),
                make_step("RandomHorizontalFlip"),
                *_to_tensor("0.4914,0.4822,0.4465", "0.2023,0.1994,0.201"),
            ),
            settings={"source": "cifar10", "label": 7, "number": 3},
        ),
        "imagenet": PipelinePreset(
            title="The recipe for ImageNet",
            about="A random part of 8 to 100 % of the area, stretched to one size, mirrored, colours "
            "changed. In some draws little is left of the object: the label is kept all the same.",
            steps=(
                make_step("RandomResizedCrop", size="144"),
                make_step("RandomHorizontalFlip"),
                make_step("ColorJitter"),
                *_to_tensor(),
            ),
            settings={"photo": "astronaut"},
        ),
    }


def _grey() -> dict[str, PipelinePreset]:
    return {
        "digits": PipelinePreset(
            title="For digits",
            about="A little turned, moved, zoomed and slanted, and never mirrored: a mirrored 2 is no digit. "
            "Widen the angle, and look when a 6 becomes a 9.",
            steps=(
                make_step(
                    "RandomAffine",
                    degrees="-12,12",
                    translate="0.1,0.1",
                    scale="0.85,1.15",
                    shear="-8,8",
                    interpolation="bilinear",
                ),
                *_to_tensor("0.1307", "0.3081"),
            ),
            settings={"source": "mnist", "label": 6},
        ),
    }


def _automatic() -> dict[str, PipelinePreset]:
    return {
        "randaugment": PipelinePreset(
            title="RandAugment",
            about="Two of 14 changes for each picture, all of one magnitude. The table says which were "
            "drawn; raise the magnitude to 20.",
            steps=(make_step("Resize", size="160"), make_step("RandAugment")),
            settings={"photo": "coffee", "draws": 12},
        ),
        "autoaugment": PipelinePreset(
            title="AutoAugment",
            about="Pairs of changes that a search of thousands of GPU hours found best for one data set "
            "(Cubuk and others 2019). Switch the policy to svhn, made for house numbers.",
            steps=(make_step("Resize", size="160"), make_step("AutoAugment")),
            settings={"photo": "coffee", "draws": 12},
        ),
    }


def _mixes() -> dict[str, PipelinePreset]:
    size = (make_step("Resize", size="144"), make_step("CenterCrop", size="144"))
    return {
        "mixup": PipelinePreset(
            title="MixUp of a batch",
            about="Each picture is blended with the one before it, and so is its label. One λ is drawn for "
            "the whole batch: a small alpha keeps it near 0 or 1.",
            steps=(*size, make_step("ToImage"), make_step("ToDtype"), make_step("MixUp")),
            settings={"draws": 3, "seed": 3},
        ),
        "cutmix": PipelinePreset(
            title="CutMix of a batch",
            about="A patch of the picture before is pasted in, and the labels mix by its area. Compare with "
            "MixUp: no pixel here is a blend of two.",
            steps=(
                make_step("RandomCrop", size="32", padding="4"),
                make_step("ToImage"),
                make_step("ToDtype"),
                make_step("CutMix"),
            ),
            settings={"source": "cifar10", "draws": 10, "seed": 6},
        ),
    }


def _lessons() -> dict[str, PipelinePreset]:
    turn = make_step("RandomRotation", degrees="-45,45", interpolation="bilinear")
    return {
        "order": PipelinePreset(
            title="Order matters",
            about="Crop and then turn: black corners. Turn and then crop: none, for the crop comes from the "
            "middle. Both rows have the same angles.",
            steps=(make_step("CenterCrop", size="150"), turn),
            settings={"beside": "reversed", "draws": 6},
        ),
        "toolarge": PipelinePreset(
            title="A crop that does not fit",
            about="A crop of 64 pixels cannot be cut out of a picture of 32. The sentence names the step; "
            "the steps before it still stand. Padding of 16 mends it.",
            steps=(make_step("RandomHorizontalFlip"), make_step("RandomCrop", size="64")),
            settings={"source": "cifar10", "label": 8, "draws": 4},
        ),
    }


def _numbers() -> dict[str, PipelinePreset]:
    return {
        "unscaled": PipelinePreset(
            title="A forgotten scale",
            about="ToDtype without scale leaves 0 to 255, so that Normalize, meant for 0 to 1, gives "
            "values of a thousand. The picture looks fine; the range in the table does not.",
            steps=(
                make_step("Resize", size="160"),
                make_step("ToImage"),
                make_step("ToDtype", scale=False),
                make_step("Normalize"),
            ),
            settings={"photo": "coffee", "draws": 4, "show": "raw"},
        ),
        "inverse": PipelinePreset(
            title="Normalize and back",
            about="The inverse of Normalize is a Normalize: mean −mean/std, std 1/std. Watch range, mean and "
            "deviation go and come back, down to a PIL image that can be saved.",
            steps=(
                make_step("Resize", size="160"),
                *_to_tensor(),
                make_step(
                    "Normalize", mean="-2.117904,-2.035714,-1.804444", std="4.366812,4.464286,4.444444"
                ),
                make_step("ToPILImage"),
            ),
            settings={"photo": "astronaut", "draws": 1},
        ),
    }
