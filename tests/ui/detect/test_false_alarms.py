"""The threshold as a rate of false alarms: chosen, kept, and what is shown where nothing lies above it."""

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from anomaly.domain.settings.detecting import DetectSettings
from anomaly.forecasting.fitting import Fitted, fit
from anomaly.pipeline import detect, read
from anomaly.runs.store import RunStore
from anomaly.ui.detect.result import event_table
from anomaly.ui.session.opened import KEY
from tests.support.kept_runs import save
from tests.support.pages import address, check, current, open_address, open_results, page_doing
from tests.support.strategies import QUICK

THERE_AND_BACK = """
import streamlit as st
from anomaly.ui.detect import page as detect
from anomaly.ui.runs import page as runs
(runs if st.session_state.get("away") else detect).show()
"""


def noise_csv(steps: int = 400) -> bytes:
    """Two channels of white noise, a value every ten minutes."""
    values = np.random.default_rng(3).normal(size=(steps, 2))
    times = np.datetime64("2024-01-01T00:00:00") + 10 * np.arange(steps).astype("timedelta64[m]")
    rows = [f"{time},{flow:.4f},{level:.4f}" for time, (flow, level) in zip(times, values, strict=True)]
    return "\n".join(["time,flow,level", *rows]).encode()


@pytest.fixture(scope="module")
def noise_fitted() -> Fitted:
    return fit(read(noise_csv(), name="noise.csv"), QUICK)


@pytest.fixture
def quiet(noise_fitted: Fitted) -> AppTest:
    return open_results(noise_csv(), noise_fitted)


@pytest.fixture
def kept(empty_store: RunStore, noise_fitted: Fitted) -> AppTest:
    """The same, kept."""
    return open_results(noise_csv(), noise_fitted)


def shown(app: AppTest) -> tuple[str, float, float, str]:
    """Rule, number, where the slider stands, unit."""
    return (
        app.selectbox(key="threshold_rule").value,
        app.number_input(key="threshold_rate").value,
        app.select_slider(key="threshold_rate_dragged").value,
        app.selectbox(key="rate_per").value,
    )


def choose(app: AppTest, rate: float = 0.05, unit: str = "day") -> None:
    check(app.number_input(key="threshold_rate").set_value(rate).run())
    check(app.selectbox(key="rate_per").set_value(unit).run())


def level(app: AppTest) -> float:
    """The threshold that is in force."""
    run = current(app).run
    return detect(run.fitted, run.dataset, current(app).detect).threshold.value


def test_the_slider_and_the_number_follow_each_other_and_what_is_typed_stays_exactly(quiet: AppTest) -> None:
    assert shown(quiet) == ("rate", 0.1, 0.1, "file")
    check(quiet.select_slider(key="threshold_rate_dragged").set_value(1.0).run())
    assert shown(quiet)[1] == current(quiet).detect.threshold == 1.0
    for typed, stop in ((0.2, 0.3), (0.0123, 0.01), (0.0, 0.001), (5_000.0, 10.0)):
        check(quiet.number_input(key="threshold_rate").set_value(typed).run())
        assert shown(quiet)[1:3] == (typed, stop) and current(quiet).detect.threshold == typed
        check(quiet.run())
        assert shown(quiet)[1:3] == (typed, stop) and current(quiet).detect.threshold == typed
    check(quiet.select_slider(key="threshold_rate_dragged").set_value(0.003).run())
    assert shown(quiet)[1] == current(quiet).detect.threshold == 0.003


def test_the_unit_changes_the_threshold(quiet: AppTest) -> None:
    levels = {}
    for unit in ("hour", "day", "file", "week"):
        check(quiet.selectbox(key="rate_per").set_value(unit).run())
        assert current(quiet).detect.alarm_unit == unit
        levels[unit] = level(quiet)
    # The file lasts 2.8 days.
    assert levels["hour"] < levels["day"] < levels["file"] < levels["week"]


def test_each_rule_that_counts_alarms_has_its_own_unit(quiet: AppTest) -> None:
    """The usual one, as on the command line, whatever was chosen under the other."""
    choose(quiet, unit="week")
    check(quiet.selectbox(key="threshold_rule").set_value("budget").run())
    assert quiet.selectbox(key="budget_per").value == DetectSettings(threshold_rule="budget").alarm_unit
    check(quiet.selectbox(key="budget_per").set_value("hour").run())
    check(quiet.selectbox(key="threshold_rule").set_value("rate").run())
    assert shown(quiet) == ("rate", 0.05, 0.03, "week")


def test_without_a_calendar_no_unit_of_time_is_offered(results: AppTest) -> None:
    assert results.selectbox(key="rate_per").options == ["file", "1000 steps"]


def test_what_was_chosen_outlives_another_page(kept: AppTest) -> None:
    app = AppTest.from_string(THERE_AND_BACK, default_timeout=60)
    app.session_state[KEY] = kept.session_state[KEY]
    choose(check(app.run()))
    before = level(app)
    for away in (True, False):
        app.session_state["away"] = away
        check(app.run())
    assert shown(app) == ("rate", 0.05, 0.03, "day") and level(app) == before


def test_what_was_chosen_is_opened_again_from_runs_and_from_an_address(kept: AppTest, empty_store: RunStore) -> None:
    choose(kept)
    before, run = level(kept), current(kept).run.id
    for app in (page_doing(f"keeping.show_kept({run!r})"), open_address(address(kept)), open_address({"run": run})):
        assert shown(app) == ("rate", 0.05, 0.03, "day") and level(app) == before
        assert address(app)["threshold"] == address(kept)["threshold"]
    assert (empty_store.open(run)[2].threshold, empty_store.open(run)[2].budget_per) == (0.05, "day")


@pytest.mark.parametrize(
    "before",
    [
        DetectSettings(threshold_rule="margin", threshold=1.25, budget_per="1000 steps"),
        DetectSettings(threshold_rule="margin", budget_per="1000 steps"),
        DetectSettings(threshold_rule="budget", threshold=2.5, budget_per="week"),
        DetectSettings(threshold_rule="budget", threshold=0.5, budget_per="1000 steps"),
    ],
)
def test_a_run_kept_under_another_rule_opens_as_it_was(
    before: DetectSettings, noise_fitted: Fitted, empty_store: RunStore
) -> None:
    dataset = read(noise_csv(), name="noise.csv")
    run = save(empty_store, noise_fitted, dataset, detect=before)
    app = open_address({"run": run})
    rule, now = before.threshold_rule, current(app).detect
    assert app.selectbox(key="threshold_rule").value == now.threshold_rule == rule
    # It shows its default where none was kept.
    assert app.number_input(key=f"threshold_{rule}").value == now.threshold
    assert before.threshold in (None, now.threshold)
    if rule == "budget":
        assert app.selectbox(key="budget_per").value == now.budget_per == before.budget_per
    assert level(app) == detect(noise_fitted, dataset, before).threshold.value


def test_the_margin_begins_at_its_own_default(quiet: AppTest) -> None:
    check(quiet.selectbox(key="threshold_rule").set_value("margin").run())
    scored = next(iter(current(quiet).run.scored.values()))
    usual = DetectSettings(threshold_rule="margin").threshold_parameter(scored.healthy)
    assert quiet.number_input(key="threshold_margin").value == usual


def downloads(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    offered: dict[str, Any] = {}
    with monkeypatch.context() as patched:
        patched.setattr("streamlit.download_button", lambda label, build, *_, **__: offered.update({label: build}))
        check(app.run())
        return {name: build() for name, build in offered.items()}


def choose_row(app: AppTest, row: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest cannot choose one, so the table's callback is called as Streamlit would."""
    chosen: dict[str, Any] = {}
    show = event_table.st.dataframe
    with monkeypatch.context() as patched:
        patched.setattr(
            event_table.st,
            "dataframe",
            lambda *data, key, on_select, **more: (
                chosen.update({key: on_select}) or show(*data, key=key, on_select=on_select, **more)
            ),
        )
        check(app.run())
    ((key, call),) = chosen.items()
    with monkeypatch.context() as patched:
        patched.setattr(event_table.st, "session_state", {key: SimpleNamespace(selection=SimpleNamespace(rows=[row]))})
        call()
    check(app.run())


def test_where_nothing_stands_out_that_is_said_and_the_most_unusual_are_listed_apart(
    quiet: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [text.value.replace("\\", "") for text in quiet.markdown]
    assert "**Nothing stands out of pump at this rate; the 3 most unusual stretches are listed apart.**" in texts
    assert "The most unusual stretches, which are no events:" in texts
    assert not any("at this threshold" in text for text in texts)
    run = current(quiet).run
    detection = detect(run.fitted, run.dataset, current(quiet).detect)
    assert list(quiet.dataframe[0].value["peak_score"]) == list(detection.unusual_table()["peak_score"])
    (lines,) = [downloads(quiet, monkeypatch)["events.csv"].decode().splitlines()]
    assert len(lines) == 1 and lines[0].startswith("record,start,end")


def test_a_stretch_of_that_list_is_shown_and_boxed_and_is_no_event(
    kept: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = current(kept).run
    stretch = detect(run.fitted, run.dataset, current(kept).detect).unusual[1]
    choose_row(kept, 1, monkeypatch)
    view = run.view
    assert view.selected == stretch.span
    assert view.window.start <= stretch.span.start < stretch.span.stop <= view.window.stop
    times = [str(time)[:16] for time in run.dataset.series[0].times[[stretch.span.start, stretch.span.stop - 1]]]
    shapes = json.loads(kept.get("plotly_chart")[0].proto.spec)["layout"]["shapes"]
    (box,) = [shape for shape in shapes if shape["type"] == "rect"]
    assert box["line"]["width"] > 0 and box["x0"] < times[0] < times[1] < box["x1"]
    # Neither key nor button judges it: only what was flagged is judged.
    for key in ("event-previous", "event-next", "mark-anomaly", "mark-expected", "mark-unsure", "mark-none"):
        assert kept.button(key=key).disabled
    assert "There is no event to say something of." in [text.value for text in kept.caption]
    # What is missed is what a person sees, the window; it is of that person, and no event that was found.
    check(kept.button(key="mark-window").click().run())
    (verdict,) = run.verdicts
    assert (verdict.span, verdict.tag) == (view.window, "missed")
    *_, line = downloads(kept, monkeypatch)["events.csv"].decode().splitlines()
    assert line.endswith('"anomaly","missed",""')
    assert any(text.value.startswith("**Nothing stands out of") for text in kept.markdown)
    assert kept.button(key="mark-expected").disabled


def test_what_a_least_length_dropped_is_not_said_not_to_stand_out(results: AppTest) -> None:
    check(results.number_input(key="min_length").set_value(250).run())
    assert any(
        text.value.startswith("**What stands out of pump at this rate is too short") for text in results.markdown
    )
