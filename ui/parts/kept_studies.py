"""Finished studies, read from the disk once and not on every rerun of a page."""

import streamlit as st

from dashlab.data.folders import store_folder
from dashlab.store import studies
from dashlab.store.studies import StoredStudy
from dashlab.training.study import Study

MOST = 8
"""So many studies stay in memory, for all sessions."""


def load(study: Study) -> StoredStudy | None:
    """What `studies.load` gives; parsed anew only where the file is another one than before.

    Raises:
        DamagedRun: see `studies.load`.
    """
    try:
        status = (store_folder() / "studies" / f"{study.key()}.json").stat()
    except OSError:
        return studies.load(study)
    return _read(study, (study.key(), str(store_folder()), status.st_mtime_ns, status.st_size))


@st.cache_resource(show_spinner=False, max_entries=MOST)
def _read(_study: Study, stamp: tuple[object, ...]) -> StoredStudy | None:  # noqa: ARG001  it is the key
    return studies.load(_study)
