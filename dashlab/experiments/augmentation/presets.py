"""Pipelines worth looking at, as a link holds them: what a step has by default is left out."""

from dashlab.experiments.augmentation.settings import AugmentationConfig
from dashlab.settings.fields import Value
from dashlab.settings.lists import write_entries
from dashlab.settings.presets import Preset, by_name

Entry = dict[str, str]
"""A step: its transform, and the settings that differ from its defaults."""


def _preset(
    name: str, title: str, about: str, steps: tuple[Entry, ...], **settings: Value
) -> Preset[AugmentationConfig]:
    config = AugmentationConfig().change(pipeline=write_entries(steps), **settings)
    return Preset(name, title, about, config)


def _step(transform: str, **settings: str) -> Entry:
    return {"transform": transform, **settings}


def _to_tensor(**settings: str) -> tuple[Entry, ...]:
    """To values from 0 to 1 and then normalised: with ImageNet's mean and deviation, or those given."""
    return _step("ToImage"), _step("ToDtype"), _step("Normalize", **settings)


_SQUARE = (_step("Resize", size="144"), _step("CenterCrop", size="144"))
_TURN = _step("RandomRotation", degrees="-45,45", interpolation="bilinear")

PRESETS = by_name(
    _preset(
        "classic",
        "The classic chain",
        "Resize, crop, mirror, turn, jitter, now and then grey, then a normalised tensor. Which of "
        "these would you still call the same cat? Switch off one step at a time.",
        (
            _step("Resize", size="160"),
            _step("RandomCrop", size="144"),
            _step("RandomHorizontalFlip"),
            _step("RandomRotation", degrees="-20,20", interpolation="bilinear"),
            _step("ColorJitter"),
            _step("RandomGrayscale"),
            *_to_tensor(),
        ),
    ),
    _preset(
        "s18",
        "The course's chain for CIFAR-10",
        "Mirror, turn by up to 10°, cut out 80 to 100 % of the area, change the colours a little, "
        "then a tensor from −1 to 1, shown with Normalize taken back. Is any of these no horse any more? "
        "Set “After Normalize, show” to “As it is”, and see what the network gets.",
        (
            _step("RandomHorizontalFlip"),
            _step("RandomRotation", degrees="-10,10"),
            _step("RandomResizedCrop", size="32", scale="0.8,1"),
            _step(
                "ColorJitter",
                brightness="0.8,1.2",
                contrast="0.8,1.2",
                saturation="0.8,1.2",
                hue="-0.1,0.1",
            ),
            *_to_tensor(mean="0.5,0.5,0.5", std="0.5,0.5,0.5"),
        ),
        source="cifar10",
        label=7,
        number=3,
    ),
    _preset(
        "everything",
        "All that the course uses",
        "Every transform of the course in one chain, more than anybody would use. Which of them "
        "can be left out without loss, and which leaves too little of the cup?",
        (
            _step("Resize", size="192"),
            _step("CenterCrop", size="192,256"),
            _step("RandomCrop", size="176", padding="8"),
            _step("RandomHorizontalFlip"),
            _step("RandomVerticalFlip", p="0.2"),
            _step("RandomRotation", degrees="-15,15", interpolation="bilinear", expand="on", fill="128"),
            _step("ColorJitter"),
            _step("RandomGrayscale", p="0.2"),
            _step("RandomResizedCrop", size="144", scale="0.4,1"),
            *_to_tensor(),
        ),
        photo="coffee",
    ),
    _preset(
        "cifar",
        "The recipe for CIFAR-10",
        "Pad by 4, crop 32 × 32, mirror: a few pixels of play, as the first ResNets were trained "
        "with (He et al. 2016). The trainer can do all of it.",
        (
            _step("RandomCrop", size="32", padding="4"),
            _step("RandomHorizontalFlip"),
            *_to_tensor(mean="0.4914,0.4822,0.4465", std="0.2023,0.1994,0.201"),
        ),
        source="cifar10",
        label=7,
        number=3,
    ),
    _preset(
        "imagenet",
        "The recipe for ImageNet",
        "A random part of 8 to 100 % of the area, stretched to one size, mirrored, colours "
        "changed. In some draws little is left of the object: the label is kept all the same.",
        (
            _step("RandomResizedCrop", size="144"),
            _step("RandomHorizontalFlip"),
            _step("ColorJitter"),
            *_to_tensor(),
        ),
        photo="astronaut",
    ),
    _preset(
        "digits",
        "For digits",
        "A little turned, moved, zoomed and slanted, and never mirrored: a mirrored 2 is no digit. "
        "Widen the angle, and see when a 6 becomes a 9.",
        (
            _step(
                "RandomAffine",
                degrees="-12,12",
                scale="0.85,1.15",
                shear="-8,8",
                interpolation="bilinear",
            ),
            *_to_tensor(mean="0.1307", std="0.3081"),
        ),
        source="mnist",
        label=6,
    ),
    _preset(
        "randaugment",
        "RandAugment",
        "Two of 14 changes for each picture, all of one magnitude. The table says which were "
        "drawn; raise the magnitude to 20.",
        (_step("Resize", size="160"), _step("RandAugment")),
        photo="coffee",
        draws=12,
    ),
    _preset(
        "autoaugment",
        "AutoAugment",
        "Pairs of changes that a search of thousands of GPU hours found best for one data set "
        "(Cubuk et al. 2019). Switch the policy to svhn, made for house numbers.",
        (_step("Resize", size="160"), _step("AutoAugment")),
        photo="coffee",
        draws=12,
    ),
    _preset(
        "mixup",
        "MixUp of a batch",
        "Each picture is blended with the one before it, and so is its label. One λ is drawn for "
        "the whole batch: a small alpha keeps it near 0 or 1.",
        (*_SQUARE, _step("ToImage"), _step("ToDtype"), _step("MixUp")),
        draws=3,
        seed=3,
    ),
    _preset(
        "cutmix",
        "CutMix of a batch",
        "A patch of the picture before is pasted in, and the labels mix by its area. Compare with "
        "MixUp: no pixel here is a blend of two.",
        (
            _step("RandomCrop", size="32", padding="4"),
            _step("ToImage"),
            _step("ToDtype"),
            _step("CutMix"),
        ),
        source="cifar10",
        draws=10,
        seed=6,
    ),
    _preset(
        "order",
        "Order matters",
        "Crop and then turn: black corners. Turn and then crop: none, for the crop comes from the "
        "middle. Both rows have the same angles.",
        (_step("CenterCrop", size="150"), _TURN),
        beside="reversed",
        draws=6,
    ),
    _preset(
        "toolarge",
        "A crop that does not fit",
        "A crop of 64 pixels cannot be cut out of a picture of 32. The sentence names the step; "
        "the steps before it still stand. Padding of 16 mends it.",
        (_step("RandomHorizontalFlip"), _step("RandomCrop", size="64")),
        source="cifar10",
        label=8,
        draws=4,
    ),
    _preset(
        "unscaled",
        "A forgotten scale",
        "ToDtype without scale leaves 0 to 255, so that Normalize, meant for 0 to 1, gives "
        "values of a thousand. The picture looks fine; the range in the table does not.",
        (
            _step("Resize", size="160"),
            _step("ToImage"),
            _step("ToDtype", scale="off"),
            _step("Normalize"),
        ),
        photo="coffee",
        draws=4,
        show="raw",
    ),
    _preset(
        "inverse",
        "Normalize and back",
        "The inverse of Normalize is a Normalize: mean −mean/std, std 1/std. Watch range, mean and "
        "deviation go and come back, down to a PIL image that can be saved.",
        (
            _step("Resize", size="160"),
            *_to_tensor(),
            _step("Normalize", mean="-2.117904,-2.035714,-1.804444", std="4.366812,4.464286,4.444444"),
            _step("ToPILImage"),
        ),
        photo="astronaut",
        draws=1,
    ),
)
"""All of them, in the order of a lesson."""
BY_VIEW = {"": PRESETS}
"""The page has one view, which has no name."""
