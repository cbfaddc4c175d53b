"""What of a session lasts: finished runs, in the store, and what the person looks at, in the page's address."""

import math
from collections.abc import Callable

import streamlit as st

from anomaly.detecting import Detection
from anomaly.domain import AccessError, AnomalyError, DetectSettings, RunError
from anomaly.runs import RunStore, Verdict
from anomaly.ui import session
from anomaly.ui.lasting.opened_store import open_here as _open
from anomaly.ui.lasting.signing_in import SIGNED_OUT, person, signed_out_check
from anomaly.ui.plain import plain, show_error

RUN, RECORD, WINDOW, EVENT, THRESHOLD, SHARE = "run", "record", "window", "event", "threshold", "share"
LOOKED_AT = (RECORD, WINDOW, EVENT, THRESHOLD)
ADDRESSED = "addressed threshold"
"""the threshold of the address that was opened, until it has been compared with the run's own"""
FOLLOWED = "followed"
"""while that threshold is set"""


def find_store() -> RunStore | None:
    """The store for the person at the page; None where nothing is to be kept. Raises AnomalyError where it cannot be
    opened."""
    kept = _open()
    return None if kept is None else kept.act_as(person())


def store(is_said: bool = True) -> RunStore | None:
    """The store for the person at the page; None where nothing is to be kept, or can be (`is_said`: says why)."""
    try:
        return find_store()
    except AnomalyError as error:
        if is_said:
            show_error(f"{error} Results last until this page is closed.")
        return None


def is_kept(run: str) -> bool:
    kept = store()
    if kept is None:
        return False
    try:
        kept.find(run)
    except AnomalyError:
        return False
    return True


def keep(run: session.Run, detection: Detection, settings: DetectSettings) -> None:
    """Keep a run when it is first shown, and afterwards how it is looked at; the address says what is on the screen."""
    addressed = st.session_state.pop(ADDRESSED, None)
    if addressed is not None and not math.isclose(addressed, detection.threshold.value, rel_tol=1e-5):
        # Who sent the address looked at it with another threshold than was kept. To follow a link changes nothing:
        # only what is chosen afterwards is kept.
        values = {"threshold_rule": "value", "threshold_value": addressed, "threshold_value_dragged": addressed}
        st.session_state[session.PENDING] = values
        st.session_state[FOLLOWED] = True
        st.rerun()
    kept = store()
    if kept is None:
        return
    is_followed = st.session_state.pop(FOLLOWED, False)
    if run.id is not None and (run.role == "viewer" or is_followed):
        run.kept = settings
        write_address(run, detection)
        return
    try:
        if run.id is None:
            # The end of the fit, or another tab that went on with it, may have kept it after all.
            if run.fit is not None and is_kept(run.fit):
                run.id = run.fit
            else:
                run.id = kept.save(run.dataset, run.fitted, settings, len(detection.events), run=run.fit)
            if run.fit is not None:
                # What the end of the fit could not keep, and left to be gone on with.
                kept.workshop.remove(run.fit)
            kept.change_verdicts(run.id, lambda _: run.verdicts)
        elif run.kept != settings:
            kept.look_again(run.id, settings, len(detection.events), is_first=run.kept is None)
        run.kept, run.refused = settings, None
    except AnomalyError as error:
        # Tried again at the next look; said once, not at every move of a slider.
        if run.refused != str(error):
            st.toast(plain(error), icon=":material/warning:")
        run.refused = str(error)
        return
    write_address(run, detection)


def write_address(run: session.Run, detection: Detection) -> None:
    """Write what is on the screen into the address: a colleague who opens it sees the same."""
    view = run.view
    address = {RUN: run.id or "", THRESHOLD: f"{detection.threshold.value:.6g}"}
    if len(run.dataset.series) > 1:
        address[RECORD] = str(view.record)
    if view.window is not None:
        address[WINDOW] = f"{view.window.start}-{view.window.stop}"
    if view.selected is not None:
        address[EVENT] = f"{view.selected.start}-{view.selected.stop}"
    if any(st.query_params.get(name) != address.get(name) for name in (RUN, *LOOKED_AT)):
        st.query_params.from_dict(address)


def change_verdicts(run: session.Run, change: Callable[[tuple[Verdict, ...]], tuple[Verdict, ...]]) -> bool:
    """Saved at once, to what others have judged meanwhile. Where the store does not answer it stays on the screen, and
    is saved with the next. False where it was refused."""
    kept = store()
    run.unsaved.append(change)
    try:
        if kept is None or run.id is None:
            run.verdicts = run.with_unsaved(run.verdicts)
        else:
            run.verdicts = kept.change_verdicts(run.id, run.with_unsaved)
        run.unsaved.clear()
    except AccessError as error:
        run.unsaved.clear()
        st.toast(plain(error), icon=":material/warning:")
        return False
    except AnomalyError as error:
        run.verdicts = change(run.verdicts)
        st.toast(plain(error), icon=":material/warning:")
    return True


def refresh(run: session.Run) -> str | None:
    """What others did meanwhile to a kept run that is on the screen: their verdicts, and what one may do oneself. Why
    not, where it was taken away."""
    kept = store(is_said=False)
    if kept is None or run.id is None:
        return None
    try:
        run.role, verdicts = kept.standing(run.id)
        run.verdicts = run.with_unsaved(verdicts)
    except AccessError as error:
        # Without accounts it was deleted here, in another tab: what is on the screen stays.
        return str(error) if kept.person.has_account else None
    except AnomalyError:
        # The store does not answer, and says so where something is to be kept.
        return None
    return None


def guard(run: session.Run, name: str, build: Callable[[], bytes]) -> Callable[[], bytes]:
    """`build` for the download `name`, which is made when it is asked for, by then perhaps of a run that was taken
    away. It runs in a thread that knows of no page: who asks is known here."""
    kept, is_out = store(is_said=False), signed_out_check()

    def build_or_refuse() -> bytes:
        if is_out():
            raise AccessError(SIGNED_OUT)
        if kept is not None and run.id is not None and kept.person.has_account:
            kept.note(run.id, f"took {name}")
        return build()

    return build_or_refuse


def show_kept(run: str) -> None:
    """Make a kept run what is open. Raises AnomalyError where that is not possible."""
    kept = find_store()
    if kept is None:
        raise RunError("No runs are kept here, so none can be opened.")
    dataset, fitted, detect = kept.open(run)
    role, verdicts = kept.standing(run)
    shown = session.Run(dataset, fitted, id=run, role=role, kept=detect, verdicts=verdicts)
    session.open_kept(shown, detect)


def open_copy(run: str) -> None:
    """Open the data of a kept run, to be fitted with its settings or others. Raises AnomalyError."""
    from dataclasses import replace

    kept = find_store()
    if kept is None:
        raise RunError("No runs are kept here, so none can be copied.")
    dataset, fitted, _ = kept.open(run, "took a copy of its data")
    session.open_dataset(replace(dataset, name=f"{dataset.name} (copy)"), fitted.settings)
