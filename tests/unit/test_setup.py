"""The set-up: pins that agree, an environment that is installed once, a browser that is found."""

import ast
import contextlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from packaging.requirements import Requirement

from scripts import bootstrap, find_browser, sameness, serve
from tests.typed import there

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]


def pins(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if re.match(r"[A-Za-z]", line)]


def declared(extra: str | None) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return [Requirement(line) for line in lines if not line.startswith("dashlab")]


@pytest.mark.parametrize(
    ("extra", "requirements"),
    [(None, "requirements.txt"), ("app", "requirements.txt"), ("test", "requirements-dev.txt")],
)
def test_every_dependency_is_pinned_within_its_range(extra: str | None, requirements: str) -> None:
    for dependency in declared(extra):
        found = [pin for pin in pins(requirements) if pin.name == dependency.name]
        assert found, f"{dependency.name} has no pin in {requirements}: make lock"
        for pin in found:
            (specifier,) = pin.specifier
            assert specifier.operator == "=="
            assert specifier.version in dependency.specifier


def test_tests_run_with_the_versions_that_the_app_is_installed_with() -> None:
    dev = {str(pin) for pin in pins("requirements-dev.txt")}
    assert {str(pin) for pin in pins("requirements.txt")} <= dev


def test_what_is_installed_is_what_is_pinned() -> None:
    wanted = [pin for pin in pins("requirements-dev.txt") if pin.marker is None or pin.marker.evaluate()]
    different = {
        str(pin): installed
        for pin in wanted
        if (installed := importlib.metadata.version(pin.name)) not in pin.specifier
    }
    assert different == {}


def test_gpu_libraries_are_not_asked_of_a_mac() -> None:
    mac = {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"}
    for pin in pins("requirements.txt"):
        if pin.name.startswith(("nvidia-", "cuda-", "triton")):
            assert pin.marker is not None
            assert not pin.marker.evaluate(mac)


def test_an_old_python_is_told_which_one_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/x" if name == "python3.12" else None)
    sentence = there(bootstrap.too_old((3, 9, 18)))
    assert "needs Python 3.10 or newer, and this is Python 3.9" in sentence
    assert "make app PYTHON=python3.12" in sentence


def test_an_old_python_can_read_the_script_that_tells_it() -> None:
    tree = ast.parse((ROOT / "scripts" / "bootstrap.py").read_text(), feature_version=(3, 6))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    said = [function.returns for function in functions]
    said += [argument.annotation for function in functions for argument in function.args.args]
    # It would evaluate `str | None` or `list[str]` while it reads, and fail; names and texts are safe.
    assert said
    assert all(isinstance(annotation, ast.Name | ast.Constant) for annotation in said)


@pytest.mark.parametrize("version", [(3, 10, 0), (3, 11, 7), (4, 0, 0)])
def test_a_python_that_is_new_enough_is_taken(version: tuple[int, int, int]) -> None:
    assert bootstrap.too_old(version) is None


@pytest.fixture
def installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What bootstrap would have installed, in a project with two requirements files."""
    for name in bootstrap.REQUIREMENTS.values():
        (tmp_path / name).write_text("streamlit==1.67.0\n")
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    done: list[str] = []
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "describe", lambda python: "3.11.7 /usr")
    monkeypatch.setattr(bootstrap, "install", lambda kind, python: done.append(kind))
    return done


def test_a_second_start_installs_nothing(installs: list[str], tmp_path: Path) -> None:
    bootstrap.ensure("app", tmp_path / "venv")
    bootstrap.ensure("app", tmp_path / "venv")
    assert installs == ["app"]


def test_changed_requirements_are_installed(installs: list[str], tmp_path: Path) -> None:
    bootstrap.ensure("app", tmp_path / "venv")
    (tmp_path / "requirements.txt").write_text("streamlit==1.68.0\n")
    bootstrap.ensure("app", tmp_path / "venv")
    assert installs == ["app", "app"]


def test_what_the_tests_need_contains_what_the_app_needs(installs: list[str], tmp_path: Path) -> None:
    bootstrap.ensure("dev", tmp_path / "venv")
    bootstrap.ensure("app", tmp_path / "venv")
    assert installs == ["dev"]


def test_an_install_that_failed_is_tried_again(
    installs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(kind: str, python: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(bootstrap, "install", fail)
        with pytest.raises(KeyboardInterrupt):
            bootstrap.ensure("app", tmp_path / "venv")
    bootstrap.ensure("app", tmp_path / "venv")
    assert installs == ["app"]


@pytest.mark.parametrize("fails", ["nothing", "getting uv", "uv"])
def test_pip_installs_what_uv_cannot(fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def call(command: list[str]) -> int:
        tried.append("getting uv" if bootstrap.UV in command else "uv" if "uv" in command else "pip")
        return tried[-1] == fails

    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr(subprocess, "run", lambda command, check: call(command))
    bootstrap.install("app", tmp_path)
    assert (
        tried
        == {
            "nothing": ["getting uv", "uv"],
            "getting uv": ["getting uv", "pip"],
            "uv": ["getting uv", "uv", "pip"],
        }[fails]
    )


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser; returns the folder in which its programs are looked for."""
    monkeypatch.delenv("DASHLAB_BROWSER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(find_browser, "MAC_APPS", ())
    monkeypatch.setattr(find_browser, "playwrights_own", list)
    return tmp_path


def program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.usefixtures("bare_machine")
def test_a_missing_browser_fails_with_what_to_install() -> None:
    with pytest.raises(find_browser.NoBrowser, match="apt install chromium"):
        find_browser.find_browser()


def test_a_chrome_is_found_where_there_is_no_chromium(bare_machine: Path) -> None:
    chrome = program(bare_machine / "google-chrome", "echo Google Chrome 140")
    assert find_browser.find_browser() == chrome


def test_a_browser_that_does_not_start_is_passed_over(bare_machine: Path) -> None:
    program(bare_machine / "chromium-browser", "echo install the snap >&2; exit 1")
    chrome = program(bare_machine / "google-chrome", "echo Google Chrome 140")
    assert find_browser.find_browser() == chrome


def test_the_named_browser_is_preferred(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare_machine / "chromium", "echo Chromium 140")
    named = program(bare_machine / "brave", "echo Brave 1")
    monkeypatch.setenv("DASHLAB_BROWSER", named)
    assert find_browser.find_browser() == named


def test_a_named_browser_that_does_not_start_is_not_replaced(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(bare_machine / "chromium", "echo Chromium 140")
    monkeypatch.setenv("DASHLAB_BROWSER", "/nowhere/brave")
    with pytest.raises(find_browser.NoBrowser, match="DASHLAB_BROWSER names /nowhere/brave"):
        find_browser.find_or_install()


def test_a_browser_is_fetched_before_a_package_is_installed(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def install_package() -> None:
        steps.append("package")
        program(bare_machine / "chromium", "echo Chromium 140")

    monkeypatch.setattr(find_browser, "download", lambda: steps.append("download"))
    monkeypatch.setattr(find_browser, "install_package", install_package)
    assert find_browser.find_or_install() == str(bare_machine / "chromium")
    assert steps == ["download", "package"]


def test_a_download_that_stalls_is_ended_with_its_children(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = tmp_path / "child"
    stalling = f"sleep 60 & echo $! > {child}; wait"
    find_browser.attempt(["sh", "-c", stalling], 0.5, dict(os.environ))
    assert "was ended after" in capsys.readouterr().err
    assert is_gone(int(child.read_text()))


def is_gone(pid: int) -> bool:
    """Whether a process has ended, or ends within seconds; one that nobody has collected has ended too."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        psutil.Process(pid).wait(timeout=5)
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", ""])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    assert "PORT must be a whole number" in str(serve.problem(port))


def test_a_port_in_use_is_said_with_another_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "is_taken", lambda port: True)
    assert "make app PORT=8502" in str(serve.problem("8501"))


def test_equal_numbers_are_asked_for_again_under_every_narrower_instruction_set() -> None:
    assert list(sameness.narrower("AVX512")) == ["AVX2", "DEFAULT"]
    assert sameness.narrower("AVX2") == {
        "DEFAULT": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
    }
    assert sameness.narrower("DEFAULT") == sameness.narrower("NEON") == {}
