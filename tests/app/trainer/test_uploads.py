"""What the pages' uploads of pictures accept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.data.layout import SUFFIXES


@pytest.mark.parametrize(
    ("page", "prefix", "query"),
    [
        ("pages/sketch.py", "sketch", {"sketch_source": "upload"}),
        ("pages/augmentation.py", "aug", {"aug_source": "upload"}),
    ],
)
def test_a_page_takes_every_kind_of_picture_that_a_zip_may_hold(
    open_app: Callable[..., AppTest], page: str, prefix: str, query: dict[str, str]
) -> None:
    app = open_app(page, **query).run()
    assert not app.exception, app.exception
    assert set(app.file_uploader(key=f"{prefix}_file").proto.type) >= SUFFIXES
