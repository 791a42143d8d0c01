"""The pictures that come with dashlab."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch
from PIL import Image

from dashlab.data import sample
from dashlab.data.full import read_idx_folder
from dashlab.data.images import IMAGE_SETS, available_source, load_images
from dashlab.data.sample import BUNDLED
from dashlab.errors import ConfigError, DataError
from dashlab.settings.run import spec_of
from scripts import build_bundled

NAMES = tuple(IMAGE_SETS)
LIMIT_BYTES = 30 * 1_000_000


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bundled files that a test may spoil; empty at first."""
    folder = tmp_path / "bundled"
    folder.mkdir()
    monkeypatch.setattr(sample, "BUNDLED", folder)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_set_has_the_shape_that_is_stated(name: str) -> None:
    info, images = IMAGE_SETS[name], load_images(name)
    train, test = info.bundled_counts
    assert images.train_x.shape == (train, info.channels, info.side, info.side)
    assert images.test_x.shape == (test, info.channels, info.side, info.side)
    assert images.train_x.dtype == images.test_x.dtype == torch.uint8
    assert images.train_y.dtype == images.test_y.dtype == torch.int64
    assert images.train_y.shape == (train,)
    assert images.test_y.shape == (test,)
    assert images.classes == info.classes
    assert images.train_x.is_contiguous()


@pytest.mark.parametrize("name", ["fashion", "cifar10"])
def test_a_bundled_sample_has_as_many_of_each_class(name: str) -> None:
    images = load_images(name)
    assert images.train_y.bincount().tolist() == [1_000] * 10
    assert images.test_y.bincount().tolist() == [200] * 10


@pytest.mark.parametrize("name", NAMES)
def test_the_first_pictures_of_a_set_are_of_mixed_classes(name: str) -> None:
    assert len(load_images(name).train_y[:100].unique()) >= 8  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", ["fashion", "cifar10"])
def test_no_bundled_test_picture_is_a_training_picture(name: str) -> None:
    images = load_images(name)
    train = {row.tobytes() for row in images.train_x.numpy()}
    assert not any(row.tobytes() in train for row in images.test_x.numpy())


@pytest.mark.parametrize("name", NAMES)
def test_the_published_mean_and_deviation_fit_the_bundled_pictures(name: str) -> None:
    pixels = load_images(name).train_x.to(torch.float64) / 255
    assert pixels.mean(dim=(0, 2, 3)).tolist() == pytest.approx(IMAGE_SETS[name].mean, abs=0.012)
    published = (0.247, 0.243, 0.261) if name == "cifar10" else IMAGE_SETS[name].std
    assert pixels.std(dim=(0, 2, 3)).tolist() == pytest.approx(published, abs=0.012)


def test_all_bundled_files_together_stay_within_thirty_megabytes() -> None:
    assert 0 < sum(path.stat().st_size for path in BUNDLED.iterdir()) <= LIMIT_BYTES


def test_the_readme_states_the_checksums_of_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    build_bundled.report(BUNDLED / f"{name}.zip" for name in NAMES)
    readme = (BUNDLED / "README.md").read_text(encoding="utf-8")
    for line in capsys.readouterr().out.splitlines():
        name, size, _, checksum = line.split()
        assert f"{name:<13} {checksum}" in readme
        assert f"| {size} |" in readme


def test_the_origin_says_how_many_and_which_of_the_two() -> None:
    assert load_images("fashion").origin == (
        "The sample of Fashion-MNIST that comes with dashlab: 10,000 pictures for training and 2,000 "
        "for testing, each class in equal number."
    )
    assert load_images("mnist").origin == (
        "All of MNIST: 60,000 pictures for training and 10,000 for testing, "
        "from the copy that comes with dashlab."
    )


def test_bundled_mnist_counts_as_full() -> None:
    assert {load_images("mnist", source=source).source for source in ("auto", "full", "bundled")} == {"full"}
    assert available_source("mnist") == "full"


def test_without_a_full_set_the_sample_is_available() -> None:
    assert [available_source(name) for name in ("fashion", "cifar10")] == ["bundled", "bundled"]
    assert load_images("fashion").source == "bundled"


@pytest.mark.parametrize("name", ["", "MNIST", "../mnist", "imagenet"])
def test_an_unknown_set_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="choose mnist, fashion, cifar10"):
        load_images(name)
    with pytest.raises(ConfigError, match="choose mnist, fashion, cifar10"):
        available_source(name)


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(ConfigError, match="choose auto, full or bundled"):
        load_images("mnist", source="cloud")


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_bundled_file_is_said(copied: Path, name: str) -> None:
    assert copied.is_dir()
    with pytest.raises(
        DataError, match=rf"^{name}\.zip, the copy of .* is missing or damaged: install dashlab again"
    ):
        load_images(name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", [0.01, 0.5, 0.99, 0.9999])
def test_a_changed_byte_in_a_bundled_file_is_noticed(copied: Path, name: str, place: float) -> None:
    data = bytearray((BUNDLED / f"{name}.zip").read_bytes())
    data[int(len(data) * place)] ^= 0x01
    (copied / f"{name}.zip").write_bytes(data)
    with pytest.raises(DataError, match="missing or damaged"):
        load_images(name)


@pytest.mark.parametrize("name", ["fashion", "cifar10"])
def test_a_truncated_bundled_file_is_noticed(copied: Path, name: str) -> None:
    data = (BUNDLED / f"{name}.zip").read_bytes()
    (copied / f"{name}.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="missing or damaged"):
        load_images(name)


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("t10k-images.mjpeg", lambda data: data[:-2_000]),
        ("t10k-images.mjpeg", lambda data: data[data.index(b"\xff\xd9\xff\xd8") + 2 :]),
        ("t10k-labels-idx1-ubyte", lambda data: data[:-1]),
        ("t10k-labels-idx1-ubyte", lambda data: b"\0\0\x09" + data[3:]),
        ("t10k-labels-idx1-ubyte", None),
    ],
)
def test_a_bundled_file_of_another_shape_is_noticed(copied: Path, member: str, change: object) -> None:
    with zipfile.ZipFile(BUNDLED / "cifar10.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    whole = members.pop(member)
    if callable(change):
        members[member] = change(whole)
    with zipfile.ZipFile(copied / "cifar10.zip", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(DataError, match="missing or damaged"):
        load_images("cifar10")


def test_two_loads_share_no_memory() -> None:
    first = load_images("fashion")
    first.train_x.zero_()
    assert load_images("fashion").train_x.any()


def test_bundled_sets_load_without_torchvision() -> None:
    """A machine that only trains may have torch alone."""
    program = (
        "import sys\n"
        "sys.modules['torchvision'] = None\n"
        "from dashlab.data.images import load_images\n"
        "names = ('mnist', 'fashion', 'cifar10')\n"
        "assert [len(load_images(name).train_y) for name in names] == [60_000, 10_000, 10_000]\n"
        "assert not {'streamlit', 'plotly', 'pandas', 'distributed'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3], timeout=120)


# Against the originals.


@pytest.mark.needs_full_data
def test_bundled_mnist_is_the_published_mnist_bit_for_bit(full_data: Path) -> None:
    images = load_images("mnist", source="bundled")
    for part, pictures, labels in (
        ("train", images.train_x, images.train_y),
        ("test", images.test_x, images.test_y),
    ):
        original_x, original_y = read_idx_folder(IMAGE_SETS["mnist"], full_data, part)
        assert torch.equal(pictures, original_x)
        assert torch.equal(labels, original_y)


@pytest.mark.needs_full_data
def test_bundled_fashion_pictures_stand_in_the_published_set_with_the_same_label_and_part(
    full_data: Path,
) -> None:
    images = load_images("fashion", source="bundled")
    for part, pictures, labels in (
        ("train", images.train_x, images.train_y),
        ("test", images.test_x, images.test_y),
    ):
        original_x, original_y = read_idx_folder(IMAGE_SETS["fashion"], full_data, part)
        published = {
            (row.tobytes(), label) for row, label in zip(original_x.numpy(), original_y.tolist(), strict=True)
        }
        found = {(row.tobytes(), label) for row, label in zip(pictures.numpy(), labels.tolist(), strict=True)}
        assert found <= published


@pytest.mark.needs_full_data
def test_bundled_cifar_pictures_are_files_of_the_zip_from_the_folder_of_their_class(full_data: Path) -> None:
    """Byte for byte, and decoded as Pillow decodes a file."""
    classes = IMAGE_SETS["cifar10"].classes
    with zipfile.ZipFile(cifar_zip(full_data)) as archive:
        folders = {archive.read(name): name.rsplit("/", 1)[0] for name in archive.namelist()}
    images = load_images("cifar10", source="bundled")
    with zipfile.ZipFile(BUNDLED / "cifar10.zip") as archive:
        streams = [archive.read(f"{stem}-images.mjpeg") for stem in ("train", "t10k")]
    for part, stream, pictures, labels in (
        ("train", streams[0], images.train_x, images.train_y),
        ("test", streams[1], images.test_x, images.test_y),
    ):
        files = [b"\xff\xd8" + file for file in stream.split(b"\xff\xd8")[1:]]
        assert [folders[file] for file in files] == [f"{part}/{classes[label]}" for label in labels]
        assert len(set(files)) == len(files)
        for picture, file in zip(pictures[:200].numpy(), files[:200], strict=True):
            assert np.array_equal(picture.transpose(1, 2, 0), np.asarray(Image.open(io.BytesIO(file))))


@pytest.mark.needs_full_data
@pytest.mark.parametrize("name", NAMES)
def test_the_script_rebuilds_the_members_byte_for_byte(full_data: Path, name: str) -> None:
    members = {
        "mnist": lambda: build_bundled.mnist_members(full_data),
        "fashion": lambda: build_bundled.fashion_members(full_data),
        "cifar10": lambda: build_bundled.cifar_members(cifar_zip(full_data)),
    }[name]()
    with zipfile.ZipFile(BUNDLED / f"{name}.zip") as archive:
        assert {member: archive.read(member) for member in archive.namelist()} == members


def test_the_script_writes_the_same_bytes_each_time(tmp_path: Path) -> None:
    members = {"a": b"one" * 1_000, "b": bytes(range(256))}
    for name in ("first.zip", "second.zip"):
        build_bundled.write_zip(tmp_path / name, members)
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def cifar_zip(full_data: Path) -> Path:
    path = full_data / "cifar10-images.zip"
    if not path.is_file():
        pytest.fail(
            f"{path} is missing: set DASHLAB_DATA to a folder that also holds CIFAR-10 as class folders."
        )
    return path


def test_the_published_deviation_of_cifar_is_the_mean_of_the_pictures_own_as_its_sentence_says() -> None:
    pixels = load_images("cifar10", source="bundled").train_x.float() / 255
    own, over_all = pixels.std((2, 3)).mean(0).tolist(), pixels.std((0, 2, 3)).tolist()
    assert own == pytest.approx(IMAGE_SETS["cifar10"].std, abs=0.003)
    assert over_all == pytest.approx((0.2470, 0.2435, 0.2616), abs=0.003)
    said = spec_of("normalize").help
    assert f"{fmean(own):.2f}: the mean of each picture's own standard deviation" in said
    assert f"over all pixels it is {fmean(over_all):.2f}" in said
