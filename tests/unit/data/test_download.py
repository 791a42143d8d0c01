"""Fetching a full set; no test needs a network."""

import contextlib
import errno
import gzip
import hashlib
import http.server
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torchvision.datasets import CIFAR10, MNIST, FashionMNIST

from dashlab.data import download as module
from dashlab.data.full import full_files
from dashlab.data.idx import write_idx
from dashlab.data.images import IMAGE_SETS, available_source, download, load_images
from dashlab.errors import ConfigError, DownloadError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that is not there yet."""
    return tmp_path / "sets"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address that torchvision would ask leads to a closed port of this machine."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for dataset in (MNIST, FashionMNIST):
        monkeypatch.setattr(dataset, "mirrors", [address])
    monkeypatch.setattr(CIFAR10, "url", address + CIFAR10.filename)


class Mirror:
    """A server of this machine that holds Fashion-MNIST, packed."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.held = threading.Event()
        self.held.set()
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = mirror.files[self.path.lstrip("/")]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # torchvision asks first where an address leads
                    self.wfile.write(body[: len(body) // 2])
                    mirror.held.wait(30)
                    self.wfile.write(body[len(body) // 2 :])

            def log_message(self, *_args: object) -> None:
                """Keep the test's output clean."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    mirror = Mirror()
    resources = []
    for stem, count in (("train", 60_000), ("t10k", 10_000)):
        for kind, shape in (("images-idx3", (count, 28, 28)), ("labels-idx1", (count,))):
            name = f"{stem}-{kind}-ubyte.gz"
            mirror.files[name] = gzip.compress(write_idx(torch.full(shape, 5, dtype=torch.uint8)), 1)
            resources.append((name, hashlib.md5(mirror.files[name]).hexdigest()))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(FashionMNIST, "mirrors", [mirror.address])
    monkeypatch.setattr(FashionMNIST, "resources", resources)
    worker = threading.Thread(target=mirror.server.serve_forever, daemon=True)
    worker.start()
    yield mirror
    mirror.held.set()
    mirror.server.shutdown()
    mirror.server.server_close()
    worker.join()


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", IMAGE_SETS)
def test_offline_it_fails_in_one_sentence_and_the_bundled_pictures_stay(data: Path, name: str) -> None:
    with pytest.raises(DownloadError) as caught:
        download(name, data_dir=data)
    sentence = str(caught.value)
    assert sentence.startswith(f"{IMAGE_SETS[name].title} could not be fetched (")
    assert sentence.endswith("the bundled pictures stay in use. Check the connection and try again.")
    assert "Connection refused" in sentence
    assert "\n" not in sentence
    assert not [path for path in data.rglob("*") if path.is_file()]
    assert len(load_images(name, data_dir=data).train_y) == IMAGE_SETS[name].bundled_counts[0]


def test_a_fetched_set_is_in_use_from_then_on(data: Path, mirror: Mirror) -> None:
    assert mirror.files
    assert available_source("fashion", data_dir=data) == "bundled"
    download("fashion", data_dir=data)
    assert available_source("fashion", data_dir=data) == "full"
    images = load_images("fashion", data_dir=data)
    assert images.train_y.tolist() == [5] * 60_000
    found = {path for path in data.rglob("*") if path.is_file()}
    assert found == set(full_files("fashion", data)), "packed files or traces of the download were left"


def test_progress_is_told_in_the_callers_thread(
    data: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.01)
    mirror.held.clear()
    seen: list[tuple[int, int | None]] = []
    threads = set()

    def watch(done: int, total: int | None) -> None:
        seen.append((done, total))
        threads.add(threading.current_thread())
        if done > 0:
            mirror.held.set()

    download("fashion", data_dir=data, on_progress=watch)
    amounts = [done for done, _ in seen]
    assert amounts == sorted(amounts)
    assert amounts[-1] > 0
    assert {total for _, total in seen} == {IMAGE_SETS["fashion"].download_bytes}
    assert threads == {threading.current_thread()}


def test_a_file_with_a_wrong_checksum_is_not_taken(data: Path, mirror: Mirror) -> None:
    mirror.files["t10k-labels-idx1-ubyte.gz"] = gzip.compress(b"something else")
    with pytest.raises(DownloadError, match="corrupted"):
        download("fashion", data_dir=data)
    assert available_source("fashion", data_dir=data) == "bundled"
    assert not [path for path in data.rglob("*") if path.is_file()]


def test_a_download_that_stalls_is_given_up(
    data: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.01)
    monkeypatch.setattr(module, "STALL_S", 0.3)
    mirror.held.clear()
    with pytest.raises(DownloadError, match="no answer for"):
        download("fashion", data_dir=data)
    assert available_source("fashion", data_dir=data) == "bundled"
    mirror.held.set()
    for left in threading.enumerate():
        if left.name == "download fashion":
            left.join(30)


def test_a_broken_download_leaves_a_set_that_was_there(data: Path, mirror: Mirror) -> None:
    download("fashion", data_dir=data)
    mirror.files["train-images-idx3-ubyte.gz"] = b"garbage"
    with pytest.raises(DownloadError):
        download("fashion", data_dir=data)
    assert load_images("fashion", data_dir=data).source == "full"


def test_torchvisions_own_progress_bar_is_not_drawn(
    data: Path, mirror: Mirror, capfd: pytest.CaptureFixture[str]
) -> None:
    assert mirror.files
    download("fashion", data_dir=data)
    assert capfd.readouterr().err == ""


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match="the bundled pictures stay in use"):
        download("mnist", data_dir=tmp_path / "file" / "sets")


def test_a_full_disk_is_not_blamed_on_the_connection(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_fetch", refuse)
    with pytest.raises(DownloadError, match=r"No space left on device\).*in use\. Free some space") as caught:
        download("fashion", data_dir=data)
    assert "connection" not in str(caught.value)


def test_an_unknown_set_cannot_be_fetched(data: Path) -> None:
    with pytest.raises(ConfigError, match="choose mnist, fashion, cifar10"):
        download("imagenet", data_dir=data)


def test_without_torchvision_fetching_says_what_to_install(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(DownloadError, match="needs torchvision: install it"):
        download("mnist", data_dir=data)
