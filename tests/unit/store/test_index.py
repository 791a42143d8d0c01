"""The index beside the cached runs: it saves time, and never decides what is there."""

import dataclasses
import hashlib
import json
import multiprocessing
import os
import shutil
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import dashlab.store.runs
from dashlab.experiments.trainer.presets import PRESETS
from dashlab.store.folder import write_run
from dashlab.store.index import FILE, LOCK
from dashlab.store.runs import RunSummary, Store
from dashlab.store.summary import read_summary
from tests.typed import there
from tests.unit.store.kept import KEY, a_result

NOW = datetime.now(timezone.utc)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the runs that are read from their folders."""
    read: list[str] = []

    def counted(folder: Path, key: str) -> RunSummary:
        read.append(key)
        return read_summary(folder, key)

    monkeypatch.setattr(dashlab.store.runs, "read_summary", counted)
    return read


def put(root: Path, seed: int, age_s: float = 0.0) -> str:
    """A run as a version without an index writes it; returns its key."""
    result = a_result(seed=seed)
    key = result.config.key()
    write_run(root / "runs" / key, key, result, name="", created=NOW - timedelta(seconds=age_s))
    return key


def keys(store: Store) -> list[str]:
    return [run.key for run in store.runs()]


def settle(root: Path) -> None:
    """Let the last change of the folder lie back so far that another one would tell."""
    os.utime(root / "runs", (1_000_000_000, 1_000_000_000))


def test_runs_of_a_version_without_an_index_are_found(root: Path) -> None:
    made = [put(root, seed, age_s=seed) for seed in range(3)]
    assert keys(Store(root)) == made


def test_the_next_server_reads_the_index_and_no_run(root: Path, reads: list[str]) -> None:
    made = [put(root, seed, age_s=seed) for seed in range(3)]
    first = Store(root).runs()
    assert sorted(reads) == sorted(made)
    reads.clear()
    assert Store(root).runs() == first
    assert reads == []


def test_a_list_that_has_not_changed_looks_at_no_run(
    root: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(5):
        put(root, seed)
    settle(root)
    store = Store(root)
    before, version = store.runs(), store.version()
    looks: list[Path] = []
    stat = Path.stat

    def noted(path: Path, **how: bool) -> os.stat_result:
        looks.append(path)
        return stat(path, **how)

    monkeypatch.setattr(Path, "stat", noted)
    monkeypatch.setattr(os, "scandir", None)
    reads.clear()
    assert store.runs() == before
    assert (store.count(), store.find(before[0].key), store.newest(2)) == (5, before[0], before[:2])
    assert store.version() == version
    assert {path.name for path in looks} <= {"runs", FILE}
    assert reads == []


def test_what_another_server_writes_renames_or_deletes_is_seen(root: Path) -> None:
    ours, theirs = Store(root), Store(root)
    theirs.save(a_result())
    assert keys(ours) == [KEY]
    theirs.rename(KEY, "theirs")
    assert ours.runs()[0].name == "theirs"
    theirs.save(a_result(state="finished", loss=2.0), "anew")
    assert ours.runs()[0].name == "anew"
    theirs.delete(KEY)
    assert ours.runs() == []


@pytest.mark.parametrize("content", [b"", b"\xff\x00nothing", b"00000000 {}\n", b"00000000 \n", b"[" * 9999])
def test_a_damaged_index_is_made_anew(root: Path, content: bytes) -> None:
    made = [put(root, seed, age_s=seed) for seed in range(3)]
    store = Store(root)
    assert keys(store) == made
    (root / FILE).write_bytes(content)
    assert keys(Store(root)) == made
    assert keys(store) == made


def test_a_flipped_digit_in_the_index_is_not_believed(root: Path, reads: list[str]) -> None:
    key = put(root, 0)
    true = Store(root).runs()
    text = (root / FILE).read_bytes()
    assert b'"finished",0.75' in text
    (root / FILE).write_bytes(text.replace(b'"finished",0.75', b'"finished",0.95'))
    reads.clear()
    assert Store(root).runs() == true
    assert reads == [key]


def test_lines_of_another_version_are_read_from_the_folders(
    root: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = put(root, 0)
    monkeypatch.setattr("dashlab.store.index._VERSION", "0")
    Store(root).runs()
    monkeypatch.undo()
    assert keys(Store(root)) == [key]
    assert json.loads((root / FILE).read_bytes().split(b"\n")[-2].partition(b" ")[2])[0] != "0"


def test_an_index_from_before_the_largest_class_was_kept_is_made_anew(root: Path, reads: list[str]) -> None:
    made = [put(root, seed, age_s=seed) for seed in range(3)]
    new = Store(root).runs()
    assert [run.largest_class for run in new] == [0.5] * 3
    lines = [json.loads(line.partition(b" ")[2]) for line in (root / FILE).read_bytes().splitlines() if line]
    for line in lines:
        assert line.pop(7) == 0.5
        line[0] = "3" + line[0].removeprefix("4")
    texts = [json.dumps(line, separators=(",", ":")).encode() for line in lines]
    (root / FILE).write_bytes(b"".join(b"%08x %s\n" % (zlib.crc32(text), text) for text in texts))
    reads.clear()
    assert Store(root).runs() == new
    assert sorted(reads) == sorted(made)
    reads.clear()
    assert Store(root).runs() == new
    assert reads == []


def test_a_deleted_index_costs_nothing_but_time(root: Path) -> None:
    made = [put(root, seed, age_s=seed) for seed in range(3)]
    store = Store(root)
    store.runs()
    (root / FILE).unlink()
    assert keys(store) == made
    store.rename(made[0], "named")
    assert there(Store(root).find(made[0])).name == "named"


def test_a_line_that_was_cut_off_spoils_none_after_it(root: Path, reads: list[str]) -> None:
    first = put(root, 0, age_s=1)
    Store(root).runs()
    with (root / FILE).open("ab") as file:
        file.write(b'1234abcd {"v":')
    second = put(root, 1)
    assert keys(Store(root)) == [second, first]
    reads.clear()
    assert keys(Store(root)) == [second, first]
    assert reads == []


def test_a_run_that_an_old_version_puts_in_place_of_another_is_read_again(root: Path) -> None:
    key = put(root, 0)
    store = Store(root)
    assert store.runs()[0].state == "finished"
    write_run(root / "new", key, a_result(state="stopped"), name="", created=NOW)
    shutil.move(root / "runs" / key, root / "old")
    shutil.move(root / "new", root / "runs" / key)
    assert store.runs()[0].state == "stopped"


def test_the_index_leaves_outdated_lines_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashlab.store.index._SPARE_LINES", 10)
    key = put(root, 0)
    store = Store(root)
    for number in range(30):
        store.rename(key, f"name {number}")
        store.runs()
    assert len((root / FILE).read_bytes().splitlines()) < 40
    assert Store(root).runs() == store.runs()
    assert store.runs()[0].name == "name 29"


def test_an_index_that_cannot_be_written_is_done_without(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = put(root, 0)
    for name in (FILE, LOCK):
        (root / name).mkdir()
    assert keys(Store(root)) == [made]
    assert "index" in caplog.text


def fill(root: str, first: int) -> None:
    store = Store(Path(root))
    for seed in range(first, first + 6):
        store.save(a_result(seed=seed), f"run {seed}")
        store.runs()
        store.rename(a_result(seed=seed).config.key(), f"renamed {seed}")


def test_two_processes_that_write_at_once_lose_nothing(root: Path) -> None:
    context = multiprocessing.get_context("spawn")
    servers = [context.Process(target=fill, args=(str(root), first)) for first in (0, 100)]
    for server in servers:
        server.start()
    watching = Store(root)
    while any(server.is_alive() for server in servers):
        watching.runs()
        servers[0].join(0.02)
    assert [server.exitcode for server in servers] == [0, 0]
    wanted = sorted(f"renamed {seed}" for seed in (*range(6), *range(100, 106)))
    for store in (watching, Store(root)):
        assert sorted(run.name for run in store.runs()) == wanted


def test_runs_are_grouped_once_and_a_new_one_is_asked_alone(root: Path) -> None:
    store, asked = Store(root), []

    def by(run: RunSummary) -> str:
        asked.append(run.config.loop.seed)
        return "" if run.config.loop.seed == 1 else run.state

    made = [put(root, seed, age_s=seed) for seed in range(3)]
    assert [run.key for run in store.grouped(by)["finished"]] == [made[0], made[2]]
    assert store.grouped(by) is store.grouped(by)
    assert sorted(asked) == [0, 1, 2]
    store.save(a_result(seed=7))
    store.delete(made[2])
    assert [run.config.loop.seed for run in store.grouped(by)["finished"]] == [7, 0]
    assert sorted(asked) == [0, 1, 2, 7]


def test_a_run_is_found_by_the_first_letters_of_its_key(root: Path) -> None:
    made = [put(root, seed, age_s=seed) for seed in range(3)]
    store = Store(root)
    assert [run.key for run in store.starting(made[1][:10])] == [made[1]]
    assert [run.key for run in store.starting("")] == made
    assert store.starting("no key") == []


@pytest.mark.parametrize("name", PRESETS)
def test_every_recipe_comes_back_from_the_index_as_it_was(root: Path, reads: list[str], name: str) -> None:
    config = PRESETS[name].config.change(seed=3)
    if config.data.dataset == "own":
        config = config.change(path="coins")
    write_run(
        root / "runs" / config.key(),
        config.key(),
        dataclasses.replace(a_result(), config=config),
        name="größer ☃",
        created=NOW,
    )
    first = Store(root).runs()
    reads.clear()
    assert Store(root).runs() == first
    assert reads == []
    assert first[0].config == config
    assert len((root / FILE).read_bytes()) < 1000


def test_a_rename_by_a_server_of_another_version_is_seen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = put(root, 0)
    ours = Store(root)
    assert there(ours.find(key)).name == ""
    monkeypatch.setattr("dashlab.store.index._VERSION", "another")
    Store(root).rename(key, "theirs")
    monkeypatch.undo()
    assert there(ours.find(key)).name == there(Store(root).find(key)).name == "theirs"


def test_a_new_run_moves_no_other_out_of_its_place(root: Path) -> None:
    made = [put(root, seed, age_s=10.0 * seed) for seed in range(5)]
    store = Store(root)
    assert keys(store) == made
    between = put(root, 9, age_s=25.0)
    store.delete(made[1])
    assert keys(store) == keys(Store(root)) == [made[0], made[2], between, *made[3:]]


@pytest.mark.parametrize("content", [b"{}", b"[]", b'{"state": "finished"}', b'{"started": 5}'])
def test_figures_that_are_none_are_damage_for_the_list_too(root: Path, content: bytes) -> None:
    key = put(root, 0)
    manifest = root / "runs" / key / "manifest.json"
    (root / "runs" / key / "metrics.json").write_bytes(content)
    files = json.loads(manifest.read_bytes())
    files["files"]["metrics.json"] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest.write_text(json.dumps(files))
    store = Store(root)
    assert store.runs() == []
    assert "metrics.json" in store.damaged()[0]
