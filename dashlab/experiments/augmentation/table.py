"""What introspection of torchvision cannot tell: sensible ranges, and what each transform is for.

Transforms and arguments that are not named here are still offered where their signature says enough.
"""

from collections.abc import Mapping
from typing import Any

from dashlab.experiments.augmentation.numbers import NumbersSpec
from dashlab.settings.fields import Spec, Value

Described = tuple[Spec, Value]
"""An argument's description, and the default that the page starts from."""


def _number(label: str, help: str, default: float, low: float, high: float, **more: Any) -> Described:
    return Spec(kind="number", label=label, help=help, low=float(low), high=float(high), **more), float(
        default
    )


def _integer(label: str, help: str, default: int, low: int, high: int, **more: Any) -> Described:
    return Spec(kind="integer", label=label, help=help, low=low, high=high, **more), default


def _choice(label: str, help: str, default: str, *choices: str) -> Described:
    names = {choice: choice for choice in choices}
    return Spec(kind="choice", label=label, help=help, choices=choices, names=names), default


def _flag(label: str, help: str, default: bool) -> Described:
    return Spec(kind="flag", label=label, help=help), default


def _range(label: str, help: str, default: str, low: float, high: float, **more: Any) -> Described:
    return (
        NumbersSpec(
            kind="text", label=label, help=help, low=low, high=high, counts=(2,), ascending=True, **more
        ),
        default,
    )


def _numbers(label: str, help: str, default: str, low: float, high: float, **more: Any) -> Described:
    return NumbersSpec(kind="text", label=label, help=help, low=low, high=high, **more), default


def _size(label: str, help: str, default: str) -> Described:
    return _numbers(label, help, default, 1, 512, counts=(1, 2), whole=True)


_HOW = "How values between pixels are found. nearest: copy the nearest pixel. bilinear and bicubic: blend."
_SIDES = "One number for a square, or height,width."
_CHANNELS = "One number for all channels, or one for each, joined by commas."
_OF_ONE = "1 is from black to white, before ToDtype too."
_FACTOR = "The factor is drawn from this range; 1 changes nothing."

ARGUMENTS: Mapping[str, Described] = {
    # Of any transform
    "p": _number("Probability p", "How often the transform acts.", 0.5, 0, 1, step=0.05),
    "interpolation": _choice(
        "Interpolation", _HOW, "bilinear", "nearest", "nearest-exact", "bilinear", "bicubic"
    ),
    "antialias": _flag("Antialias", "Smooth before shrinking a tensor; PIL always does.", True),
    "fill": _numbers(
        "Fill",
        "The value of what comes in from outside: 0 to 255 before ToDtype, 0 to 1 after it. " + _CHANNELS,
        "0",
        0,
        255,
        counts=(1, 3),
    ),
    "center": _numbers(
        "Centre",
        "The point x,y that stays in place, in pixels from the upper left; none: the middle.",
        "none",
        -512,
        1024,
        counts=(0, 2),
    ),
    "size": _size("Size", _SIDES, "128"),
    "degrees": _range("Degrees", "The angle is drawn from this range.", "-30,30", -180, 180),
    "padding_mode": _choice(
        "Padding", "What the border is made of.", "constant", "constant", "edge", "reflect", "symmetric"
    ),
    "brightness": _range("Brightness", _FACTOR, "0.6,1.4", 0, 3),
    "contrast": _range("Contrast", _FACTOR, "0.6,1.4", 0, 3),
    "saturation": _range("Saturation", f"{_FACTOR} 0 is grey.", "0.6,1.4", 0, 3),
    "hue": _range(
        "Hue", "The share of the colour circle to turn by is drawn from here.", "-0.05,0.05", -0.5, 0.5
    ),
    # Of one
    "Resize.size": _size(
        "Size", "One number: the shorter side. Two: height,width, which may distort.", "128"
    ),
    "Resize.max_size": _numbers(
        "Longest side",
        "The longer side becomes no longer than this; none: no limit.",
        "none",
        2,
        1024,
        counts=(0, 1),
        whole=True,
    ),
    "CenterCrop.size": _size("Size", _SIDES, "96"),
    "RandomCrop.size": _size("Size", _SIDES, "96"),
    "RandomCrop.padding": _numbers(
        "Padding",
        "Pixels added before cropping: on all sides, or left/right,top/bottom, or left,top,right,bottom.",
        "none",
        0,
        128,
        counts=(0, 1, 2, 4),
        whole=True,
    ),
    "RandomCrop.pad_if_needed": _flag("Pad if needed", "Enlarge pictures that are too small.", False),
    "RandomResizedCrop.size": _size("Size", _SIDES, "96"),
    "RandomResizedCrop.scale": _range(
        "Scale", "The share of the picture's area that is cut out.", "0.08,1", 0.01, 1
    ),
    "RandomResizedCrop.ratio": _range(
        "Ratio", "Width over height of what is cut out.", f"0.75,{4 / 3!r}", 0.25, 4
    ),
    "FiveCrop.size": _size("Size", _SIDES, "64"),
    "TenCrop.size": _size("Size", _SIDES, "64"),
    "TenCrop.vertical_flip": _flag("Upside down", "Mirror top to bottom rather than left to right.", False),
    "Pad.padding": _numbers(
        "Padding",
        "Pixels: on all sides, or left/right,top/bottom, or left,top,right,bottom.",
        "16",
        0,
        128,
        counts=(1, 2, 4),
        whole=True,
    ),
    "RandomRotation.expand": _flag("Expand", "Enlarge the picture so that no corner is cut off.", False),
    "RandomRotation.interpolation": _choice(
        "Interpolation", _HOW, "nearest", "nearest", "bilinear", "bicubic"
    ),
    "RandomAffine.interpolation": _choice("Interpolation", _HOW, "nearest", "nearest", "bilinear", "bicubic"),
    "RandomPerspective.interpolation": _choice(
        "Interpolation", _HOW, "bilinear", "nearest", "bilinear", "bicubic"
    ),
    "ElasticTransform.interpolation": _choice("Interpolation", _HOW, "bilinear", "nearest", "bilinear"),
    "RandomAffine.translate": _numbers(
        "Shift",
        "The most to move by, as shares of width,height; none: no move.",
        "0.1,0.1",
        0,
        1,
        counts=(0, 2),
    ),
    "RandomAffine.scale": _range("Zoom", _FACTOR, "0.9,1.1", 0.1, 3),
    "RandomAffine.shear": _numbers(
        "Slant",
        "Degrees: the range along x as low,high, or along x and y as low,high,low,high; none: no slant.",
        "none",
        -60,
        60,
        counts=(0, 2, 4),
        paired=True,
    ),
    "RandomPerspective.distortion_scale": _number(
        "Distortion", "How far each corner may move, in halves of a side.", 0.5, 0, 1, step=0.05
    ),
    "ElasticTransform.alpha": _number("Strength alpha", "How far pixels move.", 50, 0, 300, step=5),
    "ElasticTransform.sigma": _number(
        "Smoothness sigma", "Small: each pixel by itself. Large: whole parts together.", 5, 0.5, 10, step=0.5
    ),
    "RandomZoomOut.side_range": _range("Side", "By what factor the frame grows.", "1,2", 1, 3),
    "ScaleJitter.target_size": _numbers(
        "Target",
        "Width,height that a factor of 1 fits into, as torchvision reads them.",
        "160,160",
        8,
        512,
        counts=(2,),
        whole=True,
    ),
    "ScaleJitter.scale_range": _range("Scale", _FACTOR, "0.5,1.5", 0.1, 2),
    "RandomResize.min_size": _integer("Smallest", "Of the shorter side, in pixels.", 64, 8, 512),
    "RandomResize.max_size": _integer("Largest", "Of the shorter side; itself never drawn.", 192, 8, 512),
    "RandomShortestSize.min_size": _numbers(
        "Sizes",
        "One of these becomes the shorter side.",
        "64,96,128",
        8,
        512,
        counts=(1, 2, 3, 4, 5, 6),
        whole=True,
    ),
    "RandomShortestSize.max_size": _numbers(
        "Longest side", "The longer side's limit; none: no limit.", "none", 8, 1024, counts=(0, 1), whole=True
    ),
    "Grayscale.num_output_channels": _integer("Channels", "1, or 3 equal ones.", 1, 1, 3, step=2),
    "RandomAdjustSharpness.sharpness_factor": _number(
        "Sharpness", "0 blurs, 1 changes nothing, 2 doubles the sharpness.", 2, 0, 10
    ),
    "RandomPosterize.bits": _integer("Bits", "Bits kept of each value; 8 keeps all.", 3, 1, 8),
    "RandomSolarize.threshold": _number(
        "Threshold", "Values from here on are inverted; 0 to 1 after ToDtype.", 128, 0, 255
    ),
    "GaussianBlur.kernel_size": _numbers(
        "Kernel",
        "Side of the window in pixels, odd: one number, or width,height.",
        "9",
        1,
        61,
        counts=(1, 2),
        whole=True,
    ),
    "GaussianBlur.sigma": _range("Sigma", "Width of the blur in pixels, drawn from here.", "0.1,2", 0.1, 10),
    "GaussianNoise.mean": _number("Mean", f"Added to every value. {_OF_ONE}", 0, -1, 1),
    "GaussianNoise.sigma": _number("Sigma", f"Standard deviation of the noise. {_OF_ONE}", 0.1, 0, 1),
    "GaussianNoise.clip": _flag("Clip", "Keep the result within black and white.", True),
    "JPEG.quality": _range("Quality", "Drawn from here; 1 is coarsest.", "10,50", 1, 100, whole=True),
    "RandomErasing.scale": _range(
        "Area",
        "The share of the picture that is erased; a rectangle that does not fit is not erased.",
        "0.02,0.33",
        0,
        1,
        step=0.01,
    ),
    "RandomErasing.ratio": _range("Ratio", "Height over width of what is erased.", "0.3,3.3", 0.1, 10),
    "RandomErasing.value": _numbers(
        "Value",
        f"What is put there. {_CHANNELS} random: noise.",
        "0",
        -3,
        255,
        counts=(0, 1, 3),
        empty="random",
    ),
    "AutoAugment.interpolation": _choice("Interpolation", _HOW, "nearest", "nearest", "bilinear"),
    "RandAugment.interpolation": _choice("Interpolation", _HOW, "nearest", "nearest", "bilinear"),
    "TrivialAugmentWide.interpolation": _choice("Interpolation", _HOW, "nearest", "nearest", "bilinear"),
    "AugMix.interpolation": _choice("Interpolation", _HOW, "bilinear", "nearest", "bilinear"),
    "AutoAugment.policy": _choice(
        "Policy",
        "The data set whose best changes were searched for.",
        "imagenet",
        "imagenet",
        "cifar10",
        "svhn",
    ),
    "RandAugment.num_ops": _integer("Changes", "How many, one after the other.", 2, 0, 8),
    "RandAugment.magnitude": _integer("Magnitude", "How strong each is; below the bins.", 9, 0, 30),
    "num_magnitude_bins": _integer("Bins", "Into how many strengths the scale is cut.", 31, 2, 31),
    "AugMix.severity": _integer("Severity", "How strong each change is.", 3, 1, 10),
    "AugMix.mixture_width": _integer("Chains", "How many altered copies are blended.", 3, 1, 6),
    "AugMix.chain_depth": _integer("Depth", "Changes in each chain; −1 and 0 draw 1 to 3.", -1, -1, 6),
    "AugMix.alpha": _number("Alpha", "Large: the copies weigh equally.", 1, 0.1, 5, step=0.1),
    "AugMix.all_ops": _flag("All changes", "Also brightness, contrast, colour and sharpness.", True),
    "MixUp.alpha": _number(
        "Alpha", "Small: nearly one picture. Large: half and half.", 1, 0.05, 5, step=0.05
    ),
    "CutMix.alpha": _number(
        "Alpha",
        "Small: small or large patches. Large: about half, less where one crosses the edge.",
        1,
        0.05,
        5,
        step=0.05,
    ),
    "ToDtype.dtype": _choice(
        "Dtype",
        "What kind of number each value becomes.",
        "float32",
        "float32",
        "float16",
        "float64",
        "uint8",
    ),
    "ToDtype.scale": _flag("Scale", "Also map 0 to 255 onto 0 to 1, or back; off: keep the values.", True),
    "ToPILImage.mode": _choice(
        "Mode", "Grey (L), colour (RGB), or by the number of channels.", "auto", "auto", "L", "RGB"
    ),
    "Normalize.mean": _numbers(
        "Mean", f"Subtracted. {_CHANNELS}", "0.485,0.456,0.406", -10, 255, counts=(1, 3), many=True
    ),
    "Normalize.std": _numbers(
        "Std", f"Divided by. {_CHANNELS}", "0.229,0.224,0.225", 0.001, 255, counts=(1, 3), many=True
    ),
}
"""Arguments by name, or by transform and name where that decides."""

LEFT_AT_DEFAULT = frozenset({"inplace", "labels_getter", "num_classes"})
"""Arguments that are left as they are: they change nothing that could be seen."""

EXCLUDED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("ClampBoundingBoxes", "ClampKeyPoints", "ConvertBoundingBoxFormat", "SanitizeBoundingBoxes"),
            *("SanitizeKeyPoints", "SetClampingMode", "RandomIoUCrop"),
        ),
        "acts on boxes or key points",
    ),
    **dict.fromkeys(("Compose", "RandomApply"), "is what this page builds"),
    **dict.fromkeys(("RandomChoice", "RandomOrder"), "holds other transforms"),
    "UniformTemporalSubsample": "acts on videos",
    "Lambda": "needs a function",
    "LinearTransformation": "needs a matrix",
    "ToTensor": "is deprecated: ToImage, then ToDtype",
    "ConvertImageDtype": "is deprecated: ToDtype",
    "Transform": "is the base of all others",
}
"""Transforms that are not offered, and why."""

ABOUT: Mapping[str, tuple[str, str]] = {
    "Resize": ("Size and place", "Scale to a size; one number sets the shorter side."),
    "CenterCrop": ("Size and place", "Cut out the middle; what is missing is padded with black."),
    "RandomCrop": ("Size and place", "Cut out a window at a random place, if wanted after padding."),
    "RandomResizedCrop": (
        "Size and place",
        "Cut out a random part of random shape and scale it to one size: the crop of ImageNet training.",
    ),
    "FiveCrop": ("Size and place", "The four corners and the middle: five pictures from one, for testing."),
    "TenCrop": ("Size and place", "The five crops and their mirror images."),
    "Pad": ("Size and place", "Add a border."),
    "RandomZoomOut": ("Size and place", "Put the picture at a random place in a larger frame."),
    "ScaleJitter": ("Size and place", "Fit into a target size times a random factor."),
    "RandomResize": ("Size and place", "Scale the shorter side to a random length."),
    "RandomShortestSize": ("Size and place", "Scale the shorter side to one of a few lengths."),
    "RandomHorizontalFlip": ("Geometry", "Mirror left to right. Wrong for digits and letters."),
    "RandomVerticalFlip": ("Geometry", "Mirror top to bottom: right for pictures from above, rarely else."),
    "RandomRotation": ("Geometry", "Turn by a random angle; corners fall outside unless expanded."),
    "RandomAffine": ("Geometry", "Turn, move, zoom and slant at once, so that values are blended only once."),
    "RandomPerspective": ("Geometry", "Move the four corners, as if seen from another side."),
    "ElasticTransform": (
        "Geometry",
        "Move each pixel by a smooth random field, as if drawn on rubber. Slow on large pictures.",
    ),
    "ColorJitter": (
        "Colour",
        "Change brightness, contrast, saturation and hue by random factors in random order.",
    ),
    "RandomPhotometricDistort": (
        "Colour",
        "As ColorJitter, but each change only with probability p, and so are the channels swapped.",
    ),
    "RandomGrayscale": ("Colour", "Turn some pictures to grey, keeping their number of channels."),
    "Grayscale": ("Colour", "Turn every picture to grey."),
    "RGB": ("Colour", "Three equal channels from a grey picture."),
    "RandomChannelPermutation": ("Colour", "Put red, green and blue in a random order."),
    "RandomInvert": ("Colour", "Turn to the negative."),
    "RandomPosterize": ("Colour", "Keep only the highest bits of each value: few shades are left."),
    "RandomSolarize": ("Colour", "Invert the values above a threshold."),
    "RandomAutocontrast": ("Colour", "Stretch so that the darkest value is black and the brightest white."),
    "RandomEqualize": ("Colour", "Spread the values evenly over all shades."),
    "RandomAdjustSharpness": ("Colour", "Sharpen or soften edges."),
    "GaussianBlur": ("Blur, noise, erasing", "Blur by a random width: the picture out of focus."),
    "GaussianNoise": ("Blur, noise, erasing", "Add normal noise to every value, drawn anew each time."),
    "JPEG": ("Blur, noise, erasing", "Compress and decompress: blocks and smeared colours."),
    "RandomErasing": ("Blur, noise, erasing", "Erase a random rectangle, so that no single part suffices."),
    "AutoAugment": (
        "Automatic",
        "One of 25 pairs of changes that a search found best for a data set (Cubuk et al. 2019).",
    ),
    "RandAugment": ("Automatic", "A few changes drawn from 14, all of one magnitude: two numbers to tune."),
    "TrivialAugmentWide": ("Automatic", "A single change of random strength: nothing to tune."),
    "AugMix": ("Automatic", "Blend the picture with several altered copies of itself."),
    "MixUp": ("Batch", "Blend each picture, and its label, with the one before it in the batch."),
    "CutMix": ("Batch", "Paste a patch of the picture before it; labels mix by area."),
    "ToImage": ("Type", "From PIL to a tensor [C, H, W]; values stay 0 to 255."),
    "ToDtype": ("Type", "Convert the numbers; with scale, 0 to 255 becomes 0 to 1."),
    "ToPILImage": ("Type", "Back to PIL: for saving, or for transforms of other libraries."),
    "PILToTensor": ("Type", "From PIL to a plain tensor; ToImage is the newer form."),
    "ToPureTensor": ("Type", "Forget that a tensor is an image."),
    "Normalize": ("Type", "Subtract a mean and divide by a standard deviation, channel by channel."),
    "Identity": ("Type", "Changes nothing."),
}
"""Group and a sentence for each transform."""

GROUPS = (
    "Size and place",
    "Geometry",
    "Colour",
    "Blur, noise, erasing",
    "Automatic",
    "Batch",
    "Type",
    "Other",
)
BATCH = frozenset({"MixUp", "CutMix"})
"""Transforms of a batch with labels; `AutoAugment` and its kin act on single pictures."""
