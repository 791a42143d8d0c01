"""A Streamlit server of our own: on a free port, in its own process group, with its own folders."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
START_S = 60
STOP_S = 15
IDLE_SHARE = 0.1  # of a processor


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One running server of the app.

    Args:
        folder: what it writes goes below it: log, store, uploads.
        app: the script that it serves; None for the whole app, started as `make app` starts it.
        settings: more environment variables; they win over its own folders.
    """

    def __init__(self, folder: Path, app: Path | None = None, **settings: str) -> None:
        self.log = folder / "server.log"
        self.store = folder / "runs"
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        own = {"DASHLAB_STORE": self.store, "DASHLAB_DATA": folder / "data", "DASHLAB_OWN": folder / "own"}
        environment = os.environ | {name: str(path) for name, path in own.items()} | settings
        command = [sys.executable, "scripts/serve.py", str(self.port)]
        if app is not None:
            command = [sys.executable, "-m", "streamlit", "run", str(app), f"--server.port={self.port}"]
        folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def wait(self) -> Server:
        """Wait until it answers.

        Raises:
            RuntimeError: it ended, or did not answer in time; the text has its log.
        """
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                if urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5).status == 200:
                    return self
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"The server did not start. Its log:\n{self.log_text()}")

    def rest(self) -> Server:
        """Wait until what it does at its start is done: for a second it has had little to do."""
        until = time.monotonic() + START_S
        busy = self.processor_s()
        while time.monotonic() < until:
            time.sleep(1)
            before, busy = busy, self.processor_s()
            if busy - before < IDLE_SHARE:
                break
        return self

    def processor_s(self) -> float:
        """Seconds of processor that it and the processes below it have used so far."""
        family = (psutil.Process(self.process.pid), *self.children())
        return sum(sum(one.cpu_times()[:2]) for one in family)

    def log_text(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(errors="replace")

    def children(self) -> list[psutil.Process]:
        """The processes below it, workers among them."""
        try:
            found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return found

    def stop(self) -> list[str]:
        """End it as Ctrl-C does; whatever is left of it is killed.

        Returns:
            The command lines of processes that outlived it: none, if it cleans up after itself.
        """
        family = self.children()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_S)
        _, alive = psutil.wait_procs(family, timeout=5)
        left = [" ".join(process.cmdline()) for process in alive if process.is_running()]
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return left
