"""How a picture comes onto a page."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.elements.lib import image_utils

from dashlab.charts.pictures import encoded
from ui.parts.pictures import show


@pytest.mark.parametrize("side", [28, 256])
def test_streamlit_hands_on_the_file_as_it_is(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, side, side), dtype=np.uint8)
    handed: list[bytes] = []
    ensure = image_utils._ensure_image_size_and_format

    def noted(*arguments: object) -> bytes:
        handed.append(ensure(*arguments))  # type: ignore[arg-type]
        return handed[-1]

    monkeypatch.setattr(image_utils, "_ensure_image_size_and_format", noted)
    show(picture, "A picture", side=144)
    assert handed == [encoded(picture, side=288)[0]]
