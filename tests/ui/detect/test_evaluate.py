"""The Evaluate section: figures that move and figures that do not, labels from another file, and the event settings."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from anomaly.domain.settings.detecting import RULES
from anomaly.domain.spans import Span
from anomaly.forecasting.fitting import Fitted
from anomaly.ui.detect.result import evaluate
from tests.support.pages import check, count_events, current, fit_quickly, open_results, sensor_csv

KNOWN = ((20, 26), (250, 254))
"""the first is nothing to see, the second the planted peak"""


def labelled_csv() -> bytes:
    rows = sensor_csv().decode().splitlines()
    labels = [int(any(start <= step < stop for start, stop in KNOWN)) for step in range(len(rows) - 1)]
    return "\n".join(
        [f"{rows[0]},label", *(f"{row},{one}" for row, one in zip(rows[1:], labels, strict=True))]
    ).encode()


def open_section(fitted: Fitted, content: bytes, section: str) -> AppTest:
    app = open_results(content, fitted)
    app.button_group(key="section").set_value(section)
    return check(app.run())


@pytest.fixture
def labelled(quickly_fitted: Fitted) -> AppTest:
    return open_section(quickly_fitted, labelled_csv(), "Evaluate")


@pytest.fixture
def unlabelled(quickly_fitted: Fitted) -> AppTest:
    return open_section(quickly_fitted, sensor_csv(), "Evaluate")


def figures(app: AppTest) -> dict[str, str]:
    return {name: value for table in app.table for name, value in table.value["Value"].items()}


def headings(app: AppTest) -> list[str]:
    return [text.value.removeprefix("##### ") for text in app.markdown if text.value.startswith("##### ")]


def upload_labels(app: AppTest, content: bytes) -> AppTest:
    box = next(box for box in app.file_uploader if box.key.startswith("labels-"))
    box.set_value([("known.csv", content, "text/csv")])
    return check(app.run())


def charts(app: AppTest) -> list[str]:
    return [chart.proto.id for chart in app.get("plotly_chart")]


def test_a_labelled_file_shows_its_figures_and_the_curve(labelled: AppTest) -> None:
    assert headings(labelled) == [
        "At this threshold",
        "At every threshold: these do not move",
        "Missed known anomalies: 1",
        f"Events that are no known anomaly: {count_events(labelled) - 1}",
    ]
    assert figures(labelled)["Event recall"] == "50 %"
    assert set(figures(labelled)) >= {"Event precision", "Point F1", "Detection delay", "VUS-PR", "AUC-PR"}
    assert any("curve" in chart for chart in charts(labelled))
    assert labelled.dataframe[0].value[["Start", "Steps"]].to_numpy().tolist() == [["20", 6]]


def test_the_other_sections_show_neither_figures_nor_curve(labelled: AppTest) -> None:
    for section in ("Events", "Training", "Data"):
        labelled.button_group(key="section").set_value(section)
        check(labelled.run())
        assert not figures(labelled) and not any("curve" in chart for chart in charts(labelled))


def test_a_moved_threshold_moves_the_figures_at_the_threshold_alone(
    labelled: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    assess = evaluate.assess_scores
    monkeypatch.setattr(evaluate, "assess_scores", lambda detection: made.append(detection) or assess(detection))
    before = figures(labelled)
    check(labelled.selectbox(key="threshold_rule").set_value("value").run())
    check(labelled.number_input(key="threshold_value").set_value(1e6).run())
    after = figures(labelled)
    assert made == []
    assert after["Event recall"] == "0 %" and after["Event precision"] == "–"
    assert "Missed known anomalies: 2" in headings(labelled)
    assert [after[name] for name in ("VUS-PR", "AUC-PR")] == [before[name] for name in ("VUS-PR", "AUC-PR")]
    check(labelled.toggle(key="auto_smoothing").set_value(False).run())
    made.clear()
    check(labelled.number_input(key="smoothing").set_value(1).run())
    assert len(made) == 1
    assert figures(labelled)["VUS-PR"] != before["VUS-PR"]


def test_a_file_without_labels_offers_to_compare_with_some_and_then_shows_figures(unlabelled: AppTest) -> None:
    assert not figures(unlabelled)
    assert any("With known anomalies" in text.value for text in unlabelled.markdown)
    events = count_events(unlabelled)
    upload_labels(unlabelled, b"start,end\n20,25\n250,253\n")
    assert figures(unlabelled)["Event recall"] == "50 %"
    assert count_events(unlabelled) == events
    assert any("**1 of 2** known anomalies found" in text.value for text in unlabelled.markdown)
    fixed = figures(unlabelled)["VUS-PR"]
    upload_labels(unlabelled, b"start,end\n250,253\n")
    assert figures(unlabelled)["Event recall"] == "100 %"
    assert figures(unlabelled)["VUS-PR"] != fixed


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n", "expected columns start and end"),
        (b"start,end\n1000,2000\n", "No anomaly of"),
        (b"start,end\n2025-03-01,2025-03-02\n", "expected numbers in column"),
        (b"\x89PNG\r\n\x1a\n\x00", "known"),
        (b"", "known"),
    ],
)
def test_a_bad_label_file_is_one_error_sentence_and_the_result_stays(
    unlabelled: AppTest, content: bytes, said: str
) -> None:
    events = count_events(unlabelled)
    upload_labels(unlabelled, content)
    (error,) = unlabelled.error
    assert said in error.value and error.value.endswith(".")
    assert count_events(unlabelled) == events and not current(unlabelled).run.dataset.has_labels
    upload_labels(unlabelled, b"start,end\n250,253\n")
    assert not unlabelled.error and figures(unlabelled)


def test_labels_from_a_file_are_still_there_after_another_fit(unlabelled: AppTest) -> None:
    upload_labels(unlabelled, b"start,end\n250,253\n")
    fit_quickly(unlabelled)
    assert current(unlabelled).run.dataset.has_labels
    assert any("known anomaly found" in text.value for text in unlabelled.markdown)


def test_a_bad_label_file_leaves_the_labels_there_are(labelled: AppTest) -> None:
    before = figures(labelled)
    upload_labels(labelled, b"start,end\n9,3\n")
    assert len(labelled.error) == 1
    assert figures(labelled) == before


def test_choosing_a_missed_anomaly_zooms_to_it(labelled: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    # AppTest cannot choose a row, so the table's callback is called as Streamlit would.
    chosen: dict[str, Any] = {}
    show = evaluate.st.dataframe
    monkeypatch.setattr(
        evaluate.st,
        "dataframe",
        lambda *data, key, on_select, **more: (
            chosen.update({key: on_select}) or show(*data, key=key, on_select=on_select, **more)
        ),
    )
    check(labelled.number_input(key="threshold_rate").set_value(0.01).run())
    assert current(labelled).run.view.window is None
    with monkeypatch.context() as patched:
        patched.setattr(evaluate.st, "session_state", {"missed": SimpleNamespace(selection=SimpleNamespace(rows=[0]))})
        chosen["missed"]()
    view = current(labelled).run.view
    assert view.selected == Span(20, 26) and view.window == Span(0, 86)
    check(labelled.run())
    assert any("Showing 86 of 300 steps" in caption.value for caption in labelled.caption)


@pytest.mark.parametrize("section", ["Events", "Evaluate"])
def test_every_threshold_rule_can_be_chosen_on_a_labelled_file(quickly_fitted: Fitted, section: str) -> None:
    app = open_section(quickly_fitted, labelled_csv(), section)
    assert len(app.selectbox(key="threshold_rule").options) == len(RULES)
    for rule in RULES:
        check(app.selectbox(key="threshold_rule").set_value(rule).run())
        assert not app.error
        assert current(app).run.view.record == 0 and np.isfinite(count_events(app))


def test_the_rule_that_sees_the_labels_is_offered_only_where_there_are_some(unlabelled: AppTest) -> None:
    assert len(unlabelled.selectbox(key="threshold_rule").options) == len(RULES) - 1
    upload_labels(unlabelled, b"start,end\n250,253\n")
    check(unlabelled.selectbox(key="threshold_rule").set_value("best").run())
    assert figures(unlabelled)["Event recall"] == "100 %"
    assert any("labels in view" in caption.value for caption in unlabelled.caption)


def test_an_effect_too_small_to_matter_drops_the_events_and_a_small_one_keeps_them(labelled: AppTest) -> None:
    before = count_events(labelled)
    check(labelled.text_input(key="min_effect").set_value("flow=0.01, level=0.01").run())
    assert count_events(labelled) == before > 0
    check(labelled.text_input(key="min_effect").set_value("flow=1e6,level=1e6").run())
    assert count_events(labelled) == 0
    assert figures(labelled)["Event recall"] == "0 %"


@pytest.mark.parametrize(
    ("text", "said"),
    [("flow", "expected CHANNEL=NUMBER, found"), ("flow=a lot", "flow=a lot"), ("flwo=1", "no monitored channel")],
)
def test_an_effect_that_cannot_be_read_is_one_error_sentence(labelled: AppTest, text: str, said: str) -> None:
    check(labelled.text_input(key="min_effect").set_value(text).run())
    (error,) = labelled.error
    assert said in error.value and error.value.endswith(".")
    check(labelled.text_input(key="min_effect").set_value("flow=0.01").run())
    assert not labelled.error and figures(labelled)


def test_a_lower_leave_level_makes_events_last_longer(quickly_fitted: Fitted) -> None:
    app = open_section(quickly_fitted, labelled_csv(), "Events")
    check(app.toggle(key="auto_merge").set_value(False).run())
    check(app.number_input(key="merge_gap").set_value(0).run())

    def longest() -> float:
        return max(float(duration.split()[0]) for duration in app.dataframe[0].value["duration"])

    before = longest()
    check(app.slider(key="leave").set_value(0.1).run())
    assert longest() > before


class Left(BaseException):
    """As a script is ended where something else is asked for."""


def test_a_file_of_labels_whose_reading_is_broken_off_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object) -> None:
        raise Left

    uploaded = SimpleNamespace(name="known.csv", getvalue=lambda: b"start,end\n20,25\n")
    run = SimpleNamespace(label_files=0, label_error=None)
    monkeypatch.setattr(evaluate.st, "file_uploader", lambda *_, **__: uploaded)
    monkeypatch.setattr(evaluate.session, "read_here", break_off, raising=False)
    monkeypatch.setattr(
        evaluate.session, "forget_uploads", lambda _: pytest.fail("forgotten before it was read"), raising=False
    )
    with pytest.raises(Left):
        evaluate._show_label_upload(run)  # type: ignore[arg-type]
    assert run.label_files == 0
