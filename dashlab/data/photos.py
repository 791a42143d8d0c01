"""The photographs that come with dashlab; where they are from is said in `bundled/README.md`."""

from dataclasses import dataclass

from PIL import Image

from dashlab.data.pictures import read_picture
from dashlab.data.sample import BUNDLED
from dashlab.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True)
class Photo:
    """What is known of a photograph before it is read."""

    title: str
    credit: str


PHOTOS: dict[str, Photo] = {
    "cat": Photo("Cat", "Chelsea the cat, by Stefan van der Walt, CC0"),
    "coffee": Photo("Coffee", "A cup of coffee, by Rachel Michetti at Pikolo Espresso Bar, CC0"),
    "astronaut": Photo("Astronaut", "Eileen Collins, by NASA, public domain"),
}
"""The photographs by name; the shorter side of each has 256 pixels."""


def load_photo(name: str) -> Image.Image:
    """The photograph called `name`, in mode RGB.

    Raises:
        ConfigError: there is no such photograph.
        DataError: its file is missing or damaged.
    """
    if name not in PHOTOS:
        raise ConfigError(f"There is no photograph {name!r}: choose {', '.join(PHOTOS)}.")
    path = BUNDLED / "photos" / f"{name}.jpg"
    try:
        return read_picture(path.read_bytes(), name=path.name).image
    except (OSError, DataError) as error:
        raise DataError(
            f"{path.name}, a photograph that comes with dashlab, is missing or damaged: install dashlab "
            "again."
        ) from error
