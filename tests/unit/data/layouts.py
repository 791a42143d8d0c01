"""How tests look into a zip or folder: what lies in it, or the sentence that refuses it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dashlab.data.archives import LIMITS, Limits, open_archive
from dashlab.data.layout import Layout, read_layout
from dashlab.data.own import load_folder
from dashlab.errors import ArchiveError

Maker = Callable[[Mapping[str, bytes]], Path]


def layout_of(path: Path, limits: Limits = LIMITS) -> Layout:
    with open_archive(path, limits=limits) as archive:
        return read_layout(archive, limits=limits)


def refusal(path: Path, limits: Limits = LIMITS) -> str:
    """The sentence with which the whole way to a data set ends."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(ArchiveError) as caught:
        load_folder(path, limits=limits)
    assert sorted(path.parent.rglob("*")) == before, "something was written beside the archive"
    return str(caught.value)
