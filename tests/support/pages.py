"""The pages, driven without a browser: opened, given files, set and waited for."""

import re
from dataclasses import replace

from streamlit.testing.v1 import AppTest

from anomaly.domain import ReadSettings
from anomaly.forecasting.fitting import Fitted
from anomaly.pipeline import read
from anomaly.reading.formats.files import read_table
from anomaly.reading.opening import look_at
from anomaly.ui.session.opened import KEY, Current
from anomaly.ui.session.run import Run
from tests.support.checkout import ROOT
from tests.support.fit_jobs import wait_until
from tests.support.strategies import QUICK, sine_values

APP = ROOT / "app.py"
LOW = 0.02
"""a score that what is usual exceeds too"""


def sensor_csv(header: str = "time,flow,level", seed: int = 0, steps: int = 300) -> bytes:
    """Two channels with a peak planted at step 250."""
    values = sine_values(steps, seed=seed)
    values[250:254, 0] += 9
    rows = [f"{step},{flow:.5f},{level:.5f}" for step, (flow, level) in enumerate(values)]
    return "\n".join([header, *rows]).encode()


def unopened() -> AppTest:
    """The app before its first run: an address or a session can still be given to it."""
    return AppTest.from_file(str(APP), default_timeout=60)


def open_app() -> AppTest:
    return check(unopened().run())


def open_results(content: bytes, fitted: Fitted) -> AppTest:
    """The page of results of a file, as if fitted to it: of another the page would tell the drift."""
    app, dataset = unopened(), read(content, name="pump.csv")
    opened = opened_of(content, "pump.csv")
    opened.run = Run(dataset, replace(fitted, digest=dataset.digest))
    app.session_state[KEY] = opened
    return check(app.run())


def opened_of(content: bytes, name: str) -> Current:
    """A file as a session holds it once it is read."""
    opening = look_at([read_table(content, name)], ReadSettings())
    return Current(opening.tables, ReadSettings(), opening.dataset, opening.look, QUICK)


def check(app: AppTest) -> AppTest:
    assert not app.exception, f"the page broke: {app.exception[0].value}"
    return app


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, content, "text/csv") for name, content in files])
    return check(app.run())


def current(app: AppTest) -> Current:
    return app.session_state[KEY]


def labelled(widgets: list, label: str):
    return next(widget for widget in widgets if widget.label == label)


def wait_for_job(app: AppTest) -> AppTest:
    job = current(app).job
    if job is not None:  # a quick fit has ended before the page that started it has run
        job.wait(60)
    return check(app.run())


def choose_quick(app: AppTest) -> None:
    """In the sidebar, a forecaster that trains in a moment."""
    for key in ("hidden_units", "epochs"):
        app.number_input(key=key).set_value(3)


def choose_endless(app: AppTest) -> None:
    """In the sidebar, a training that does not end by itself."""
    for key in ("epochs", "patience"):
        app.number_input(key=key).set_value(10_000)


def fit_quickly(app: AppTest) -> AppTest:
    choose_quick(app)
    check(app.button(key="fit").click().run())
    return wait_for_job(app)


def count_events(app: AppTest) -> int:
    """As the headline says; where there is none, it must say that in words."""
    sentence = next(text.value for text in app.markdown if re.search("at this threshold|stands out of", text.value))
    counted = re.match(r"\*\*([\d,]+) event", sentence)
    assert counted or sentence.startswith(("**Nothing stands out of", "**What stands out of"))
    return int(counted[1].replace(",", "")) if counted else 0


def page(which: str) -> AppTest:
    """One page on its own: AppTest cannot follow the links between pages made of functions."""
    return AppTest.from_string(f"from anomaly.ui.{which} import page\npage.show()", default_timeout=60)


def go_to(app: AppTest, which: str) -> AppTest:
    """Another page in the same session."""
    other = page(which)
    other.session_state[KEY] = app.session_state[KEY]
    return check(other.run())


def low(app: AppTest) -> AppTest:
    """So low a threshold, with so little smoothed and joined, that there are several events."""
    for key in ("auto_smoothing", "auto_merge"):
        check(app.toggle(key=key).set_value(False).run())
    app.number_input(key="smoothing").set_value(1)
    check(app.number_input(key="merge_gap").set_value(0).run())
    check(app.selectbox(key="threshold_rule").set_value("value").run())
    check(app.number_input(key="threshold_value").set_value(LOW).run())
    assert len(app.dataframe[0].value) >= 2
    return app


def address(app: AppTest) -> dict[str, str]:
    return {name: values[0] if isinstance(values, list) else values for name, values in app.query_params.items()}


def open_address(values: dict[str, str]) -> AppTest:
    app = unopened()
    for name, value in values.items():
        app.query_params[name] = value
    return check(app.run())


def page_doing(line: str) -> AppTest:
    """The page Detect after one of its functions was called, as a page with a button for it does."""
    script = (
        "import streamlit as st\nfrom anomaly.ui.detect import page\nfrom anomaly.ui.lasting import fits, keeping\n"
        "from anomaly.ui.runs import rescoring\n"
        f"if 'done' not in st.session_state:\n    {line}\n    st.session_state['done'] = True\npage.show()"
    )
    return check(AppTest.from_string(script, default_timeout=60).run())


def endless_fit() -> AppTest:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    choose_endless(app)
    check(app.button(key="fit").click().run())
    wait_until(lambda: current(app).job.epochs)
    return app
