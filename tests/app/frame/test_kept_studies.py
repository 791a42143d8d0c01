"""A finished study is parsed once, however often its page is drawn."""

from __future__ import annotations

import os

import pytest

from dashlab.data.folders import store_folder
from dashlab.errors import DamagedRun
from dashlab.experiments.batchnorm.rows import TwinsConfig
from dashlab.store import studies
from dashlab.store.studies import StoredStudy
from dashlab.training.study import Study, StudyOutcome
from ui.parts import kept_studies

STUDY = TwinsConfig(points=100, hidden=(4,), epochs=2)


def keep(seconds: float) -> None:
    rows = tuple(row for row in STUDY.rows() if isinstance(row, STUDY.ROW))
    studies.save(STUDY, StudyOutcome(state="finished", rows=rows, seconds=seconds, environment={}))


def test_a_study_is_parsed_once_and_anew_where_its_file_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    honest = studies.load

    def counted(study: Study) -> StoredStudy | None:
        parsed.append(study.key())
        return honest(study)

    monkeypatch.setattr(studies, "load", counted)
    assert kept_studies.load(STUDY) is None
    keep(1.0)
    parsed.clear()
    for _ in range(3):
        found = kept_studies.load(STUDY)
        assert found is not None
        assert len(found.rows) == 3
    assert len(parsed) == 1
    keep(22.5)
    again = kept_studies.load(STUDY)
    assert again is not None
    assert again.seconds == 22.5


def test_a_study_that_is_damaged_later_is_not_shown() -> None:
    keep(1.0)
    assert kept_studies.load(STUDY) is not None
    path = store_folder() / "studies" / f"{STUDY.key()}.json"
    path.write_bytes(path.read_bytes()[:-9])
    os.utime(path)
    with pytest.raises(DamagedRun):
        kept_studies.load(STUDY)
