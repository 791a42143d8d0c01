"""Renew requirements.txt and requirements-dev.txt from pyproject.toml: `python scripts/lock.py [--upgrade]`.

The pins are resolved for Python 3.10 and newer and for every platform at once; versions that differ between
these carry markers. Existing pins stay unless `--upgrade` is given. Run the tests afterwards: the files
promise versions that were tested.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from scripts.bootstrap import UV

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "requirements.txt"
DEV = ROOT / "requirements-dev.txt"


def compile_pins(uv: Path, output: Path, extras: list[str], options: list[str]) -> None:
    """Write one file of pins; those that stand in it are kept where they still fit."""
    command: list[str | Path] = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.10"]
    command += ["--no-emit-index-url", "--custom-compile-command", "make lock"]
    for extra in extras:
        command += ["--extra", extra]
    subprocess.run([*command, *options, "pyproject.toml", "-o", output.name], cwd=ROOT, check=True)


def main(options: list[str]) -> int:
    """Write both files; returns an exit status."""
    with tempfile.TemporaryDirectory() as folder:
        # uv resolves for every platform at once, which pip cannot; it is needed for nothing else.
        venv.create(folder, with_pip=True)
        bin_folder = Path(folder) / "bin"
        subprocess.run([bin_folder / "pip", "install", "--quiet", UV], check=True)
        compile_pins(bin_folder / "uv", APP, ["app"], options)
        # The app's pins first, so that both files agree (tests/unit/test_setup.py).
        former = DEV.read_text() if DEV.exists() else ""
        DEV.write_text(APP.read_text() + former)
        compile_pins(bin_folder / "uv", DEV, ["app", "test"], [])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
