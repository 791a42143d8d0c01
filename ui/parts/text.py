"""Sentences on a page: what a link could not have, errors that are meant for people, plain text."""

from collections.abc import Sequence

import streamlit as st

from dashlab.errors import DashlabError


def show_notes(notes: Sequence[str]) -> None:
    """Say what had to be changed in the link that brought people here."""
    if notes:
        st.warning("  \n".join(map(as_text, notes)), icon=":material/link_off:")


def show_error(error: DashlabError) -> None:
    """An error that is meant for people, as the sentence it carries."""
    st.error(as_text(str(error)), icon=":material/error:")


def as_text(text: str) -> str:
    """`text` with every character that Markdown would read as markup made plain."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+|~$:" else c for c in text)
