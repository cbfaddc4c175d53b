"""The first page. It imports next to nothing, so that it shows at once; what it leads to is imported on the way."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

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
        # A refused file is taken out of the box (by another box), so that the next one is read on its own.
        key=f"upload-{st.session_state.get(session.UPLOADS, 0)}",
    )
    if "refused" in st.session_state and not uploaded:
        show_error(st.session_state["refused"])
    if uploaded:
        files = [(file.getvalue(), file.name) for file in uploaded]
        _forget(uploaded)
        open_files(files)
    st.subheader("Or see it at work", anchor=False)

    from anomaly.ui.detect.opening.demos import show_demos

    show_demos(open_files)
    with st.expander("Public data sets with known anomalies", icon=":material/public:"):
        from anomaly.ui.detect.opening.public_data import show_catalogue

        show_catalogue(open_files)


def _forget(uploaded: list[UploadedFile]) -> None:
    """The bytes of an upload would stay in the server's memory until the visitor leaves: they are read now."""
    context = get_script_run_ctx()
    # Only the store that keeps files in memory can remove one.
    remove = getattr(context and context.uploaded_file_mgr, "remove_file", None)
    if context is not None and remove is not None:
        for file in uploaded:
            remove(session_id=context.session_id, file_id=file.file_id)


def open_files(
    files: list[tuple[bytes, str]], start: FitSettings | None = None, known: tuple[bytes, str] | None = None
) -> None:
    """Read and go on to the next page; with `start`, straight to training. `known` is a file of known anomalies. What
    is wrong is said here."""
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
    st.rerun()
