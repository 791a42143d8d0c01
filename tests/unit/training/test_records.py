"""Results that are written as JSON and read back."""

from __future__ import annotations

from dashlab.training import records
from dashlab.training.results import StepRow

ROW = StepRow(step=1, window=1, loss=0.5, accuracy=0.25, lr=0.1)


def test_the_types_of_a_record_are_worked_out_once_a_class() -> None:
    records.row_from_plain(records.plain_row(ROW))
    before = records._hints.cache_info()
    for _ in range(50):
        assert records.row_from_plain(records.plain_row(ROW)) == ROW
    after = records._hints.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (0, 50)
