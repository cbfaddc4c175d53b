"""The proposal of what to learn from: one press, and back."""

import numpy as np
from streamlit.testing.v1 import AppTest

from tests.support.pages import check, current, fit_quickly, open_app, upload, wait_for_job


def stepped_csv(labels: bool = False) -> bytes:
    rng = np.random.default_rng(0)
    values = rng.standard_normal(800)
    values[500:] += 12
    header = "time,flow" + ",label" * labels
    rows = [f"{step},{value:.4f}" + f",{int(600 <= step < 620)}" * labels for step, value in enumerate(values)]
    return "\n".join([header, *rows]).encode()


def infos(app: AppTest) -> list[str]:
    return [one.value for one in app.info]


def test_a_file_of_two_levels_is_learnt_from_its_first_part_in_one_press_and_from_all_in_another() -> None:
    app = upload(open_app(), ("pump.csv", stepped_csv()))
    assert any("flow was about" in text for text in infos(app)), "before anything is learnt"
    fit_quickly(app)
    assert current(app).run.fitted.settings.names_train_span is False
    assert any("flow was about" in text and "before time 500 " in text for text in infos(app))
    check(app.button(key="healthy").click().run())
    wait_for_job(app)
    settings = current(app).run.fitted.settings
    assert (settings.train_rows, settings.epochs) == (500, 3), "all else stays as it was chosen"
    assert app.radio(key="span").value == "Leading steps" and app.number_input(key="train_rows").value == 500
    assert app.button(key="healthy").label == "Learn from the whole file"
    check(app.button(key="healthy").click().run())
    wait_for_job(app)
    assert current(app).run.fitted.settings.names_train_span is False
    assert app.radio(key="span").value == "Whole file"


def test_what_known_anomalies_leave_is_proposed_and_a_span_of_ones_own_is_left_alone() -> None:
    app = upload(open_app(), ("pump.csv", stepped_csv(labels=True)))
    assert any("first known anomaly begins at time 600" in text for text in infos(app))
    check(app.radio(key="span").set_value("Leading share").run())
    fit_quickly(app)
    assert not any("first known anomaly" in text for text in infos(app))
    assert not [button for button in app.button if button.key == "healthy"]
