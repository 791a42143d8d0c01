"""The processes that train answer nobody but the server that started them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dashlab.errors import JobError
from dashlab.jobs import JobState, Lab
from dashlab.jobs.keys import CA, CERT, KEY, Keys, security_of
from dashlab.store import Store
from tests.unit.fake_training import order

FAKE = "tests.unit.fake_training:train"
FOREIGN = """
import sys
from distributed import Client
from dashlab.jobs.keys import Keys
security = Keys.fresh().security() if sys.argv[2] == "other keys" else None
try:
    client = Client(sys.argv[1], security=security, timeout=3)
except Exception as error:
    print("refused:", type(error).__name__)
else:
    print("answered:", client.run_on_scheduler(lambda: 42))
"""


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with its own scheduler and worker, which has trained."""
    lab = Lab(Store(tmp_path_factory.mktemp("store")), train=FAKE, resolve=lambda config: config)
    assert lab.wait(lab.submit(order("quick")), 60).state is JobState.FINISHED
    yield lab
    lab.shutdown()


@pytest.mark.parametrize(
    ("protocol", "keys"), [("tcp", "no keys"), ("tls", "no keys"), ("tls", "other keys")]
)
def test_a_stranger_cannot_connect_to_the_embedded_scheduler(embedded: Lab, protocol: str, keys: str) -> None:
    address = embedded._connection.address.replace("tls://", f"{protocol}://")
    done = subprocess.run(
        [sys.executable, "-c", FOREIGN, address, keys],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("refused"), done.stdout + done.stderr


def test_a_stranger_cannot_connect_to_the_worker_either(embedded: Lab) -> None:
    assert embedded._connection.address.startswith("tls://")
    (worker,) = embedded._connection.client.scheduler_info()["workers"]
    assert worker.startswith("tls://127.0.0.1:")


def test_the_keys_stand_on_no_command_line_and_in_no_environment(embedded: Lab) -> None:
    for pid in embedded.pids():
        process = psutil.Process(pid)
        seen = " ".join([*process.cmdline(), *process.environ().values()])
        assert "PRIVATE KEY" not in seen


@pytest.mark.parametrize("missing", [CA, CERT, KEY])
def test_a_certificate_that_is_not_named_or_not_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in (CA, CERT, KEY):
        monkeypatch.setenv(name, str(tmp_path))
        file = tmp_path / name
        file.write_text("", encoding="utf-8")
        monkeypatch.setenv(name, str(file))
    (tmp_path / missing).unlink()
    with pytest.raises(JobError, match=f"{missing} names a file that is not there"):
        security_of("tls://127.0.0.1:9")
    monkeypatch.delenv(missing)
    with pytest.raises(JobError, match=f"set {missing} to the path"):
        security_of("tls://127.0.0.1:9")


def test_a_scheduler_without_encryption_needs_no_keys() -> None:
    assert security_of("tcp://127.0.0.1:9") is None


def test_keys_are_the_same_after_their_way_through_the_pipe() -> None:
    keys = Keys.fresh()
    assert Keys.from_line(keys.line()) == keys
    assert "\n" not in keys.line()
