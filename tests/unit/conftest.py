"""One thread of torch for the tests of the core: two on a busy machine are many times slower."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Before the first test; the number belongs to the process."""
    import torch

    torch.set_num_threads(1)
