"""What is set on the page of augmentation, the pipeline among it; needs no torch."""

from dataclasses import dataclass

from dashlab.experiments.augmentation.pipeline import PipelineSpec, Step, read_steps
from dashlab.settings.fields import choice, described, integer
from dashlab.settings.flat import FlatConfig
from dashlab.settings.names import DATASET_NAMES

CLASSIC = (
    "transform~Resize~size~160"
    "~~transform~RandomCrop~size~144"
    "~~transform~RandomHorizontalFlip"
    "~~transform~RandomRotation~degrees~-20,20~interpolation~bilinear"
    "~~transform~ColorJitter"
    "~~transform~RandomGrayscale"
    "~~transform~ToImage"
    "~~transform~ToDtype"
    "~~transform~Normalize"
)
"""The chain that stands there before anything is touched."""
_OF_A_SET = (("source", tuple(DATASET_NAMES)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationConfig(FlatConfig):
    """A picture, the pipeline that it goes through so many times, and what is looked at."""

    source: str = choice(
        "photo",
        "Picture",
        "A photograph that comes with dashlab, a training picture of a data set, or one of your own.",
        {"photo": "Photograph", **DATASET_NAMES, "upload": "Upload"},
    )
    photo: str = choice(
        "cat",
        "Photograph",
        "All may be used by anybody for anything.",
        {"cat": "Cat", "coffee": "Coffee", "astronaut": "Astronaut"},
        used_when=(("source", ("photo",)),),
    )
    label: int = integer(0, "Class", "What the picture shows.", low=0, high=9, used_when=_OF_A_SET)
    number: int = integer(
        1,
        "Which of them",
        "The first, second … training picture of the class.",
        low=1,
        high=10_000,
        used_when=_OF_A_SET,
    )
    draws: int = integer(8, "Draws", "How often the picture goes through the pipeline.", low=1, high=24)
    seed: int = integer(
        0,
        "Seed",
        "Decides every draw: the same seed gives the same pictures again.",
        low=0,
        high=2**31 - 1,
    )
    pipeline: str = described(
        CLASSIC, PipelineSpec(kind="text", label="Pipeline", help="The steps, from first to last.")
    )
    draw: int = integer(1, "Draw", "Which draw is taken apart below.", low=1, high=24, shown_only=True)
    show: str = choice(
        "undone",
        "After Normalize, show",
        "A normalised picture has values below 0: either they are mapped to what a screen can show, or "
        "Normalize is taken back.",
        {"undone": "Taken back", "raw": "As it is"},
        shown_only=True,
    )
    beside: str = choice(
        "nothing",
        "Second row",
        "A second row of draws: the same steps in reversed order, each with the same draws.",
        {"nothing": "Nothing", "reversed": "Reversed order"},
    )

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the pipeline; asks torchvision what each of them has."""
        return read_steps(self.pipeline)
