"""Which model for these data? Cells and settings side by side, and what sees no sequence beside them."""

import itertools
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from anomaly.exceptions import AnomalyError
from anomaly.settings import DetectSettings, FitSettings
from anomaly.ui import session
from anomaly.ui.layout import begin_page, show_nothing_open
from anomaly.ui.plain import plain, show_error

if TYPE_CHECKING:
    from anomaly.comparison import Contender, Kind
    from anomaly.domain import Dataset
    from anomaly.jobs import FitJob

ABOUT = (
    "Which model for these data? Recurrent cells, a network that sees a fixed window, a bag of values without order "
    "and the plain last value forecast and score the same file, with the settings at the left."
)
MOST = 12
POLL_SECONDS = 0.5


@dataclass
class Comparison:
    """Fits of one dataset side by side, running or done."""

    dataset: "Dataset"
    jobs: "dict[str, FitJob[Contender]]" = field(default_factory=dict)

    @property
    def is_running(self) -> bool:
        return any(job.is_running for job in self.jobs.values())

    @property
    def contenders(self) -> "list[Contender]":
        return [job.result for job in self.jobs.values() if job.result is not None]

    def stop(self) -> None:
        for job in self.jobs.values():
            job.stop()


def show() -> None:
    opened = begin_page()
    if opened is None:
        show_nothing_open("Compare", ABOUT)
        return
    from anomaly.ui import comparison_results, settings_panel

    with st.sidebar:
        settings_panel.show_settings_panel(fits=False)
    st.title("Compare", anchor=False)
    st.markdown(f"{ABOUT} File: **{plain(opened.dataset.name)}**.")
    comparison = opened.comparison
    if comparison is not None and comparison.dataset is not opened.dataset:
        comparison.stop()
        comparison = opened.comparison = None
    _show_choice(opened)
    if comparison is None:
        return
    if comparison.is_running:
        _poll()
        return
    for name, job in comparison.jobs.items():
        if job.error:
            show_error(f"{name}: {job.error}")
    if comparison.contenders:
        comparison_results.show_comparison(opened, comparison.contenders)


def _show_choice(opened: session.Current) -> None:
    from anomaly.comparison import BASELINES, KINDS

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
        now = _settings(opened)
        bptt = left.text_input(
            "BPTT steps", str(now.bptt_steps), help="Several, separated by commas, are compared.", key="compare-bptt"
        )
        units = middle.text_input(
            "Hidden units",
            str(now.hidden_units),
            help="Several, separated by commas, are compared.",
            key="compare-units",
        )
        if not right.form_submit_button("Compare", type="primary", disabled=running, icon=":material/compare_arrows:"):
            return
    try:
        opened.comparison = _start(opened, list(kinds), bptt, units)
    except AnomalyError as error:
        show_error(error)
        return
    st.rerun()


def _settings(opened: session.Current) -> FitSettings:
    try:
        return FitSettings(**opened.chosen) if opened.chosen else opened.fit
    except AnomalyError:
        return opened.fit


def _start(opened: session.Current, kinds: "list[Kind]", bptt: str, units: str) -> Comparison:
    """Every choice as a job of its own. Raises SettingsError for what cannot be fitted."""
    from anomaly.comparison import BASELINES, contend
    from anomaly.exceptions import SettingsError
    from anomaly.jobs import FitJob

    settings = FitSettings(**opened.chosen) if opened.chosen else opened.fit
    lengths, sizes = _whole_numbers("BPTT steps", bptt), _whole_numbers("Hidden units", units)
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
    return Comparison(
        opened.dataset,
        {
            name: FitJob(opened.dataset, one, partial(contend, kind=kind, name=name, detect_settings=detect))
            for name, kind, one in choices
        },
    )


def _whole_numbers(title: str, text: str) -> list[int]:
    from anomaly.exceptions import SettingsError

    parts = [part.strip().replace("_", "") for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
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
            done, text = 0.0, "waits for its turn"
        elif not epochs:
            done, text = 0.0, "begins"
        else:
            done, text = epochs[-1].number / epochs[-1].epochs, f"epoch {epochs[-1].number} of {epochs[-1].epochs}"
        st.progress(done, f"{plain(name)} · {text}")
    left, _ = st.columns([1, 3])
    left.button("Stop and use what there is", on_click=comparison.stop, icon=":material/stop_circle:", width="stretch")
