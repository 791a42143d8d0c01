"""The cache of runs on disk."""

import dataclasses
import hashlib
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

from dashlab.errors import ConfigError, DamagedRun, DashlabError
from dashlab.settings.run import RunConfig
from dashlab.store.folder import clean_name, write_run
from dashlab.store.runs import Store, _stamp
from dashlab.training.results import EndState, EpochRow, Evaluation, Result, Seconds, Started, StepRow
from tests.typed import there

CONFIG = RunConfig()
KEY = CONFIG.key()
FILES = ["config.json", "history.json", "metrics.json", "weights.safetensors", "predictions.safetensors"]


def a_result(*, state: EndState = "finished", seed: int = 0, loss: float = 0.5) -> Result:
    started = Started(
        epochs=1,
        steps_per_epoch=2,
        parameters=6,
        train_count=8,
        val_count=0,
        test_count=4,
        classes=("cat", "dog"),
        shape=(1, 2, 2),
        mean=(0.5,),
        std=(0.5,),
        origin="Eight pictures.",
        device="CPU",
    )
    evaluation = Evaluation(
        loss=loss, accuracy=0.75, confusion=((2, 0), (1, 1)), probabilities=torch.full((4, 2), 0.5)
    )
    return Result(
        config=CONFIG.change(seed=seed),
        state=state,
        note="As it should be.",
        started=started,
        steps=(StepRow(step=1, window=1, loss=loss, accuracy=0.5, lr=0.01),),
        epochs=(
            EpochRow(
                epoch=1,
                step=2,
                train_loss=loss,
                train_accuracy=0.5,
                val_loss=None,
                val_accuracy=None,
                lr=0.01,
                seconds=0.1,
            ),
        ),
        evaluation=evaluation if state == "finished" else None,
        weights={} if state == "diverged" else {"0.weight": torch.arange(6.0).reshape(2, 3)},
        seconds=Seconds(load=0.1, train=0.2, evaluate=0.3),
        environment={"torch": "2"},
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def folder(store: Store, key: str = KEY) -> Path:
    return store.root / "runs" / key


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir()) if path.exists() else []


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


@pytest.mark.parametrize("file", [*FILES, "manifest.json"])
def test_a_flipped_bit_is_noticed_and_the_run_set_aside(store: Store, file: str) -> None:
    store.save(a_result())
    path = folder(store) / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedRun, match="set aside"):
        store.load(KEY)
    assert store.load(KEY) is None
    assert len(names(store.root / "damaged")) == 1


@pytest.mark.parametrize("file", [*FILES, "manifest.json"])
def test_a_truncated_file_is_noticed_by_the_list_too(store: Store, file: str) -> None:
    store.save(a_result())
    path = folder(store) / file
    path.write_bytes(path.read_bytes()[:-3])
    assert store.runs() == []
    assert file in store.damaged()[0]
    assert names(store.root / "runs") == []


@pytest.mark.parametrize("file", [*FILES, "manifest.json"])
def test_a_missing_file_is_noticed(store: Store, file: str) -> None:
    store.save(a_result())
    (folder(store) / file).unlink()
    with pytest.raises(DamagedRun, match=f"{file} is missing"):
        store.load(KEY)


def rewrite(store: Store, file: str, content: bytes) -> None:
    """Replace a file and give the manifest the checksum that belongs to it."""
    (folder(store) / file).write_bytes(content)
    manifest = json.loads((folder(store) / "manifest.json").read_text())
    manifest["files"][file] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder(store) / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("history.json", b'{"steps": [], "epochs": [{"epoch": "one"}]}'),
        ("history.json", b"[" * 100_000),
        ("history.json", b'{"steps": [], "epochs": [], "more": 1}'),
        ("metrics.json", b"{}"),
        ("metrics.json", b'{"created": NaN}'),
        ("config.json", b"[1]"),
        ("weights.safetensors", b"\x80\x04."),
        ("weights.safetensors", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "),
        ("predictions.safetensors", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "),
    ],
)
def test_foreign_contents_with_the_right_checksum_are_damage(store: Store, file: str, content: bytes) -> None:
    store.save(a_result())
    rewrite(store, file, content)
    with pytest.raises(DamagedRun, match=file):
        store.load(KEY)


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"schema": 1}', b"nothing", b"\xff\xfe"])
def test_a_foreign_manifest_is_damage(store: Store, content: bytes) -> None:
    store.save(a_result())
    (folder(store) / "manifest.json").write_bytes(content)
    with pytest.raises(DamagedRun):
        store.load(KEY)


def test_a_manifest_cannot_name_files_outside_the_folder(store: Store) -> None:
    store.save(a_result())
    path = folder(store) / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["../../secret"] = {"bytes": 1, "sha256": ""}
    path.write_text(json.dumps(manifest))
    with pytest.raises(DamagedRun, match="does not name the files of a run"):
        store.load(KEY)


def test_a_run_under_the_key_of_another_is_damage(store: Store) -> None:
    store.save(a_result())
    other = "0" * 64
    folder(store).rename(folder(store, other))
    with pytest.raises(DamagedRun, match="the key of another run"):
        store.load(other)


@pytest.mark.parametrize("field", ["schema", "config_schema"])
def test_a_run_of_a_newer_version_is_left_where_it_is(store: Store, field: str) -> None:
    store.save(a_result())
    path = folder(store) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: 99}))
    assert store.load(KEY) is None
    assert store.runs() == []
    assert "newer version" in store.damaged()[0]
    assert names(store.root / "runs") == [KEY]


def test_a_run_with_settings_of_another_version_is_left_where_it_is(store: Store) -> None:
    store.save(a_result())
    rewrite(store, "config.json", b'{"data": {"hue": 1}}')
    assert store.load(KEY) is None
    assert "hue" in store.damaged()[0]
    assert names(store.root / "runs") == [KEY]


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
