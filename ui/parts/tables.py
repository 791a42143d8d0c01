"""Files that a page hands out: tables as CSV, and all others."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st

from ui.parts import unexpected


def csv_download(
    label: str, rows: Callable[[], Iterable[Mapping[str, Any]]], file_name: str, key: str
) -> None:
    """A button that hands out what `rows` returns as a CSV file; its columns are the names in the first row.

    It is asked and written only when somebody presses the button: thousands of lines take their time.
    """
    download(label, lambda: csv_text(rows()), file_name, "text/csv", key)


def download(label: str, make: Callable[[], str | bytes], file_name: str, kind: str, key: str) -> None:
    """A button that hands out what `make` returns as a file of the MIME type `kind`; see `csv_download`."""
    st.download_button(
        label,
        unexpected.numbered(make),
        file_name,
        kind,
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """`rows` as CSV with a header line; empty when there are no rows."""
    rows = list(rows)
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
