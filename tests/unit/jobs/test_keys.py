"""The processes that train answer nobody but the server that started them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dashlab.errors import JobError
from dashlab.jobs import JobState, Lab
from dashlab.jobs.keys import CA, CERT, KEY, Keys, security_of
from dashlab.store.runs import Store
from tests.typed import there
from tests.unit.fake_training import order

ROOT = Path(__file__).resolve().parents[3]
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
    assert there(lab.wait(lab.submit(order("quick")), 60)).state is JobState.FINISHED
    yield lab
    lab.shutdown()


@pytest.mark.parametrize(
    ("protocol", "keys"), [("tcp", "no keys"), ("tls", "no keys"), ("tls", "other keys")]
)
def test_a_stranger_cannot_connect_to_the_embedded_scheduler(embedded: Lab, protocol: str, keys: str) -> None:
    address = there(embedded._connection).address.replace("tls://", f"{protocol}://")
    done = subprocess.run(
        [sys.executable, "-c", FOREIGN, address, keys],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("refused"), done.stdout + done.stderr


def test_a_stranger_cannot_connect_to_the_worker_either(embedded: Lab) -> None:
    assert there(embedded._connection).address.startswith("tls://")
    (worker,) = there(embedded._connection).client.scheduler_info()["workers"]
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


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a scheduler that Dask's own commands started over TLS, with two workers."""
    keys = Keys.fresh()
    file, cert, key = tmp_path / "scheduler.json", tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text(keys.certificate, encoding="utf-8")
    key.write_text(keys.key, encoding="utf-8")
    for name, path in ((CA, cert), (CERT, cert), (KEY, key)):
        monkeypatch.setenv(name, str(path))
    tls = ["--tls-ca-file", str(cert), "--tls-cert", str(cert), "--tls-key", str(key)]
    common = ["--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard", *tls]
    worker = ["worker", *common, "--nthreads", "1", "--memory-limit", "0", "--no-nanny"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for arguments in (["scheduler", *common, "--protocol", "tls", "--port", "0"], worker, worker)
    ]  # fmt: skip
    deadline = time.monotonic() + 60
    while not (file.exists() and file.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline, "the scheduler did not start"
        time.sleep(0.05)
    yield json.loads(file.read_text(encoding="utf-8"))["address"]
    for process in processes:
        process.kill()
        process.wait(timeout=30)


def test_a_cluster_elsewhere_trains_over_tls_on_both_of_its_workers(
    certified: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert certified.startswith("tls://")
    monkeypatch.setenv("DASHLAB_SCHEDULER", certified)
    lab = Lab(Store(tmp_path / "store"), train=FAKE, resolve=lambda config: config)
    keys = [lab.submit(order("slow", epochs=20, seed=seed)) for seed in range(2)]
    deadline = time.monotonic() + 60
    while not all(there(lab.progress(key)).steps for key in keys):  # at the same time: one on each
        assert time.monotonic() < deadline, [there(lab.progress(key)).sentence for key in keys]
        time.sleep(0.02)
    states = [there(lab.progress(key)).state for key in keys]
    ends = [there(lab.wait(key, 60)).state for key in keys]
    lab.shutdown()
    assert states == [JobState.RUNNING] * 2
    assert ends == [JobState.FINISHED] * 2
