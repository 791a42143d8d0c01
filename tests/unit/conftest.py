"""What every test of the core gets."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def computes_here(one_thread: None) -> None:
    """These tests compute in their own process."""
