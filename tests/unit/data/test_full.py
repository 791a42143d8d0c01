"""The full sets, from a data folder in torchvision's layout."""

import importlib.util
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from dashlab.data.full import CIFAR_FILES, CIFAR_FOLDER, full_files
from dashlab.data.idx import read_idx, write_idx
from dashlab.data.images import IMAGE_SETS, available_source, load_images
from dashlab.errors import DataError


class Planted:
    """What a hostile pickle holds: reading it makes a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty data folder."""
    folder = tmp_path / "sets"
    folder.mkdir()
    return folder


def plant_fashion(folder: Path, *, label: int = 3) -> None:
    """A full Fashion-MNIST of one grey and one label."""
    for stem, count in (("train", 60_000), ("t10k", 10_000)):
        raw = folder / "FashionMNIST" / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        pixels = torch.full((count, 28, 28), 7, dtype=torch.uint8)
        (raw / f"{stem}-images-idx3-ubyte").write_bytes(write_idx(pixels))
        labels = torch.full((count,), label, dtype=torch.uint8)
        (raw / f"{stem}-labels-idx1-ubyte").write_bytes(write_idx(labels))


def plant_cifar(folder: Path, entry: object) -> None:
    (folder / CIFAR_FOLDER).mkdir(parents=True)
    for name in CIFAR_FILES:
        (folder / CIFAR_FOLDER / name).write_bytes(pickle.dumps(entry))


def test_idx_comes_back_as_it_was_written() -> None:
    values = torch.arange(24, dtype=torch.uint8).reshape(2, 3, 4)
    assert torch.equal(read_idx(write_idx(values), (2, 3, 4), name="x"), values)


@pytest.mark.parametrize(
    "spoil", [lambda d: d[:-1], lambda d: d + b"0", lambda d: b"1" + d[1:], lambda d: b""]
)
def test_idx_of_another_shape_is_refused(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(DataError, match=r"^x is damaged: it does not hold 2 × 3 bytes"):
        read_idx(spoil(write_idx(torch.zeros(2, 3, dtype=torch.uint8))), (2, 3), name="x")


def test_a_full_set_in_the_folder_is_preferred(data: Path) -> None:
    plant_fashion(data)
    images = load_images("fashion", data_dir=data)
    assert images.source == "full"
    assert images.origin == (
        "All of Fashion-MNIST: 60,000 pictures for training and 10,000 for testing, from the data folder."
    )
    assert images.train_x.shape == (60_000, 1, 28, 28)
    assert images.test_y.tolist() == [3] * 10_000
    assert int(images.train_x.min()) == int(images.train_x.max()) == 7


def test_the_folder_is_found_by_the_environment(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_fashion(data)
    monkeypatch.setenv("DASHLAB_DATA", str(data))
    assert available_source("fashion") == "full"
    assert load_images("fashion").source == "full"


def test_the_sample_can_be_asked_for_all_the_same(data: Path) -> None:
    plant_fashion(data)
    assert load_images("fashion", source="bundled", data_dir=data).source == "bundled"


@pytest.mark.parametrize("name", ["fashion", "cifar10"])
def test_a_full_set_that_is_not_there_is_said_with_how_to_fetch_it(data: Path, name: str) -> None:
    with pytest.raises(DataError, match=rf"is not in .*: fetch it with `python -m dashlab data get {name}`"):
        load_images(name, source="full", data_dir=data)


def test_a_set_of_which_a_file_is_missing_is_not_there(data: Path) -> None:
    plant_fashion(data)
    full_files("fashion", data)[3].unlink()
    assert available_source("fashion", data_dir=data) == "bundled"
    assert load_images("fashion", data_dir=data).source == "bundled"


def test_a_truncated_full_set_is_said_not_passed_over(data: Path) -> None:
    plant_fashion(data)
    pictures = full_files("fashion", data)[0]
    pictures.write_bytes(pictures.read_bytes()[:1_000_000])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte is damaged: .* Delete it and fetch"):
        load_images("fashion", data_dir=data)


def test_a_label_out_of_range_is_said(data: Path) -> None:
    plant_fashion(data, label=10)
    with pytest.raises(DataError, match="a label is out of range"):
        load_images("fashion", data_dir=data)


def test_cifar_files_that_would_run_code_are_never_unpickled(data: Path, tmp_path: Path) -> None:
    plant_cifar(data, Planted(str(tmp_path / "planted")))
    with pytest.raises(DataError, match="its checksum is not the published one"):
        load_images("cifar10", data_dir=data)
    assert not (tmp_path / "planted").exists()


def test_cifar_labels_that_would_run_code_are_never_unpickled(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the pictures are sound and only the file of class names was changed."""
    from torchvision.datasets import CIFAR10

    plant_cifar(data, {"data": np.zeros((10, 3_072), dtype=np.uint8), "labels": [0] * 10})
    accept_checksums(data, monkeypatch)
    (data / CIFAR_FOLDER / "batches.meta").write_bytes(pickle.dumps(Planted(str(tmp_path / "planted"))))
    assert CIFAR10.meta["md5"]
    with pytest.raises(DataError, match="its checksum is not the published one"):
        load_images("cifar10", data_dir=data)
    assert not (tmp_path / "planted").exists()


def test_full_cifar_has_channels_first_and_all_batches(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {
        "data": np.repeat(np.array([[10, 20, 30]], dtype=np.uint8), 1_024, axis=1).repeat(10, axis=0),
        "labels": [4] * 10,
        "label_names": list(IMAGE_SETS["cifar10"].classes),
    }
    plant_cifar(data, entry)
    accept_checksums(data, monkeypatch)
    images = load_images("cifar10", data_dir=data)
    assert images.train_x.shape == (50, 3, 32, 32)
    assert images.test_x.shape == (10, 3, 32, 32)
    assert images.train_x[0, :, 5, 5].tolist() == [10, 20, 30]
    assert images.train_y.dtype == torch.int64
    assert images.source == "full"


def test_cifar_without_torchvision_falls_back_to_the_sample(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_cifar(data, {})
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    assert available_source("cifar10", data_dir=data) == "bundled"
    with pytest.raises(DataError, match="needs torchvision: install it, or choose the bundled sample"):
        load_images("cifar10", source="full", data_dir=data)


def test_idx_sets_are_read_without_torchvision(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_fashion(data)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert load_images("fashion", data_dir=data).source == "full"


@pytest.mark.needs_full_data
@pytest.mark.parametrize(("name", "dataset"), [("mnist", "MNIST"), ("fashion", "FashionMNIST")])
def test_full_sets_are_what_torchvision_reads(full_data: Path, name: str, dataset: str) -> None:
    from torchvision import datasets

    images = load_images(name, source="full")
    for train, pictures, labels in (
        (True, images.train_x, images.train_y),
        (False, images.test_x, images.test_y),
    ):
        theirs = getattr(datasets, dataset)(str(full_data), train=train)
        assert torch.equal(pictures.squeeze(1), theirs.data)
        assert torch.equal(labels, theirs.targets)
    assert len(theirs.classes) == len(images.classes)


def accept_checksums(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torchvision take what the test planted for the published files."""
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import calculate_md5

    sums = {name: calculate_md5(folder / CIFAR_FOLDER / name) for name in CIFAR_FILES}
    monkeypatch.setattr(CIFAR10, "train_list", [[name, sums[name]] for name in CIFAR_FILES[:5]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums["batches.meta"]})
