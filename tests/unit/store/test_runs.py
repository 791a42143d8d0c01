"""The cache of runs on disk."""

import dataclasses
import json
import math
import os
import shutil
import subprocess
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest
import torch

from dashlab.errors import ConfigError, DashlabError
from dashlab.store.folder import clean_name, write_run
from dashlab.store.runs import Store, _stamp
from tests.typed import there
from tests.unit.store.kept import KEY, a_result, folder, names


def test_a_saved_run_comes_back_as_it_was(store: Store) -> None:
    saved = a_result()
    store.save(saved, "first")
    loaded = store.load(KEY)
    assert loaded is not None
    assert (loaded.key, loaded.name) == (KEY, "first")
    result = loaded.result
    assert torch.equal(result.weights["0.weight"], saved.weights["0.weight"])
    assert torch.equal(there(result.evaluation).probabilities, there(saved.evaluation).probabilities)
    assert dataclasses.replace(result, weights={}, evaluation=None) == dataclasses.replace(
        saved, weights={}, evaluation=None
    )
    none = torch.zeros(0)  # one and the same: two tensors cannot be compared with ==
    assert dataclasses.replace(there(result.evaluation), probabilities=none) == dataclasses.replace(
        there(saved.evaluation), probabilities=none
    )


def test_a_run_that_is_not_there_is_none(store: Store) -> None:
    assert store.load(KEY) is None
    assert store.runs() == []


def test_a_diverged_run_comes_back_without_weights(store: Store) -> None:
    store.save(a_result(state="diverged", loss=math.inf))
    result = there(store.load(KEY)).result
    assert (result.state, result.weights, result.evaluation) == ("diverged", {}, None)
    assert result.steps[0].loss == math.inf


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_survive_in_standard_json(store: Store, value: float) -> None:
    store.save(a_result(loss=value))

    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads((folder(store) / "history.json").read_text(), parse_constant=refuse)
    loss = there(store.load(KEY)).result.epochs[0].train_loss
    assert loss == value or (math.isnan(loss) and math.isnan(value))


def test_the_list_is_newest_first_and_tells_what_a_table_needs(store: Store) -> None:
    store.save(a_result(seed=1))
    store.save(a_result(seed=2, state="stopped"))
    newest, oldest = store.runs()
    assert (newest.state, newest.accuracy, newest.config.loop.seed) == ("stopped", None, 2)
    assert (oldest.state, oldest.accuracy, oldest.classes) == ("finished", 0.75, ("cat", "dog"))
    assert oldest.seconds == pytest.approx(0.6)
    assert (oldest.device, oldest.origin) == ("CPU", "Eight pictures.")


@pytest.mark.parametrize("key", ["", "..", "../../etc", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63])
def test_only_64_hex_digits_are_a_key(store: Store, key: str) -> None:
    for use in (store.load, store.delete, store.weights_path, lambda key: store.rename(key, "x")):
        with pytest.raises(ConfigError, match="not the key of a run"):
            use(key)


def test_a_name_is_one_visible_line_of_at_most_80_characters() -> None:
    assert clean_name("  my\x00 best\n\u202erun\u2028 ") == "my best run"
    assert len(clean_name("x" * 100)) == 80
    assert clean_name("größer, 漢字, 🙂") == "größer, 漢字, 🙂"


def test_a_new_name_is_seen_at_once_and_outlives_a_retraining(store: Store) -> None:
    store.save(a_result())
    assert store.runs()[0].name == ""
    store.rename(KEY, " the best ")
    assert store.runs()[0].name == "the best"
    store.save(a_result())
    assert there(store.load(KEY)).name == "the best"


def test_an_unreadable_name_does_not_cost_the_run(store: Store) -> None:
    store.save(a_result(), "gone")
    (folder(store) / "name.json").write_bytes(b"\xff")
    assert there(store.load(KEY)).name == ""


def test_renaming_a_run_that_is_not_there_is_a_sentence(store: Store) -> None:
    with pytest.raises(DashlabError, match="There is no cached run"):
        store.rename(KEY, "x")


def test_a_deleted_run_is_gone_and_deleting_it_again_is_no_error(store: Store) -> None:
    store.save(a_result())
    store.delete(KEY)
    store.delete(KEY)
    assert store.load(KEY) is None
    assert names(store.root / "runs") == []


def test_a_stopped_run_does_not_replace_a_finished_one(store: Store) -> None:
    store.save(a_result())
    store.save(a_result(state="stopped"))
    assert there(store.load(KEY)).result.state == "finished"


def test_a_finished_run_replaces_a_stopped_one(store: Store) -> None:
    store.save(a_result(state="stopped"))
    store.save(a_result())
    assert there(store.load(KEY)).result.state == "finished"
    assert names(store.root / "runs") == [KEY]


def test_a_replacement_that_fails_leaves_the_old_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(a_result(loss=1.0))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.save(a_result(loss=2.0))
    assert there(store.load(KEY)).result.epochs[0].train_loss == 1.0
    assert names(store.root / "runs") == [KEY]


def test_a_rename_that_fails_puts_the_old_run_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(a_result(loss=1.0))
    rename = Path.rename

    def fail_for_new(path: Path, target: Path) -> Path:
        if path.name.startswith(".new-"):
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_for_new)
    with pytest.raises(OSError, match="Input/output"):
        store.save(a_result(loss=2.0))
    assert there(store.load(KEY)).result.epochs[0].train_loss == 1.0


def age(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr("dashlab.leftovers.age_s", lambda _path: seconds)


def test_what_a_crash_left_half_written_is_cleared_away_once_it_is_old(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = store.root / "runs" / f".new-{KEY}-1"
    write_run(left, KEY, a_result(), name="", created=datetime.now(timezone.utc))
    assert store.load(KEY) is None
    assert store.runs() == []
    Store(store.root)
    assert left.exists()
    age(monkeypatch, 7200)
    Store(store.root)
    assert not left.exists()


def test_a_run_whose_replacement_never_arrived_is_put_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(a_result())
    folder(store).rename(store.root / "runs" / f".old-{KEY}-1")
    assert store.load(KEY) is None
    age(monkeypatch, 120)
    assert Store(store.root).load(KEY) is not None


def test_a_run_that_has_been_replaced_is_not_put_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(a_result(loss=1.0))
    folder(store).rename(store.root / "runs" / f".old-{KEY}-1")
    store.save(a_result(loss=2.0))
    age(monkeypatch, 120)
    assert there(Store(store.root).load(KEY)).result.epochs[0].train_loss == 2.0
    assert names(store.root / "runs") == [KEY]


def test_readers_and_writers_of_the_same_run_never_see_damage(store: Store) -> None:
    store.save(a_result())
    stop = threading.Event()
    problems: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(15):
                Store(store.root).save(a_result())
        except BaseException as error:  # noqa: BLE001  # carried to the test's own thread
            problems.append(error)

    def read() -> None:
        try:
            while not stop.is_set():
                Store(store.root).load(KEY)
        except BaseException as error:  # noqa: BLE001
            problems.append(error)

    writers = [threading.Thread(target=write) for _ in range(2)]
    reader = threading.Thread(target=read)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    assert problems == []
    assert store.load(KEY) is not None
    assert names(store.root / "damaged") == []


@pytest.mark.parametrize("returns", [True, False], ids=["replaced", "deleted"])
@pytest.mark.parametrize("look", [1, 2], ids=["as it is read", "as it is set aside"])
def test_a_run_that_another_process_moves_meanwhile_is_not_damaged(
    store: Store, monkeypatch: pytest.MonkeyPatch, look: int, returns: bool
) -> None:
    store.save(a_result())
    run, spare = store.root / "runs" / KEY, store.root / "spare"
    shutil.copytree(run, spare)
    (run / "weights.safetensors").write_bytes(b"half of another run")  # the parts of two runs do not fit
    looks: list[Path] = []

    def disturbed(folder: Path) -> tuple[int, ...] | None:
        found = _stamp(folder)
        looks.append(folder)
        if len(looks) == look:
            run.rename(store.root / "elsewhere")
            if returns:
                spare.rename(run)
        return found

    monkeypatch.setattr("dashlab.store.runs._stamp", disturbed)
    assert (store.load(KEY) is not None) == returns
    assert store.damaged() == []
    assert run.exists() == returns


def test_the_folder_is_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHLAB_STORE", str(tmp_path / "named"))
    assert Store().root == tmp_path / "named"
    assert not (tmp_path / "named").exists()


def test_listing_runs_imports_no_torch(store: Store, tmp_path: Path) -> None:
    store.save(a_result())
    code = (
        "import sys; from dashlab.store.runs import Store; "
        "assert Store().runs() and 'torch' not in sys.modules"
    )
    environment = os.environ | {"DASHLAB_STORE": str(store.root), "PYTHONPATH": str(Path.cwd())}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path)
