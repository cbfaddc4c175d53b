"""Public data sets on the first page: fetched from their publishers only when asked for."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from anomaly.domain import AnomalyError, temporary_folder
from anomaly.reading import Entry, catalogue
from anomaly.ui.plain import plain, show_error

Open = Callable[[list[tuple[bytes, str]], None, tuple[bytes, str] | None], None]


def show_catalogue(open_files: Open) -> None:
    every = catalogue.entries()
    st.markdown(
        "None of these is part of the app. One is downloaded from its publisher, under its own licence, and checked, "
        "when you ask for it; `python -m anomaly datasets get NAME` does the same."
    )
    # An archive of many series is no one dataset: it is for the command line, and to choose from.
    single = [one for one in every if one.members is None]
    chosen = st.selectbox("Data set", single, format_func=lambda one: one.title)
    st.caption(f"{plain(chosen.labelled)} Licence: {plain(chosen.licence)}")
    if st.button("Download and open", icon=":material/download:"):
        _open(chosen, open_files)
    for one in every:
        if one.members is not None:
            st.markdown(f"`python -m anomaly datasets get {one.name}`: {plain(one.title)}. {plain(one.labelled)}")


def _open(entry: Entry, open_files: Open) -> None:
    try:
        with st.spinner("Downloading …"), temporary_folder() as folder:
            data, known = catalogue.parts_of(entry, catalogue.get(entry, Path(folder)))
            files = [(path.read_bytes(), path.name) for path in data]
            labels = None if known is None else (known.read_bytes(), known.name)
    except AnomalyError as error:
        show_error(error)
        return
    open_files(files, None, labels)
