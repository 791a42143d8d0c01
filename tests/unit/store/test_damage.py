"""Runs on disk that are damaged or of another version: noticed, set aside or left alone, never shown."""

import hashlib
import json

import pytest

from dashlab.errors import DamagedRun
from dashlab.store.runs import Store
from tests.unit.store.kept import KEY, a_result, folder, names

FILES = ["config.json", "history.json", "metrics.json", "weights.safetensors", "predictions.safetensors"]


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
