"""What a page waits for: the bar meanwhile, and the end of the wait when a newer setting comes."""

from __future__ import annotations

from typing import ClassVar

import pytest
from streamlit.testing.v1 import AppTest

from dashlab import jobs


class SlowTicket:
    """An answer that is there at the third look."""

    left: ClassVar[list[int]] = []

    def __init__(self, value: int) -> None:
        self.value = value
        self.looks = 0

    def __enter__(self) -> SlowTicket:
        return self

    def __exit__(self, *_: object) -> None:
        self.left.append(self.value)

    def wait(self, _timeout_s: float | None = None) -> bool:
        self.looks += 1
        return self.looks > 3

    def result(self) -> int:
        return 10 * self.value


@pytest.fixture
def tickets(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers whose tickets were given back."""
    monkeypatch.setattr(SlowTicket, "left", [])
    monkeypatch.setattr(jobs, "ask", lambda _function, value: SlowTicket(value))
    return SlowTicket.left


def one() -> None:
    import streamlit as st

    from ui.parts.computed import computed

    st.markdown(str(computed(abs, 4, doing="Counting …")))


def several() -> None:
    import streamlit as st

    from ui.parts import computed

    bars: list[tuple[float, str]] = []
    place = st.empty
    st.session_state["bars"] = bars

    class Place:
        def progress(self, share: float, words: str) -> None:
            bars.append((share, words))

        def empty(self) -> None:
            bars.append((-1.0, ""))

    st.empty = Place  # type: ignore[assignment]
    try:
        st.markdown(str(computed.computed_each(abs, [4, 5], doing="Counting …")))
    finally:
        st.empty = place


def test_what_takes_long_is_waited_for_and_its_ticket_given_back(tickets: list[int]) -> None:
    app = AppTest.from_function(one).run()
    assert not app.exception
    assert app.markdown[0].value == "40"
    assert tickets == [4]


def test_several_are_waited_for_behind_a_bar_that_goes(tickets: list[int]) -> None:
    app = AppTest.from_function(several).run()
    assert not app.exception
    assert app.markdown[0].value == "[40, 50]"
    bars = app.session_state["bars"]
    assert bars[0] == (0.0, "Counting …")
    assert bars[-1] == (-1.0, "")
    assert sorted(tickets) == [4, 5]


def test_a_newer_setting_ends_the_wait_and_gives_the_ticket_back(
    tickets: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Newer(BaseException):
        """As Streamlit ends a run for the next one."""

    def newer() -> None:
        raise Newer

    monkeypatch.setattr("ui.parts.computed._make_way", newer)
    from ui.parts.computed import computed

    with pytest.raises(Newer):
        computed(abs, 4, doing="Counting …")
    assert tickets == [4]
