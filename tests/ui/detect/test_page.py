"""The pages, driven without a browser: what is shown, what is computed again, and what a file's words can do."""

import json
import re
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from anomaly import pipeline
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.forecasting import fitting
from anomaly.pipeline import detect
from anomaly.showing import export
from anomaly.showing.report import report_html
from anomaly.ui.session.opened import KEY
from tests.support.pages import check, count_events, current, fit_quickly, labelled, open_app, sensor_csv, upload

HOSTILE = "![x](https://example.com/x.png)", "<script>alert(1)</script>", "[y](https://example.com)", ":red[z]", "**w**"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stages of the pipeline, in the order they ran."""
    made: list[str] = []

    def count(name: str, stage: Callable) -> Callable:
        return lambda *arguments: made.append(name) or stage(*arguments)

    for module, name in ((fitting, "fit"), (pipeline, "forecast"), (pipeline, "score"), (pipeline, "flag")):
        monkeypatch.setattr(module, name, count(name, getattr(module, name)))
    return made


def test_the_first_page_offers_an_upload_and_three_demonstrations() -> None:
    app = open_app()
    assert [title.value for title in app.title] == ["Unforeseen"]
    assert len(app.file_uploader) == 1
    assert [button.label for button in app.button] == ["Find its anomalies"] * 3 + ["Download and open"]


def test_a_demonstration_goes_straight_to_training_and_can_be_discarded() -> None:
    app = open_app()
    check(app.button(key="demo-pump").click().run())
    assert current(app).job.settings.train_fraction is not None
    assert len(app.get("progress")) == 1
    check(labelled(app.button, "Discard").click().run())
    assert current(app).job is None and current(app).run is None
    assert app.title[0].value == "pump"


def test_an_uploaded_file_is_previewed_fitted_and_its_anomalies_are_shown() -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    assert "**300 steps**, monitoring flow, level, ordered by time" in app.markdown[0].value
    (preview,) = app.get("plotly_chart")
    assert len(json.loads(preview.proto.spec)["data"]) == 2
    fit_quickly(app)
    assert count_events(app) == len(app.dataframe[0].value) > 0
    assert [button.label for button in app.get("download_button")] == [
        "events.csv",
        "points.csv",
        "run.json",
        "report.html",
    ]
    check(labelled(app.button, "Open another file").click().run())
    assert KEY not in app.session_state
    assert len(app.file_uploader) == 1


def test_a_moved_threshold_changes_the_events_and_computes_nothing_else_again(
    results: AppTest, calls: list[str]
) -> None:
    check(results.selectbox(key="threshold_rule").set_value("margin").run())
    check(results.number_input(key="threshold_margin").set_value(2.0).run())
    before = count_events(results)
    check(results.number_input(key="threshold_margin").set_value(0.0).run())
    assert count_events(results) > before
    assert results.slider(key="threshold_margin_dragged").value == 0.0
    check(results.slider(key="threshold_margin_dragged").set_value(1.5).run())
    assert results.number_input(key="threshold_margin").value == 1.5
    check(results.selectbox(key="threshold_rule").set_value("sigma").run())
    check(results.selectbox(key="threshold_rule").set_value("value").run())
    check(results.number_input(key="threshold_value").set_value(1e6).run())
    assert count_events(results) == 0
    assert set(calls) == {"flag"}


def test_another_smoothing_scores_again_but_forecasts_no_more(results: AppTest, calls: list[str]) -> None:
    before = results.dataframe[0].value
    check(results.toggle(key="auto_smoothing").set_value(False).run())
    calls.clear()
    check(results.number_input(key="smoothing").set_value(1).run())
    assert not results.dataframe[0].value.equals(before)
    assert calls == ["score", "flag"]


def test_what_counts_as_an_event_is_found_in_the_scores_there_are(results: AppTest, calls: list[str]) -> None:
    check(results.number_input(key="min_length").set_value(250).run())
    assert count_events(results) == 0
    assert set(calls) == {"flag"}


def test_the_downloads_are_what_export_writes(results: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = {}
    monkeypatch.setattr("streamlit.download_button", lambda label, build, *_, **__: offered.update({label: build}))
    check(results.number_input(key="threshold_rate").set_value(0.5).run())
    run = current(results).run
    detection = detect(run.fitted, run.dataset, DetectSettings(threshold=0.5))
    assert offered["events.csv"]() == export.events_csv(detection)
    assert offered["points.csv"]() == export.points_csv(detection)
    assert offered["run.json"]() == export.run_json(detection, run.fitted)
    assert offered["report.html"]() == report_html(detection, run.fitted)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n3,4,5\n", b"\x89PNG\r\n\x1a\n\x00", b"note\nx\ny\n"])
def test_a_bad_upload_is_one_error_and_the_session_goes_on(content: bytes) -> None:
    app = upload(open_app(), ("bad.csv", content))
    assert len(app.error) == 1
    assert "bad" in app.error[0].value and "Traceback" not in app.error[0].value
    upload(app, ("pump.csv", sensor_csv()))
    assert len(app.error) == 0
    assert current(app).dataset.name == "pump"


def test_other_columns_make_another_dataset_and_impossible_ones_leave_it() -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    labelled(app.multiselect, "Monitored channels").set_value(["level"])
    labelled(app.multiselect, "Context").set_value(["flow"])
    labelled(app.selectbox, "Time").set_value("—")
    again = "Read again with these"
    check(labelled(app.button, again).click().run())
    columns = current(app).dataset.columns
    assert (columns.time, columns.monitored, columns.context) == (None, ("level",), ("flow",))
    labelled(app.selectbox, "Known anomalies").set_value("level")
    check(labelled(app.button, again).click().run())
    assert len(app.error) == 1 and "'level'" in app.error[0].value
    assert current(app).dataset.columns == columns


def test_several_files_are_records_to_choose_from_the_oddest_first() -> None:
    files = [("quiet.csv", sensor_csv(steps=249)), ("odd.csv", sensor_csv(seed=1)), ("third.csv", sensor_csv(seed=2))]
    app = upload(open_app(), *files)
    preview = labelled(app.main.selectbox, "Record")
    assert preview.options == ["quiet · 249 steps", "odd · 300 steps", "third · 300 steps"]
    check(preview.select_index(1).run())
    fit_quickly(app)
    choice = labelled(app.selectbox, "Record, oddest first")
    assert sorted(option.split(" · ")[0] for option in choice.options) == ["odd", "quiet", "third"]
    chosen = choice.options.index(next(option for option in choice.options if option.startswith("quiet")))
    check(choice.select_index(chosen).run())
    assert current(app).run.view.record == 0


def test_a_train_span_that_is_no_time_is_an_error_sentence_and_the_file_stays() -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    check(app.radio(key="span").set_value("Up to a time").run())
    app.text_input(key="train_until").set_value("never")
    check(app.button(key="fit").click().run())
    (error,) = app.error
    assert "expected a time like those of column" in error.value and "'never'" in error.value
    assert app.title[0].value == "pump"
    app.text_input(key="train_until").set_value("200")
    fit_quickly(app)
    assert len(app.error) == 0
    assert current(app).run.fitted.settings.train_until == "200"
    assert count_events(app) > 0


def test_known_anomalies_inside_the_train_span_are_pointed_out() -> None:
    content = sensor_csv().decode().splitlines()
    labelled_rows = [
        content[0] + ",label",
        *(f"{row},{int(250 <= step < 254)}" for step, row in enumerate(content[1:])),
    ]
    app = upload(open_app(), ("pump.csv", "\n".join(labelled_rows).encode()))
    fit_quickly(app)
    assert any("1 of the known anomalies begins in the train span" in text.value for text in app.markdown)
    check(app.radio(key="span").set_value("Leading share").run())
    fit_quickly(app)
    assert not any("in the train span, which counts as normal" in text.value for text in app.markdown)


def test_a_setting_out_of_range_is_refused_in_the_panel() -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    app.text_input(key="horizons").set_value("1, x")
    check(app.button(key="fit").click().run())
    assert len(app.error) == 1 and "horizons" in app.error[0].value
    assert current(app).job is None


def test_both_buttons_that_find_anomalies_use_the_settings_at_the_left() -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    app.number_input(key="epochs").set_value(3)
    check(app.radio(key="span").set_value("Leading share").run())
    check(labelled(app.main.button, "Find anomalies").click().run())
    job = current(app).job
    job.stop()
    assert (job.settings.epochs, job.settings.train_fraction) == (3, 0.5)


def markup_of(text: str) -> list[str]:
    """What Markdown would make of a text, beside code spans and escaped signs: links, images, colours, bold.

    Tags are none: Streamlit shows them as text unless told otherwise, which tests/test_architecture.py forbids. Neither
    is an element without content.
    """
    plain = re.sub(r"(?<!\\):small\[\]|\\[\\`*_{}\[\]()#+\-.!<>$:~|]|`[^`\n]+`", "", text)
    return re.findall(r"!?\[[^\]]*\]\([^)]*\)|:\w+\[[^\]]*\]|\*\*[wxyz]\*\*", plain)


def shown(app: AppTest) -> list[str]:
    return [part.value for kind in (app.title, app.markdown, app.caption, app.error, app.info) for part in kind]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_a_file_are_shown_as_text(name: str) -> None:
    file = name.replace("/", "")
    app = upload(open_app(), (f"{file}.csv", sensor_csv(f"time,{name},level")))
    assert current(app).dataset.monitored == (name, "level")
    assert [found for text in shown(app) for found in markup_of(text)] == []
    fit_quickly(app)
    assert any(name in why for why in app.dataframe[0].value["why"])
    assert [found for text in shown(app) for found in markup_of(text)] == []
    assert not any("<script>" in chart.proto.spec for chart in app.get("plotly_chart"))


@pytest.mark.parametrize("name", HOSTILE)
def test_an_error_quotes_a_file_as_text(name: str) -> None:
    app = upload(open_app(), ("notes.csv", f"{name},time\nx,1\ny,2\n".encode()))
    assert len(app.error) == 1
    assert markup_of(app.error[0].value) == []


def test_a_name_of_several_lines_does_not_break_out_of_its_quotes() -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv(f'time,"flow\n\n{HOSTILE[0]}",level')))
    assert np.shape(current(app).dataset.monitored) == (2,)
    assert [found for text in shown(app) for found in markup_of(text)] == []
