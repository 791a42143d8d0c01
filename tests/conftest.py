"""What every test gets: folders of its own, and no way to be skipped without anybody noticing."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parent.parent
# Every folder that dashlab keeps for a user, by the variable that moves it.
FOLDERS = {"DASHLAB_STORE": "runs", "DASHLAB_DATA": "data", "DASHLAB_OWN": "own"}
APP_TIMEOUT_S = 60  # the first page of a process imports torch, on a machine that may be busy

FULL_DATA = pytest.StashKey[str]()
LEFT_OUT = pytest.StashKey[list[str]]()
USERS_FOLDERS = pytest.StashKey["tempfile.TemporaryDirectory[str]"]()


def pytest_configure(config: pytest.Config) -> None:
    """Turn away from the user's folders before anything is imported or started.

    Fixtures of a wider scope than one test (a server, a worker) start in these folders too; each test then
    gets its own, by `own_folders`.
    """
    sent = getattr(config, "workerinput", {})  # from the process that hands the tests out, with `-n`
    config.stash[FULL_DATA] = sent.get("full_data", os.environ.get("DASHLAB_DATA", ""))
    config.stash[LEFT_OUT] = []
    config.stash[USERS_FOLDERS] = tempfile.TemporaryDirectory(prefix="dashlab-tests-")
    for variable, name in FOLDERS.items():
        os.environ[variable] = str(Path(config.stash[USERS_FOLDERS].name) / name)
    os.environ.pop("DASHLAB_SCHEDULER", None)
    # `kill` ends a run of the tests as Ctrl-C does: servers, workers and browsers are ended with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """With `-n`: tell a process that runs tests where the full data sets are."""
    node.workerinput["full_data"] = node.config.stash[FULL_DATA]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """With `-n`: take over which tests such a process left out; each of them has seen all tests."""
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With `-n`: report which tests were left out."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash[LEFT_OUT]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folders that stood in for the user's."""
    config.stash[USERS_FOLDERS].cleanup()


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store, a data folder and a folder of uploads that only this test sees, all empty at first."""
    for variable, name in FOLDERS.items():
        monkeypatch.setenv(variable, str(tmp_path / "dashlab" / name))


@pytest.fixture(scope="session")
def one_thread() -> None:
    """One thread of torch, for tests that compute in this process.

    Two on a busy machine are many times slower, and they add in another order, which can tell.
    """
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def full_data(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of full data sets; for tests that are marked `needs_full_data`."""
    folder = Path(pytestconfig.stash[FULL_DATA]).resolve()
    monkeypatch.setenv("DASHLAB_DATA", str(folder))
    return folder


@pytest.fixture
def open_app() -> Callable[..., AppTest]:
    """The app without a browser, on its home page or on another: `open_app("pages/1_Trainer.py").run()`.

    Keyword arguments are values of the address: `open_app(page, train_epochs="3")`.
    """
    from streamlit.testing.v1 import AppTest

    def start(page: str | None = None, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=APP_TIMEOUT_S)
        for name, value in query.items():
            app.query_params[name] = value
        return app.switch_page(page) if page else app

    return start


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, and name at the end, the tests of full data sets where there are none."""
    folder = config.stash[FULL_DATA]
    if folder and Path(folder).is_dir():
        return
    left_out = [item for item in items if item.get_closest_marker("needs_full_data")]
    config.stash[LEFT_OUT] = [item.nodeid for item in left_out]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which tests were left out."""
    left_out = config.stash[LEFT_OUT]
    if left_out:
        terminalreporter.section("left out: they read the full data sets, and DASHLAB_DATA names no folder")
        for nodeid in left_out:
            terminalreporter.line(nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what was skipped or is expected to fail: a test that does not run proves nothing."""
    report = yield
    refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a file that skips itself as a whole."""
    report = yield
    refuse(report)
    return report


def refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a report of a skip, an expected failure or an unexpected pass into a failure."""
    expected_to_fail = hasattr(report, "wasxfail")
    if not (report.skipped or expected_to_fail):
        return
    reason = getattr(report, "wasxfail", None) or report.longrepr
    if isinstance(reason, tuple):  # (file, line, reason) of a skip
        reason = reason[2]
    word = "expected to fail" if expected_to_fail else "skipped"
    report.outcome = "failed"
    report.longrepr = f"Here no test is {word}: make it pass, or remove it ({reason})"
    if expected_to_fail:
        del report.wasxfail
