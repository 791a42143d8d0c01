"""Runs that belong together, found once: a list is gone through again only where it has changed."""

from collections.abc import Callable, Mapping, Sequence

from dashlab.store.summary import RunSummary

By = Callable[[RunSummary], str]
"""The name of the group that a run belongs to; `""` for none. It must depend on nothing but the run."""


class Grouping:
    """The groups that one question makes of a list of runs.

    Args:
        by: asked once of each run, and again only when the run has changed.
    """

    def __init__(self, by: By) -> None:
        self._by = by
        self._known: tuple[Sequence[RunSummary], Mapping[str, tuple[RunSummary, ...]]] = ((), {})
        self._answers: dict[str, tuple[RunSummary, str]] = {}  # by key

    def of(self, runs: Sequence[RunSummary]) -> Mapping[str, tuple[RunSummary, ...]]:
        """The groups by their names, each in the order of `runs`; the same list again costs nothing."""
        known, groups = self._known
        if known is runs:
            return groups
        answers: dict[str, tuple[RunSummary, str]] = {}
        members: dict[str, list[RunSummary]] = {}
        for run in runs:
            before = self._answers.get(run.key)
            answer = before if before is not None and before[0] is run else (run, self._by(run))
            answers[run.key] = answer
            if answer[1]:
                members.setdefault(answer[1], []).append(run)
        groups = {name: tuple(of_group) for name, of_group in members.items()}
        self._answers, self._known = answers, (runs, groups)
        return groups
