"""What commit 4fa65f5 kept is found under the settings that it was made from, and its numbers are read."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dashlab.data.folders import store_folder
from dashlab.experiments.batchnorm.rows import TwinsConfig
from dashlab.experiments.batchnorm.sweeps import BatchSweep, RateSweep
from dashlab.experiments.initialization.training import StackTraining
from dashlab.jobs import JobState, Lab
from dashlab.settings.run import RunConfig
from dashlab.store import studies
from dashlab.store.runs import Store
from dashlab.training.engine import resolved
from dashlab.training.records import plain
from dashlab.training.study import Study
from tests.before import TOLD, unpack
from tests.typed import there
from ui.frame.pages import PAGES
from ui.frame.views import specs_of, start_of, views_of

KINDS: tuple[type[Study], ...] = (TwinsConfig, RateSweep, BatchSweep, StackTraining)
STUDIES = {kind.KIND: kind for kind in KINDS}
CORRECTED = {
    "s5": "pixels from 0 to 1",
    "s8": "no ReLU after the second layer, pixels from 0 to 1, batches in a fixed order",
    "s16": "convolutions Xavier normal, linear layers N(0, 0.1²), ImageNet's mean and deviation",
    "s18": "the chain of the course, on CIFAR-10",
    "netadam": "three seeds instead of one",
}
"""Presets that are another study since then, and what of them is; S14 came beside, as `netnoise`."""
FROM_TORCH = ("~eps~1e-10", "~history~100")
"""What torch gives AdaGrad and L-BFGS, and so presets with them have now; they had 1e-8 and 10."""
PLACES = [(page, preset) for page, presets in TOLD["presets"].items() for preset in presets]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path) -> Path:
    """The folders that the other version wrote."""
    unpack(tmp_path / "before")
    return tmp_path / "before"


@pytest.fixture(autouse=True)
def in_use(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHLAB_STORE", str(kept / "store"))
    monkeypatch.setenv("DASHLAB_OWN", str(kept / "own"))


def config_of(name: str) -> RunConfig:
    return RunConfig.from_json(TOLD["runs"][name]["config"])


def study_of(name: str) -> Study:
    told = TOLD["studies"][name]
    return STUDIES[told["kind"]].from_json(told["config"])


def as_written(key: str, file: str) -> Any:
    return json.loads((store_folder() / "runs" / key / file).read_text(encoding="utf-8"))


def agrees(written: Any, read: Any) -> bool:
    """Whether all that was written is read; what came later may stand beside it."""
    if isinstance(written, dict):
        return all(agrees(value, read[name]) for name, value in written.items())
    if isinstance(written, list):
        return len(written) == len(read) and all(map(agrees, written, read))
    return bool(written == read)


def test_every_kind_of_study_that_is_kept_is_tried() -> None:
    assert {told["kind"] for told in TOLD["studies"].values()} == set(STUDIES)


@pytest.mark.parametrize("name", TOLD["runs"])
def test_a_run_is_found_and_read(name: str) -> None:
    told, config = TOLD["runs"][name], config_of(name)
    assert resolved(config).key() == told["key"]
    run = there(Store().load(told["key"])).result
    assert (run.state, run.config) == (told["state"], resolved(config))
    history, metrics = as_written(told["key"], "history.json"), as_written(told["key"], "metrics.json")
    assert agrees(history["steps"], plain(run.steps))
    assert agrees(history["epochs"], plain(run.epochs))
    assert agrees(metrics["started"], plain(run.started))
    if run.evaluation is None:
        assert metrics["evaluation"] is None
    else:
        probabilities = run.evaluation.probabilities
        figures = {figure: plain(getattr(run.evaluation, figure)) for figure in metrics["evaluation"]}
        assert agrees(metrics["evaluation"], figures)
        assert probabilities.shape == (run.started.test_count, len(run.started.classes))
    assert run.weights


def test_all_runs_are_listed_and_none_is_damaged() -> None:
    assert {run.key for run in Store().runs()} == {told["key"] for told in TOLD["runs"].values()}
    assert Store().damaged() == []


@pytest.mark.parametrize("name", TOLD["studies"])
def test_a_study_is_found_and_read(name: str) -> None:
    told, study = TOLD["studies"][name], study_of(name)
    assert study.key() == told["key"]
    file = store_folder() / "studies" / f"{told['key']}.json"
    written = json.loads(file.read_bytes().partition(b"\n")[2])
    assert written["rows"]
    assert agrees(written["rows"], plain(there(studies.load(study)).rows))


def test_nothing_of_it_is_trained_anew() -> None:
    lab = Lab(train="nowhere:at_all")
    ended = (name for name, told in TOLD["runs"].items() if told["state"] == "finished")
    wanted: list[RunConfig | Study] = [*map(config_of, ended), *map(study_of, TOLD["studies"])]
    for config in wanted:
        assert there(lab.progress(lab.submit(config))).state is JobState.FINISHED
    assert lab.pids() == ()


@pytest.mark.parametrize(("prefix", "preset"), PLACES)
def test_a_preset_sets_what_it_set_unless_it_was_corrected(prefix: str, preset: str) -> None:
    views = views_of(next(page for page in PAGES if page.prefix == prefix))
    specs, start = specs_of(views), partial(start_of, views)
    usual, now = there(start("")), there(start(preset))
    old = TOLD["presets"][prefix][preset]
    told = {
        name: without_torchs(spec.format(now[name]))
        for name, spec in specs.items()
        if now[name] != usual[name]
    }
    assert (told == old) is (preset not in CORRECTED), (old, told)


def without_torchs(text: str) -> str:
    for own in FROM_TORCH:
        text = text.replace(own, "")
    return text
