"""How jobs ended that are forgotten otherwise: a batch of many still asks for each of its parts."""

from dataclasses import replace

from dashlab.jobs.tracking import Progress


class Endings:
    """States and sentences of jobs that are over, without their rows. Whoever calls holds the lab's lock.

    Args:
        most: how many are kept; those that nobody has asked for longest go first.
    """

    def __init__(self, most: int = 5000) -> None:
        self._most = most
        self._progress: dict[str, Progress] = {}

    def put(self, progress: Progress) -> None:
        """Keep how this job ended."""
        self._progress.pop(progress.key, None)
        self._progress[progress.key] = replace(progress, started=None, steps=(), epochs=(), rows=())
        while len(self._progress) > self._most:
            del self._progress[next(iter(self._progress))]

    def get(self, key: str) -> Progress | None:
        """How the job ended, and keep that for longer."""
        ending = self._progress.pop(key, None)
        if ending is not None:
            self._progress[key] = ending
        return ending
