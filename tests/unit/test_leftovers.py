"""What killed processes leave behind is cleared away, and nothing that is still being written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashlab import leftovers
from dashlab.store.runs import Store


def age(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(leftovers, "age_s", lambda _path: seconds)


def of_a_dead_process(name: str) -> str:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return name.replace(f"-p{os.getpid()}-", f"-p{ended.pid}-")


def test_the_study_that_a_killed_process_wrote_is_cleared_at_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = leftovers.temporary_name(".new-", "study.json")
    ours, dead = (tmp_path / "studies" / one for one in (name, of_a_dead_process(name)))
    ours.parent.mkdir()
    for path in (ours, dead):
        path.write_text("half")
    Store(tmp_path)
    assert dead.exists()  # it was written to just now
    age(monkeypatch, 1200)
    Store(tmp_path)
    assert ours.exists()
    assert not dead.exists()


def test_a_part_without_a_process_is_cleared_once_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = tmp_path / "upload.part"
    part.write_text("half")
    for seconds, stays in ((1200, True), (7200, False)):
        age(monkeypatch, seconds)
        leftovers.clear(tmp_path, ["*.part"])
        assert part.exists() == stays


def test_a_folder_that_is_not_there_holds_no_leftovers(tmp_path: Path) -> None:
    leftovers.clear(tmp_path / "none", ["*.part"])
