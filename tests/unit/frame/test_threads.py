"""The server's own process computes on one core, and no other process is told so."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
import torch

from ui.frame import threads


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    count = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(count)


@pytest.mark.parametrize(("is_server", "count"), [(True, 1), (False, 2)])
def test_only_a_server_is_put_on_one_core(
    monkeypatch: pytest.MonkeyPatch, is_server: bool, count: int
) -> None:
    monkeypatch.setattr("streamlit.runtime.exists", lambda: is_server)
    threads.compute_on_one_core()
    assert torch.get_num_threads() == count


def test_where_torch_is_not_there_yet_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.runtime.exists", lambda: True)
    monkeypatch.delitem(sys.modules, "torch")
    threads.compute_on_one_core()
    assert torch.get_num_threads() == 2
