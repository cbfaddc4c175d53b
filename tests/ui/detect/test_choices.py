"""What a person chose on the page of results stays chosen."""

from streamlit.testing.v1 import AppTest

from anomaly.domain.settings.detecting import HEALTHY_MARGIN
from tests.support.pages import check, current, fit_quickly, labelled, open_app, sensor_csv, upload, wait_for_job


def test_a_rule_remembers_its_number_while_another_is_tried(results: AppTest) -> None:
    check(results.selectbox(key="threshold_rule").set_value("sigma").run())
    check(results.number_input(key="threshold_sigma").set_value(3.0).run())
    check(results.selectbox(key="threshold_rule").set_value("quantile").run())
    check(results.selectbox(key="threshold_rule").set_value("sigma").run())
    assert results.number_input(key="threshold_sigma").value == 3.0


def test_smoothing_joining_and_threshold_survive_another_fit() -> None:
    app = fit_quickly(upload(open_app(), ("pump.csv", sensor_csv())))
    app.toggle(key="auto_smoothing").set_value(False)
    check(app.toggle(key="auto_merge").set_value(False).run())
    app.number_input(key="merge_gap").set_value(50)
    check(app.number_input(key="threshold_margin").set_value(0.75).run())
    check(app.number_input(key="smoothing").set_value(7).run())
    check(app.button(key="fit").click().run())
    wait_for_job(app)
    assert [app.number_input(key=key).value for key in ("smoothing", "merge_gap", "threshold_margin")] == [
        7,
        50,
        0.75,
    ]
    assert app.toggle(key="auto_smoothing").value is False


def test_a_least_effect_that_cannot_be_used_says_so_and_keeps_the_chart(results: AppTest) -> None:
    channel = current(results).dataset.monitored[0]
    check(results.text_input(key="min_effect").set_value(f"{channel}=1000000").run())
    for wrong in (f"{channel}=a lot", "nowhere=3"):
        check(results.text_input(key="min_effect").set_value(wrong).run())
        assert len(results.error) == 1
        assert results.slider(key="threshold_margin_dragged")
        assert current(results).run.min_effect == f"{channel}=1000000"
    check(results.text_input(key="min_effect").set_value("").run())
    assert not results.error and current(results).run.min_effect == ""


def test_a_quantile_above_one_cannot_be_typed(results: AppTest) -> None:
    check(results.selectbox(key="threshold_rule").set_value("quantile").run())
    assert results.number_input(key="threshold_quantile").max == 1.0


def test_the_margin_follows_its_default_until_it_is_moved() -> None:
    app = fit_quickly(upload(open_app(), ("pump.csv", sensor_csv())))
    assert app.number_input(key="threshold_margin").value == 0.0
    check(app.radio(key="span").set_value("Leading share").run())
    fit_quickly(app)
    assert app.number_input(key="threshold_margin").value == HEALTHY_MARGIN
    check(app.number_input(key="threshold_margin").set_value(1.0).run())
    check(app.radio(key="span").set_value("Whole file").run())
    fit_quickly(app)
    assert app.number_input(key="threshold_margin").value == 1.0


def test_after_a_refused_file_the_next_one_is_read_on_its_own() -> None:
    app = upload(open_app(), ("empty.csv", b""))
    assert len(app.error) == 1 and "empty" in app.error[0].value
    upload(app, ("pump.csv", sensor_csv()))
    assert not app.error
    assert current(app).dataset.name == "pump"


def test_the_columns_are_fixed_while_a_fit_is_under_way() -> None:
    app = upload(open_app(), ("pump.csv", sensor_csv()))
    check(app.button(key="fit").click().run())
    assert labelled(app.button, "Read again with these").disabled
    current(app).job.stop()
