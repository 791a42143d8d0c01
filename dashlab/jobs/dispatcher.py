"""One thread that does, one after the other, what may take seconds."""

import logging
import queue
import threading
from collections.abc import Callable

from dashlab.errors import JobError

logger = logging.getLogger(__name__)


class Dispatcher:
    """Runs commands in the order in which they come; its thread starts with the first one."""

    def __init__(self) -> None:
        self._commands: queue.Queue[Callable[[], None]] = queue.Queue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, command: Callable[[], None]) -> None:
        """Have `command` run soon; returns at once."""
        self._commands.put(command)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="dashlab-jobs", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            command = self._commands.get()
            try:
                command()
            except JobError as error:
                logger.warning("%s", error)
            except Exception:  # the thread must live on; a command that a person waits for tells them itself
                logger.exception("A command of the laboratory failed.")
