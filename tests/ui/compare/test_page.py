"""The page Compare, driven without a browser."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.fit_jobs import wait_until
from tests.support.pages import check, choose_endless, current, go_to, labelled, page


@pytest.fixture
def compared(opened: AppTest) -> Iterator[AppTest]:
    app = go_to(opened, "compare")
    app.button_group(key="compare-kinds").set_value(["gru", "feedforward", "bag"])
    app.text_input(key="compare-units").set_value("3, 4")
    app.number_input(key="window_steps").set_value(8)
    app.number_input(key="epochs").set_value(3)
    check(submit(app))
    yield app
    if current(app).comparison is not None:
        current(app).comparison.stop()


def submit(app: AppTest) -> AppTest:
    return labelled(app.button, "Compare").click().run()


def finish(app: AppTest) -> AppTest:
    for job in current(app).comparison.jobs.values():
        job.wait(60)
    return check(app.run())


@pytest.mark.parametrize("which", ["compare", "learn"])
def test_without_a_file_the_page_says_what_to_do(which: str) -> None:
    app = check(page(which).run())
    assert "on the page Detect first" in app.info[0].value


def test_cells_and_sizes_are_fitted_side_by_side_and_shown(compared: AppTest) -> None:
    assert list(current(compared).comparison.jobs) == [
        "gru, 3 units",
        "gru, 4 units",
        "feedforward, 3 units",
        "feedforward, 4 units",
        "bag",
        "last value",
        "seasonal last value",
    ]
    app = finish(compared)
    assert app.success[0].value.startswith("Take ")
    table = app.dataframe[0].value
    assert len(table) == 7 and list(table["parameters"][-3:]) == [0, 0, 0]
    assert len(app.get("plotly_chart")) == 2
    assert [button.label for button in app.get("download_button")] == ["compare.csv"]
    settings = current(app).comparison.contenders[1].fitted.settings
    assert (settings.cell, settings.hidden_units, settings.window_steps) == ("gru", 4, 8)


def test_the_one_chosen_becomes_the_result_without_another_fit(compared: AppTest) -> None:
    app = finish(compared)
    check(app.selectbox(key="compare-use").set_value("gru, 4 units").run())
    check(labelled(app.button, "Use it on the page Detect").click().run())
    run = current(app).run
    assert run is not None and run.fitted is current(app).comparison.contenders[1].fitted
    assert current(app).fit.cell == "gru" and current(app).job is None


def test_a_comparison_stopped_keeps_what_there_is(opened: AppTest) -> None:
    app = go_to(opened, "compare")
    app.button_group(key="compare-kinds").set_value(["rnn"])
    choose_endless(app)
    check(submit(app))
    job = current(app).comparison.jobs["rnn"]
    wait_until(lambda: job.epochs)
    check(labelled(app.button, "Stop and use what there is").click().run())
    app = finish(app)
    assert (
        app.success
        and not app.warning
        and current(app).comparison.contenders[0].fitted.ended.startswith("Stopped on request")
    )


@pytest.mark.parametrize(
    ("kinds", "units", "said"),
    [
        ([], "3", "expected 1 to 12 models"),
        (["lstm"], "a few", "Hidden units: expected whole numbers separated by commas, found 'a few'"),
        (["lstm"], "0", "hidden_units: expected 1 or more, found 0"),
        (["lstm", "gru"], "1,2,3,4,5,6,7", "found 14"),
    ],
)
def test_what_cannot_be_compared_is_said(opened: AppTest, kinds: list[str], units: str, said: str) -> None:
    app = go_to(opened, "compare")
    app.button_group(key="compare-kinds").set_value(kinds)
    app.text_input(key="compare-units").set_value(units)
    check(submit(app))
    assert said in app.error[0].value.replace("\\", "")
    assert current(app).comparison is None


def test_another_file_is_another_comparison(compared: AppTest) -> None:
    from dataclasses import replace

    app = finish(compared)
    current(app).dataset = replace(current(app).dataset)
    check(app.run())
    assert current(app).comparison is None and not app.success


def test_a_network_that_never_began_is_left_out_and_said(opened: AppTest) -> None:
    app = go_to(opened, "compare")
    app.button_group(key="compare-kinds").set_value(["rnn", "gru"])
    choose_endless(app)
    check(submit(app))
    jobs = current(app).comparison.jobs
    wait_until(lambda: jobs["rnn"].epochs or jobs["gru"].epochs)
    begun, waiting = ("rnn", "gru") if jobs["rnn"].epochs else ("gru", "rnn")
    if not jobs[waiting].epochs:
        check(labelled(app.button, "Stop and use what there is").click().run())
        app = finish(app)
        assert app.warning[0].value.replace("\\", "").endswith(f"left out: {waiting}.")
        assert app.success[0].value.startswith(f"Take {begun}")
        assert list(app.dataframe[0].value["name"]) == [begun, "last value", "seasonal last value"]


def test_what_is_set_at_the_left_is_compared_unless_said_otherwise(opened: AppTest) -> None:
    app = go_to(opened, "compare")
    app.button_group(key="compare-kinds").set_value(["rnn"])
    app.number_input(key="epochs").set_value(1)
    app.number_input(key="bptt_steps").set_value(16)
    check(submit(app))
    assert [job.settings.bptt_steps for job in current(app).comparison.jobs.values()] == [16, 16, 16]


def test_what_a_comparison_will_take_is_said_beforehand(opened: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anomaly.ui.panels.effort.is_warm", lambda: True)
    app = go_to(opened, "compare")
    assert any(one.value.startswith("All 5 networks, with the settings at the left: about") for one in app.caption)


def test_a_comparison_is_found_again_by_its_address(compared: AppTest) -> None:
    finish(compared)
    wanted = current(compared).comparison.id
    assert wanted in compared.query_params["compare"]
    app = page("compare")
    app.query_params["compare"] = wanted
    check(app.run())
    assert app.success[0].value == compared.success[0].value
    assert list(app.dataframe[0].value["name"]) == list(compared.dataframe[0].value["name"])


def test_a_comparison_of_another_person_or_none_is_not_opened(
    compared: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anomaly.runs.people import Person
    from anomaly.ui.compare import page as compare_page

    finish(compared)
    mine = current(compared).comparison.id
    monkeypatch.setattr(compare_page, "person", lambda: Person("x|ben", "Ben"))
    for wanted in (mine, "0" * 32):
        app = page("compare")
        app.query_params["compare"] = wanted
        check(app.run())
        assert "is not here any more" in app.warning[0].value and not app.success
