"""A lab whose processes are real and train `fake_training`: how tests start it and wait for it."""

import time
from collections.abc import Callable
from pathlib import Path

from dashlab.jobs import Lab, Progress
from dashlab.settings.run import RunConfig
from tests.typed import there

ROOT = Path(__file__).resolve().parents[3]
FAKE = "tests.unit.fake_training:train"
LONG = 1000
"""Epochs of a slow run that nobody waits for: 200 s."""


def wait_until(condition: Callable[[], bool], within_s: float = 60.0) -> None:
    """Return once `condition` holds; fail after a time that only a hang takes."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "this did not come about"
        time.sleep(0.01)


def same(config: RunConfig) -> RunConfig:
    return config


def over(lab: Lab, key: str) -> Progress:
    progress = lab.wait(key, 60)
    assert progress is not None
    assert progress.is_over, progress
    return progress


def running(lab: Lab, config: RunConfig) -> str:
    """Submit a run and return once it has measured something."""
    key = lab.submit(config)
    wait_until(lambda: bool(there(lab.progress(key)).steps) or there(lab.progress(key)).is_over)
    assert not there(lab.progress(key)).is_over, there(lab.progress(key)).sentence
    return key


def begun(file: Path) -> int:
    """How many trainings have left their line in `file`."""
    return len(file.read_text().splitlines()) if file.exists() else 0
