"""A zip or a folder, whichever a test of both asks for."""

from pathlib import Path

import pytest

from tests.archives import write_folder, write_zip
from tests.unit.data.layouts import Maker


@pytest.fixture(params=["zip", "folder"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Maker:
    """The members as a zip and as a folder: both must behave alike."""
    if request.param == "zip":
        return lambda members: write_zip(tmp_path / "set.zip", members)
    return lambda members: write_folder(tmp_path / "set", members)
