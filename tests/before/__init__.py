"""What an older version kept and showed; `make.py` says how it was made."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TOLD: dict[str, Any] = json.loads((HERE / "told.json").read_text(encoding="utf-8"))
"""What that version said of what it kept, of its presets, and of what its links showed."""


def unpack(folder: Path) -> None:
    """Put its store and its own pictures into `folder`, as `store` and `own`."""
    with zipfile.ZipFile(HERE / "kept.zip") as packed:
        packed.extractall(folder)
