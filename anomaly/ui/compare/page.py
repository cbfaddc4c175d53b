"""Which model for these data? Cells and settings side by side, next to untrained baselines."""

import itertools
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from anomaly.domain import AnomalyError, DetectSettings, FitSettings
from anomaly.ui import session
from anomaly.ui.lasting.signing_in import person
from anomaly.ui.panels.layout import begin_page, show_nothing_open
from anomaly.ui.plain import plain, show_error
from anomaly.ui.session import Comparison

if TYPE_CHECKING:
    from anomaly.evaluating import Contender, Kind

ABOUT = (
    "Which model for these data? Recurrent cells, a network that sees a fixed window, a bag of values without order "
    "and the plain last value forecast and score the same file, with the settings at the left."
)
MOST, MOST_KEPT = 12, 16
POLL_SECONDS = 0.5
ADDRESS = "compare"


def show() -> None:
    opened = begin_page() or _open_from_address()
    if opened is None:
        show_nothing_open("Compare", ABOUT)
        return
    from anomaly.ui.compare import results as comparison_results
    from anomaly.ui.panels import settings as settings_panel
    from anomaly.ui.panels.effort import show_effort_of_all

    with st.sidebar:
        settings_panel.show_settings_panel(can_fit=False)
    st.title("Compare", anchor=False)
    st.markdown(f"{ABOUT} File: **{plain(opened.dataset.name)}**.")
    comparison = opened.comparison
    if comparison is not None and comparison.dataset is not opened.dataset:
        comparison.stop()
        comparison = opened.comparison = None
    _show_choice(opened)
    if comparison is None:
        show_effort_of_all(opened)
        return
    st.query_params.from_dict({ADDRESS: comparison.id})
    if comparison.is_running:
        _poll()
        return
    for name, job in comparison.jobs.items():
        if job.error:
            show_error(f"{name}: {job.error}")
    if comparison.not_begun:
        st.warning(plain(f"Stopped before they had learnt anything, and left out: {', '.join(comparison.not_begun)}."))
    if comparison.contenders:
        comparison_results.show_comparison(opened, comparison.contenders)


def _show_choice(opened: session.Current) -> None:
    from anomaly.evaluating import BASELINES, KINDS

    running = opened.comparison is not None and opened.comparison.is_running
    offered = [kind for kind in KINDS if kind not in BASELINES]
    with st.form("compare", border=False):
        kinds = st.pills(
            "Models; the last value and the one a period before always stand beside them",
            offered,
            selection_mode="multi",
            default=offered,
            key="compare-kinds",
        )
        left, middle, right = st.columns([1, 1, 2], vertical_alignment="bottom")
        usual, several = "as at the left", "Several, separated by commas, are compared."
        bptt = left.text_input("BPTT steps", placeholder=usual, help=several, key="compare-bptt")
        units = middle.text_input("Hidden units", placeholder=usual, help=several, key="compare-units")
        if not right.form_submit_button("Compare", type="primary", disabled=running, icon=":material/compare_arrows:"):
            return
    try:
        opened.comparison = _start(opened, list(kinds), bptt, units)
    except AnomalyError as error:
        show_error(error)
        return
    st.rerun()


def _start(opened: session.Current, kinds: "list[Kind]", bptt: str, units: str) -> Comparison:
    """Every choice as a job of its own. Raises SettingsError for what cannot be fitted."""
    from anomaly.domain import SettingsError
    from anomaly.evaluating import BASELINES, contend
    from anomaly.runs import FitJob, workers

    settings = FitSettings(**opened.chosen) if opened.chosen else opened.fit
    lengths = _whole_numbers("BPTT steps", bptt, settings.bptt_steps)
    sizes = _whole_numbers("Hidden units", units, settings.hidden_units)
    choices: list[tuple[str, Kind, FitSettings]] = []
    for kind, steps, size in itertools.product(kinds, lengths, sizes):
        if kind == "bag" and (steps, size) != (lengths[0], sizes[0]):
            continue
        varied = [f"{steps} BPTT steps"] * (len(lengths) > 1) + [f"{size} units"] * (len(sizes) > 1)
        name = ", ".join([kind, *varied]) if kind != "bag" else kind
        # Through the constructor, which checks: a copy would not.
        changed = settings.model_dump() | {"bptt_steps": steps, "hidden_units": size}
        choices.append((name, kind, FitSettings(**changed)))
    if not kinds or len(choices) > MOST:
        raise SettingsError(f"Compare: expected 1 to {MOST} models to fit, found {len(choices)}.")
    choices += [(kind, kind, settings) for kind in BASELINES]
    detect = opened.detect or DetectSettings()
    jobs: dict[str, FitJob[Contender]] = {}
    at_once = workers()
    for name, kind, one in choices:
        work = partial(contend, kind=kind, name=name, detect_settings=detect)
        # One after another: a fit that somebody asks for meanwhile need not wait for all of them.
        before = list(jobs.values())[-at_once] if len(jobs) >= at_once else None
        jobs[name] = FitJob(opened.dataset, one, work, after=before)
    return _remember(Comparison(opened.dataset, person().id, jobs))


_comparisons: dict[str, Comparison] = {}
"""of this server: who closed the page finds theirs by its address, while it runs and for a time after"""


def _remember(comparison: Comparison) -> Comparison:
    _comparisons[comparison.id] = comparison
    # Each holds its data. One that runs is somebody's, who may come back.
    ended = [one for one in _comparisons.values() if not one.is_running]
    for old in ended[:-MOST_KEPT]:
        del _comparisons[old.id]
    return comparison


def _open_from_address() -> session.Current | None:
    """What is compared at the address that was opened, if anything."""
    wanted = st.query_params.get(ADDRESS)
    found = _comparisons.get(wanted or "")
    if found is None or found.owner != person().id:
        if wanted:
            st.warning("This comparison is not here any more: it lasts as long as the server runs.")
            st.query_params.clear()
        return None
    session.open_dataset(found.dataset, next(iter(found.jobs.values())).settings)
    opened = session.current()
    assert opened is not None
    opened.comparison = found
    return opened


def _whole_numbers(title: str, text: str, usual: int) -> list[int]:
    from anomaly.domain import SettingsError

    parts = [part.strip().replace("_", "") for part in text.split(",") if part.strip()] or [str(usual)]
    if not all(part.isdecimal() for part in parts):
        raise SettingsError(f"{title}: expected whole numbers separated by commas, found {text!r}.")
    return list(dict.fromkeys(map(int, parts)))


@st.fragment(run_every=POLL_SECONDS)
def _poll() -> None:
    opened = session.current()
    if opened is None or opened.comparison is None or not opened.comparison.is_running:
        st.rerun()
    comparison = opened.comparison
    for name, job in comparison.jobs.items():
        epochs = job.epochs
        if not job.is_running:
            done, text = 1.0, "done" if job.error is None else "failed"
        elif job.is_waiting:
            done, text = 0.0, f"waits for its turn, after {job.ahead}" if job.ahead else "begins"
        elif job.is_silent:
            done, text = 0.0, f"hangs: no sign of life for {job.silence:.0f} s"
        elif not epochs:
            done, text = 0.0, "begins"
        else:
            done, text = epochs[-1].number / epochs[-1].epochs, f"epoch {epochs[-1].number} of {epochs[-1].epochs}"
        st.progress(done, f"{plain(name)} · {text}")
    left, _ = st.columns([1, 3])
    left.button("Stop and use what there is", on_click=comparison.stop, icon=":material/stop_circle:", width="stretch")
