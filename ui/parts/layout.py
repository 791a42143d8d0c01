"""Controls beside a picture; in a narrow window the picture comes first and its controls right under it."""

from typing import Any

import streamlit as st


def beside(name: str, *, controls: int = 3) -> tuple[Any, Any]:
    """Places for the controls, and for the picture that they move with all that belongs to it.

    Where there is room the controls stand at the left, and stay in sight while the page is scrolled. In a
    narrow window, or a wide one at a zoom of 200 %, the picture comes first, then the controls, then what
    follows `rest`. Keyboard and screen readers meet the controls before the picture in every window.
    `ui/frame/page.css` does this, by the keys.

    Args:
        name: of the view or page, the same in every run: letters and `_`.
        controls: tenths of the width that they take.
    """
    with st.container(key=f"beside-{name}"):
        left, stage = st.columns([controls, 10 - controls], gap="medium")
    return left, stage


def rest() -> None:
    """What is drawn beside the controls from here on comes after them in a narrow window.

    Call it at most once, directly in the second place of `beside`, not in a container within.
    """
    with st.container(key="rest"):
        st.empty()  # a container without anything in it is left out of the page
