"""Build the pictures that come with dashlab from the full sets.

    python -m scripts.build_bundled --root DIR --cifar-zip FILE

DIR is a data folder in torchvision's layout (DIR/MNIST/raw, DIR/FashionMNIST/raw); FILE is CIFAR-10 as a zip
of JPEG pictures in class folders (train/cat/0000.jpg). The same inputs give the same files, byte for byte,
with the same version of zlib, and the same pictures with any.
"""

import argparse
import hashlib
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import torch

from dashlab.data.full import read_idx_folder
from dashlab.data.idx import write_idx
from dashlab.data.imageset import IMAGE_SETS
from dashlab.data.sample import BUNDLED, IDX_NAMES

SEED = 2024
PER_CLASS = {"train": 1_000, "test": 200}
PARTS = ("train", "test")


def rank(label: str) -> bytes:
    """A random-looking but fixed place for one picture: no library's generator can change it."""
    return hashlib.sha256(f"{SEED}/{label}".encode()).digest()


def mnist_members(root: Path) -> dict[str, bytes]:
    """The four published files of MNIST, as they are."""
    raw = root / "MNIST" / "raw"
    return {
        f"{stem}-{kind}": (raw / f"{stem}-{kind}").read_bytes()
        for stem in IDX_NAMES.values()
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
    }


def fashion_members(root: Path) -> dict[str, bytes]:
    """As many pictures of each class of Fashion-MNIST as `PER_CLASS` says, in their published order."""
    members = {}
    for part in PARTS:
        pictures, labels = read_idx_folder(IMAGE_SETS["fashion"], root, part)
        chosen: list[int] = []
        for label in range(10):
            of_class = (labels == label).nonzero().flatten().tolist()
            ranks = {index: rank(f"fashion/{part}/{index}") for index in of_class}
            of_class.sort(key=ranks.__getitem__)
            chosen += of_class[: PER_CLASS[part]]
        chosen.sort()
        members[f"{IDX_NAMES[part]}-images-idx3-ubyte"] = write_idx(pictures[chosen].squeeze(1))
        members[f"{IDX_NAMES[part]}-labels-idx1-ubyte"] = write_idx(labels[chosen].to(torch.uint8))
    return members


def cifar_members(cifar_zip: Path) -> dict[str, bytes]:
    """As many pictures of each class of CIFAR-10 as `PER_CLASS` says: the very JPEGs of the zip, in mixed
    order.
    """
    classes = IMAGE_SETS["cifar10"].classes
    members = {}
    with zipfile.ZipFile(cifar_zip) as archive:
        names = archive.namelist()
        for part in PARTS:
            chosen: list[tuple[bytes, str, int]] = []
            for label, name in enumerate(classes):
                of_class = [
                    (rank(f"cifar10/{n}"), n, label) for n in names if n.startswith(f"{part}/{name}/")
                ]
                chosen += sorted(of_class)[: PER_CLASS[part]]
            chosen.sort()
            members[f"{IDX_NAMES[part]}-images.mjpeg"] = b"".join(archive.read(n) for _, n, _ in chosen)
            labels = torch.tensor([label for _, _, label in chosen], dtype=torch.uint8)
            members[f"{IDX_NAMES[part]}-labels-idx1-ubyte"] = write_idx(labels)
    return members


def write_zip(path: Path, members: dict[str, bytes]) -> None:
    """A zip of the members that depends on nothing but their bytes. Deflate:
    xz saves another 14 % and takes three times as long to read."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, data, compresslevel=9)


def report(paths: Iterable[Path]) -> None:
    """Write size and sha256 of each file, as the README beside them states."""
    for path in paths:
        data = path.read_bytes()
        sys.stdout.write(f"{path.name:<12} {len(data):>11,} bytes  {hashlib.sha256(data).hexdigest()}\n")


def main() -> None:
    """Write the three files and report their checksums."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, required=True, help="data folder in torchvision's layout")
    parser.add_argument(
        "--cifar-zip", type=Path, required=True, help="CIFAR-10 as a zip of class folders of JPEG"
    )
    parser.add_argument(
        "--out", type=Path, default=BUNDLED, help="where to write (default: into the package)"
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    write_zip(args.out / "mnist.zip", mnist_members(args.root))
    write_zip(args.out / "fashion.zip", fashion_members(args.root))
    write_zip(args.out / "cifar10.zip", cifar_members(args.cifar_zip))
    report(args.out / f"{name}.zip" for name in IMAGE_SETS)


if __name__ == "__main__":
    main()
