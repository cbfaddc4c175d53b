"""The address that opens a run again, with its window and threshold."""

import pytest
from streamlit.testing.v1 import AppTest

from anomaly.runs.store import RunStore
from tests.support.pages import LOW, address, check, current, labelled, low, open_address

pytestmark = pytest.mark.usefixtures("empty_store")


def test_a_finished_fit_is_kept_and_its_address_opens_it_again(fitted: AppTest, empty_store: RunStore) -> None:
    (row,) = empty_store.list()
    assert (row.name, row.steps, row.cell) == ("pump", 300, "lstm")
    low(fitted)
    assert address(fitted)["run"] == row.id == current(fitted).run.id
    before = [text.value for text in fitted.markdown]

    again = open_address(address(fitted))
    assert [text.value for text in again.markdown][: len(before)] == before
    assert again.number_input(key="threshold_value").value == LOW
    assert len(empty_store.list()) == 1, "to look is not to fit"
    assert "Columns" not in [expander.label for expander in again.expander]


def test_the_address_holds_the_window_and_a_threshold_of_its_own(fitted: AppTest, empty_store: RunStore) -> None:
    low(fitted)
    sent = {**address(fitted), "window": "100-200", "threshold": "1.5"}
    app = open_address(sent)
    view = current(app).run.view
    assert (view.window.start, view.window.stop) == (100, 200)
    assert app.selectbox(key="threshold_rule").value == "value"
    assert app.number_input(key="threshold_value").value == 1.5
    assert address(app) == sent
    (row,) = empty_store.list()
    assert empty_store.open(row.id)[2].threshold == LOW, "to follow a link changes nothing"
    check(app.number_input(key="threshold_value").set_value(1.25).run())
    assert empty_store.open(row.id)[2].threshold == 1.25, "to choose does"


@pytest.mark.parametrize("threshold", ["nan", "inf", "-5", "x", ""])
def test_a_threshold_that_is_none_is_passed_over(fitted: AppTest, threshold: str) -> None:
    sent = address(fitted)
    app = open_address({**sent, "threshold": threshold})
    assert app.selectbox(key="threshold_rule").value == "rate" and address(app) == sent


@pytest.mark.parametrize("window", ["", "x", "5", "9-3", "-4-20", "0-100000"])
def test_a_window_that_is_none_is_passed_over(fitted: AppTest, window: str) -> None:
    app = open_address({**address(fitted), "window": window})
    assert current(app).run.view.window is None


def test_a_run_that_is_not_there_is_said_on_the_first_page() -> None:
    app = open_address({"run": "0" * 32})
    assert "There is no run" in app.error[0].value.replace("\\", "")
    assert app.title[0].value == "Unforeseen" and not address(app)


def test_another_file_is_another_address(fitted: AppTest) -> None:
    assert address(fitted)
    check(labelled(fitted.button, "Open another file").click().run())
    assert not address(fitted) and fitted.title[0].value == "Unforeseen"
