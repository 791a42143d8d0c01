"""An empty store."""

from pathlib import Path

import pytest

from dashlab.store.runs import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")
