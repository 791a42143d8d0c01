"""A lab whose processes are shared by the tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashlab.jobs import Lab
from dashlab.store.runs import Store
from tests.unit.jobs.labs import FAKE, same, wait_until


@pytest.fixture(scope="module")
def cluster() -> Iterator[Lab]:
    """The lab that owns the processes of this module's tests."""
    lab = Lab(train=FAKE, resolve=same)
    lab.warm_up()
    yield lab
    lab.shutdown()


@pytest.fixture
def lab(cluster: Lab, tmp_path: Path) -> Iterator[Lab]:
    """The shared lab with an empty store and no job."""
    cluster._store = Store(tmp_path / "store")
    yield cluster
    for progress in cluster.active():
        cluster.stop(progress.key)
    wait_until(lambda: not cluster.active())
    cluster._jobs.clear()
