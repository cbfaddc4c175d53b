"""The part of a file that may be what is normal, where the file tells of one: learnt from in one press, and back."""

import streamlit as st

from anomaly.detecting import HealthySpan, propose_train_span
from anomaly.ui import session
from anomaly.ui.lasting import fits
from anomaly.ui.panels.settings import LEADING_STEPS, SPANS, WHOLE_FILE
from anomaly.ui.plain import plain


def show_healthy_span(opened: session.Current) -> None:
    """Nothing where the person chose what to learn from, or nothing is proposed."""
    learnt = opened.fit if opened.run is None else opened.run.fitted.settings
    proposal = None
    if not learnt.names_train_span or learnt.train_rows is not None:
        proposal = _propose(opened)
    if proposal is None:
        return
    if not learnt.names_train_span:
        st.info(plain(proposal.reason), icon=":material/vital_signs:")
        label, steps = f"Learn from the part before {proposal.until}", proposal.steps
    elif learnt.train_rows == proposal.steps:
        label, steps = "Learn from the whole file", None
    else:
        return
    busy = opened.job is not None and opened.job.is_running
    if st.button(label, icon=":material/straighten:", disabled=busy, key="healthy"):
        _learn(opened, steps)


def _propose(opened: session.Current) -> HealthySpan | None:
    """Looked for once in what is open."""
    if opened.healthy is None or opened.healthy[0] is not opened.dataset:
        opened.healthy = opened.dataset, propose_train_span(opened.dataset)
    return opened.healthy[1]


def _learn(opened: session.Current, steps: int | None) -> None:
    """With all else as the panel shows it."""
    others = opened.chosen or opened.fit.model_dump()
    opened.chosen = {name: value for name, value in others.items() if name not in SPANS.values()}
    shown: dict[str, object] = {"span": WHOLE_FILE}
    if steps is not None:
        opened.chosen["train_rows"] = steps
        shown = {"span": LEADING_STEPS, "train_rows": steps}
    fits.start_job(opened)
    # The panel, drawn already, shows from the next look on what is learnt from now. The page is drawn anew, not only
    # the result.
    st.session_state[session.PENDING] = shown
    st.rerun()
