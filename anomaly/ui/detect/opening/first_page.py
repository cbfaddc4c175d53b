"""The first page. It imports next to nothing, so that it shows at once; what it leads to is imported on the way."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from anomaly.domain import FILE_ENDINGS, AnomalyError, FitSettings
from anomaly.ui import session
from anomaly.ui.lasting.signing_in import name_signed_in
from anomaly.ui.plain import show_error


def show_opening() -> None:
    """Upload a file, or see a demonstration."""
    st.title("Unforeseen", anchor=False)
    st.markdown(
        "Open a file of sensor or medical-record time series. A recurrent network learns what usually comes next; "
        "where the next value could not be foreseen, that stretch is an **anomaly**. "
        + ("Nothing leaves this computer." if name_signed_in() is None else "Nobody else sees it unless you share it.")
    )
    uploaded = st.file_uploader(
        "CSV, Excel, ODS, Parquet, Feather, JSON, NumPy, WFDB or EDF, packed (gzip, zip) or not: a row per time step "
        "or a row per measurement. Several files are the records of one dataset.",
        type=list(FILE_ENDINGS),
        accept_multiple_files=True,
        # Streamlit tells the limit of one file alone, and of a refusal only its number.
        help=f"Together at most {session.most_bytes() // 2**20:,} MB at a time.",
        # A refused file is taken out of the box (by another box), so that the next one is read on its own.
        key=f"upload-{st.session_state.get(session.UPLOADS, 0)}",
    )
    if "refused" in st.session_state and not uploaded:
        show_error(st.session_state["refused"])
    if uploaded:
        files = [(file.getvalue(), file.name) for file in uploaded]
        open_files(files, on_end=partial(session.forget_uploads, uploaded))
    st.subheader("Or see it at work", anchor=False)

    from anomaly.ui.detect.opening.demos import show_demos

    show_demos(open_files)
    with st.expander("Public data sets with known anomalies", icon=":material/public:"):
        from anomaly.ui.detect.opening.public_data import show_catalogue

        show_catalogue(open_files)

    from anomaly.reading import prepare_reader

    prepare_reader()


def open_files(
    files: list[tuple[bytes, str]],
    start: FitSettings | None = None,
    known: tuple[bytes, str] | None = None,
    on_end: Callable[[], None] = lambda: None,
) -> None:
    """Read and go on to the next page; with `start`, straight to training. `known` is a file of known anomalies. What
    is wrong is said here. `on_end` is called when they were read, or refused; not where reading was broken off by
    something else that the person asked for, after which it begins anew."""
    from anomaly.ui.lasting import fits
    from anomaly.ui.session.memory import return_large_blocks

    return_large_blocks()
    try:
        with st.spinner("Opening …"):
            opened = session.open_upload(files, start or FitSettings(), known)
        if start is not None:
            fits.start_job(opened)
    except AnomalyError as error:
        st.session_state["refused"] = str(error)
        session.new_upload_box()
    else:
        st.session_state.pop("refused", None)
    on_end()
    st.rerun()
