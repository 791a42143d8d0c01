"""The limit on disk: what goes, what stays, and what is said of it."""

import os
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from dashlab.cli.main import main
from dashlab.errors import ConfigError, DashlabError
from dashlab.store import limit as disklimit
from dashlab.store import studies
from dashlab.store.folder import write_run
from dashlab.store.limit import Removable, in_words, parse
from dashlab.store.runs import Store
from tests.typed import there
from tests.unit.store.kept import KEY, a_result

HOUR_S = 3600.0


@pytest.fixture
def store() -> Store:
    return Store()


def put(store: Store, seed: int, hours: float) -> str:
    result = a_result(seed=seed)
    key = result.config.key()
    created = datetime.now(timezone.utc) - timedelta(hours=hours)
    write_run(store.root / "runs" / key, key, result, name="", created=created)
    return key


def allow(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setenv("DASHLAB_LIMIT", str(size))


@pytest.mark.parametrize(
    ("text", "size"),
    [("5 GB", 5e9), ("500MB", 5e8), (" 1.5 GiB ", 1.5 * 2**30), ("2g", 2e9), ("1000", 1000), ("0", 0)],
)
def test_a_size_is_read_in_the_usual_units(text: str, size: float) -> None:
    assert parse(text) == size


@pytest.mark.parametrize("text", ["much", "-1 GB", "5 PB", "5 I", "1,5 GB", "nan"])
def test_what_is_no_size_is_said(text: str) -> None:
    with pytest.raises(ConfigError, match="DASHLAB_LIMIT"):
        parse(text)


def test_the_limit_is_20_gb_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHLAB_LIMIT", raising=False)
    assert in_words(disklimit.limit()) == "20 GB"


def test_the_oldest_runs_go_first_and_are_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [put(store, seed, hours=10 - seed) for seed in range(4)]
    size = store.room.used() // 4
    allow(monkeypatch, 3 * size + size // 2)
    store.save(a_result(seed=9))
    assert {run.key for run in store.runs()} == {*made[2:], a_result(seed=9).config.key()}
    assert store.room.removed() == Store().room.removed() == 2
    assert store.room.used() <= disklimit.limit()


def test_a_pinned_run_stays_also_when_it_is_trained_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned, other = put(store, 0, hours=10), put(store, 1, hours=5)
    store.pin(pinned)
    store.save(a_result(seed=0))
    assert there(Store().find(pinned)).pinned
    monkeypatch.setattr(disklimit, "JUST_NOW_S", 0.0)
    allow(monkeypatch, 1)
    store.room.make()
    assert [run.key for run in store.runs()] == [pinned]
    assert not (store.root / "runs" / other).exists()
    store.pin(pinned, pinned=False)
    store.room.make()
    assert store.runs() == []


def test_what_was_trained_just_now_stays_even_above_the_limit(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, 1, hours=1)
    allow(monkeypatch, 1)
    store.save(a_result())
    assert [run.key for run in store.runs()] == [KEY]


def test_old_studies_go_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run, study = put(store, 0, hours=1), store.root / "studies" / f"{'a' * 64}.json"
    study.parent.mkdir()
    study.write_bytes(b"x" * 5000)
    os.utime(study, (1_000_000_000, 1_000_000_000))
    assert len(studies.removable(store.root)) == 1
    allow(monkeypatch, store.room.used() - 1)
    store.room.make()
    assert not study.exists()
    assert [kept.key for kept in store.runs()] == [run]


def test_a_limit_that_is_no_size_costs_no_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    old = put(store, 1, hours=1)
    monkeypatch.setenv("DASHLAB_LIMIT", "much")
    store.save(a_result())
    assert {run.key for run in store.runs()} == {old, KEY}


def test_runs_are_pinned_from_the_command_line(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.save(a_result())
    assert main(["runs", "--pin", KEY[:12]]) == 0
    assert store.runs()[0].pinned
    assert main(["runs"]) == 0
    assert "pinned" in capsys.readouterr().out
    assert main(["runs", "--unpin", KEY[:12]]) == 0
    assert not store.runs()[0].pinned
    assert main(["runs", "--pin", "f00"]) == 1


def test_a_store_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DashlabError, match=r"cannot be written.*DASHLAB_STORE"):
        Store(tmp_path / "file" / "store").save(a_result())


@pytest.mark.parametrize("change", ["pin", "rename", "delete"])
def test_a_full_disk_is_a_sentence_for_every_change(
    store: Store, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(a_result())

    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)
    monkeypatch.setattr(Path, "rename", full)
    monkeypatch.setattr("dashlab.store.runs.write_synced", full)
    changes: dict[str, Callable[[], object]] = {
        "pin": lambda: store.pin(KEY),
        "rename": lambda: store.rename(KEY, "x"),
        "delete": lambda: store.delete(KEY),
    }
    with pytest.raises(DashlabError, match=r"No space left on device.*DASHLAB_STORE"):
        changes[change]()


def test_a_run_that_was_damaged_is_not_spoken_of_once_it_was_trained_anew(store: Store) -> None:
    store.save(a_result())
    store.weights_path(KEY).write_bytes(b"")
    assert store.runs() == []
    assert len(store.damaged()) == 1
    Store().save(a_result())  # by the server's jobs, which have a store of their own
    assert store.damaged() == []


def test_a_message_of_damage_can_be_put_away(store: Store) -> None:
    store.save(a_result())
    store.weights_path(KEY).write_bytes(b"")
    store.runs()
    store.dismiss_damaged()
    assert store.damaged() == []


def put_study(store: Store, key: str) -> Path:
    path = store.root / "studies" / f"{key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 5000)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return path


def test_a_pinned_study_stays_and_its_pin_goes_with_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put_study(store, "a" * 64)
    studies.pin("a" * 64, store.root)
    assert studies.files(store.root)[0].pinned
    allow(monkeypatch, 1)
    store.room.make()
    assert path.exists()
    studies.pin("a" * 64, store.root, pinned=False)
    studies.pin("a" * 64, store.root, pinned=False)
    store.room.make()
    assert list(path.parent.iterdir()) == []
    assert store.room.removed() == 1


def test_studies_are_listed_pinned_and_deleted_from_the_command_line(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put_study(store, "a" * 64)
    path.write_bytes(b'checksum\n{"head": {"title": "Squares"}}')
    assert main(["runs", "--pin", "aaa"]) == 0
    assert main(["runs", "--studies"]) == 0
    assert "pinned  Squares" in capsys.readouterr().out
    assert main(["runs", "--unpin", "aaa"]) == 0
    assert not studies.files(store.root)[0].pinned
    assert main(["runs", "--delete", "aaa"]) == 0
    assert list(path.parent.iterdir()) == []
    assert main(["runs", "--studies"]) == 0
    assert "No cached studies yet" in capsys.readouterr().out


def test_what_was_set_aside_counts_and_goes_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    old, damaged = put(store, 0, hours=10), put(store, 1, hours=1)
    (store.root / "runs" / damaged / "weights.safetensors").write_bytes(b"")
    before = store.room.used()
    assert [run.key for run in store.runs()] == [old]
    assert store.room.set_aside() > 0
    assert store.room.used() == store.runs()[0].bytes + store.room.set_aside() <= before * 2
    monkeypatch.setattr(disklimit, "JUST_NOW_S", 0.0)
    allow(monkeypatch, store.room.used() - 1)
    store.room.make()
    assert store.room.set_aside() == 0
    assert list((store.root / "damaged").iterdir()) == []
    assert [run.key for run in store.runs()] == [old]
    assert store.room.removed() == 0  # it was no run any more


def test_a_run_that_a_job_starts_from_stays_until_the_job_is_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, other = put(store, 0, hours=10), put(store, 1, hours=5)
    mark = Store().room.hold(start)  # by the jobs of another server
    allow(monkeypatch, 1)
    store.room.make()
    assert [run.key for run in store.runs()] == [start]
    assert other != start
    store.room.let_go(mark)
    store.room.make()
    assert store.runs() == []


def test_a_run_that_a_dead_process_started_from_may_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, 0, hours=10)
    mark = store.room.hold(store.runs()[0].key)
    mark.rename(mark.with_name(re.sub("-p[0-9]+-", "-p99999999-", mark.name)))
    monkeypatch.setattr("dashlab.leftovers.age_s", lambda _path: 700.0)
    allow(monkeypatch, 1)
    store.room.make()
    assert store.runs() == []
    Store()
    assert list(mark.parent.iterdir()) == []


def test_what_another_server_removed_meanwhile_is_not_counted_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, 0, hours=10)
    put_study(store, "a" * 64)
    allow(monkeypatch, 1)
    choose = disklimit.to_remove

    def slowly(kept: Iterable[Removable], most: int, now: float) -> list[Removable]:
        going = choose(kept, most, now)
        monkeypatch.setattr(disklimit, "to_remove", choose)
        Store().room.make()
        return going

    monkeypatch.setattr(disklimit, "to_remove", slowly)
    monkeypatch.setattr("dashlab.store.index.RunIndex._take_lock", lambda _index: None)
    store.room.make()
    assert store.room.removed() == 2


def test_what_cannot_be_removed_costs_no_run(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    old = put(store, 1, hours=1)
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.name == old:
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    allow(monkeypatch, 1)
    store.save(a_result())
    assert {run.key for run in store.runs()} == {old, KEY}
    assert "cannot be removed" in caplog.text
