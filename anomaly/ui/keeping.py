"""What of a session lasts: finished runs in the store, and where the person looks in the address."""

import math
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from anomaly.detection import Detection
from anomaly.domain import Span
from anomaly.exceptions import AnomalyError
from anomaly.runs import RunStore, Verdict, open_store
from anomaly.settings import DetectSettings, FitSettings
from anomaly.ui import session
from anomaly.ui.plain import show_error
from anomaly.ui.signing_in import person

if TYPE_CHECKING:
    from anomaly.domain import Dataset
    from anomaly.fitting import Fitted
    from anomaly.jobs import FitJob
    from anomaly.runs.unfinished import Unfinished

RUN, RECORD, WINDOW, THRESHOLD, SHARE = "run", "record", "window", "threshold", "share"
ADDRESSED = "addressed threshold"
"""the threshold of the address that was opened, until it has been compared with the run's own"""


@st.cache_resource(show_spinner=False)
def _open() -> RunStore | None:
    return open_store()


def store() -> RunStore | None:
    """What the person at the page may see; None where nothing is to be kept, or nothing can be; why not is said."""
    try:
        kept = _open()
        return None if kept is None else kept.act_as(person())
    except AnomalyError as error:
        show_error(f"{error} Results last until this page is closed.")
        return None


_running: "dict[tuple[str, str], FitJob[Fitted]]" = {}
"""fits under way, by their owner and the id their run will have: whoever has left finds theirs by the address"""


def start_fit(dataset: "Dataset", settings: FitSettings) -> "FitJob[Fitted]":
    """A fit that is kept as a run when it ends, also if nobody looks any more, and goes on after a crash. Raises
    SettingsError where there is too little to learn from."""
    from anomaly.fitting import fit
    from anomaly.jobs import FitJob
    from anomaly.preparation import find_train_stops

    kept = store()
    if kept is None:
        return FitJob(dataset, settings, fit)
    find_train_stops(dataset, settings)
    try:
        folder = kept.workshop.begin(dataset, settings)
    except OSError:
        # No room on the disk: it can be fitted all the same.
        return FitJob(dataset, settings, fit)
    return _go_on(kept, dataset, settings, folder)


def _go_on(kept: RunStore, dataset: "Dataset", settings: FitSettings, folder: Path) -> "FitJob[Fitted]":
    from anomaly.jobs import FitJob
    from anomaly.runs.unfinished import fit_kept

    def finish(job: "FitJob[Fitted]") -> None:
        if job.result is not None and not job.is_discarded:
            # Where that fails, the page that looks says so, and tries again.
            with suppress(AnomalyError):
                kept.save(job.dataset, job.result, DetectSettings(), None, run=job.id)
        kept.workshop.remove(job.id)
        _running.pop((kept.person.id, job.id), None)

    job = FitJob(dataset, settings, fit_kept, finish, folder)
    if job.is_running:
        _running[kept.person.id, job.id] = job
    return job


def running() -> "list[FitJob[Fitted]]":
    """The person's fits under way, whichever page began them."""
    return [job for (owner, _), job in list(_running.items()) if owner == person().id]


def watch(job: "FitJob[Fitted]") -> None:
    """Show a fit under way; one that was watched so far goes on by itself."""
    opened = session.current()
    if opened is not None and opened.job is job:
        return
    if opened is not None:
        opened.job = None
    session.close()
    session.open_job(job)


def broken_off() -> "list[Unfinished]":
    """Fits whose server was ended while they learnt."""
    kept = store()
    return [] if kept is None else kept.workshop.broken_off()


def take_up(one: "Unfinished") -> None:
    """Go on with a fit that was broken off, from its last checkpoint. Raises AnomalyError where it cannot be."""
    kept = store()
    assert kept is not None, "only a store knows of fits that were broken off"
    dataset, settings = kept.workshop.take_up(one)
    session.close()
    session.open_job(_go_on(kept, dataset, settings, one.folder))


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
        # Who sent the address looked at it with another threshold than was kept.
        values = {"threshold_rule": "value", "threshold_value": addressed, "threshold_value_dragged": addressed}
        st.session_state[session.PENDING] = values
        st.rerun()
    kept = store()
    if kept is None:
        return
    if run.id is not None and run.role == "viewer":
        _write_address(run, detection)
        return
    try:
        if run.id is None:
            run.id = kept.save(run.dataset, run.fitted, settings, len(detection.events))
            kept.write_verdicts(run.id, run.verdicts)
        elif run.kept != settings:
            kept.look_again(run.id, settings, len(detection.events))
        run.kept = settings
    except AnomalyError as error:
        # Said once, not at every move of a slider.
        if run.kept is None:
            st.toast(str(error), icon=":material/warning:")
        run.kept = settings
        return
    _write_address(run, detection)


def write_running(job: "FitJob[Fitted]") -> None:
    """The address finds this fit again."""
    if (person().id, job.id) in _running and st.query_params.get(RUN) != job.id:
        st.query_params.from_dict({RUN: job.id})


def _write_address(run: session.Run, detection: Detection) -> None:
    view = run.view
    address = {RUN: run.id or "", THRESHOLD: f"{detection.threshold.value:.6g}"}
    if len(run.dataset.series) > 1:
        address[RECORD] = str(view.record)
    if view.window is not None:
        address[WINDOW] = f"{view.window.start}-{view.window.stop}"
    if {name: st.query_params.get(name) for name in (RUN, RECORD, WINDOW, THRESHOLD)} != {
        name: address.get(name) for name in (RUN, RECORD, WINDOW, THRESHOLD)
    }:
        st.query_params.from_dict(address)


def write_verdicts(run: session.Run, verdicts: tuple[Verdict, ...]) -> None:
    """Saved at once; on the screen they stay also where that fails."""
    run.verdicts = verdicts
    kept = store()
    if kept is None or run.id is None:
        return
    try:
        kept.write_verdicts(run.id, verdicts)
    except AnomalyError as error:
        st.toast(str(error), icon=":material/warning:")


def open_from_address() -> None:
    """Open the run that the address names, where it was looked at. What is wrong is said on the first page."""
    wanted = st.query_params.get(RUN)
    if not wanted:
        return
    address = {name: st.query_params.get(name, "") for name in (RECORD, WINDOW, THRESHOLD)}
    if (person().id, wanted) in _running:
        session.open_job(_running[person().id, wanted])
        return
    broken = next((one for one in broken_off() if one.id == wanted), None)
    try:
        if broken is not None:
            take_up(broken)
            return
        _accept(wanted, st.query_params.get(SHARE))
        show_kept(wanted)
    except AnomalyError as error:
        st.query_params.clear()
        st.session_state["refused"] = str(error)
        return
    opened = session.current()
    assert opened is not None and opened.run is not None
    _look_as(opened.run, address)
    with suppress(ValueError):
        st.session_state[ADDRESSED] = float(address[THRESHOLD])


def _accept(run: str, secret: str | None) -> None:
    """Come by the link in the address. One that has gone does not matter to who may see the run anyway."""
    kept = store()
    if kept is None or secret is None:
        return
    try:
        kept.sharing.accept(run, secret)
    except AnomalyError:
        if not is_kept(run):
            raise


def may_still_see(run: session.Run) -> str | None:
    """Why not, where a run was taken away while it was on the screen."""
    kept = store()
    if kept is None or run.id is None or not kept.person.has_account:
        return None
    try:
        run.role = kept.role(run.id)
    except AnomalyError as error:
        return str(error)
    return None


def _look_as(run: session.Run, address: dict[str, str]) -> None:
    """The record and window of the address, as far as they make sense for this run."""
    with suppress(ValueError):
        record = int(address[RECORD] or 0)
        if not 0 <= record < len(run.dataset.series):
            return
        run.view.record = record
        run.has_looked = bool(address[RECORD] or address[WINDOW])
        start, stop = map(int, address[WINDOW].split("-"))
        if 0 <= start < stop <= len(run.dataset.series[record]):
            run.view.window = Span(start, stop)


def show_kept(run: str) -> None:
    """Make a kept run what is open. Raises RunError or ModelFileError where that is not possible."""
    from anomaly.exceptions import RunError

    kept = store()
    if kept is None:
        raise RunError("No runs are kept here, so none can be opened.")
    dataset, fitted, detect = kept.open(run)
    shown = session.Run(dataset, fitted, id=run, role=kept.role(run), kept=detect, verdicts=kept.verdicts(run))
    session.open_kept(shown, detect)


def open_copy(run: str) -> None:
    """Open the data of a kept run, to be fitted with its settings or others. Raises RunError or ModelFileError."""
    from dataclasses import replace

    from anomaly.exceptions import RunError

    kept = store()
    if kept is None:
        raise RunError("No runs are kept here, so none can be copied.")
    name = kept.find(run).name
    dataset, fitted, _ = kept.open(run)
    session.open_dataset(replace(dataset, name=f"{name} (copy)"), fitted.settings)
