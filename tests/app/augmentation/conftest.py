"""The augmentation page, opened with steps that are drawn quickly."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashlab.experiments.augmentation.pipeline import make_step
from tests.app.augmentation.steps import with_steps


@pytest.fixture
def page(open_page: Callable[..., AppTest]) -> AppTest:
    """The page with two steps and two draws."""
    return open_page(**with_steps(make_step("Pad"), make_step("RandomRotation")))
