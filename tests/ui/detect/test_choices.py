"""What a person chose on the page of results stays chosen."""

import pytest
from streamlit.testing.v1 import AppTest

from anomaly.domain.settings.detecting import HEALTHY_MARGIN, DetectSettings
from anomaly.ui.session.choices import FORECASTER, choices_of
from tests.support.pages import (
    address,
    check,
    count_events,
    current,
    fit_quickly,
    labelled,
    open_app,
    sensor_csv,
    upload,
    wait_for_job,
)


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
    check(app.number_input(key="threshold_rate").set_value(0.75).run())
    check(app.number_input(key="smoothing").set_value(7).run())
    check(app.button(key="fit").click().run())
    wait_for_job(app)
    assert [app.number_input(key=key).value for key in ("smoothing", "merge_gap", "threshold_rate")] == [
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
        assert results.select_slider(key="threshold_rate_dragged")
        assert current(results).detect.min_effect == {channel: 1_000_000}
    check(results.text_input(key="min_effect").set_value("").run())
    assert not results.error and current(results).detect.min_effect == {}


def test_least_effects_stay_in_force_through_another_fit(fitted: AppTest) -> None:
    channel = current(fitted).dataset.monitored[0]
    for typed in (f"{channel}=1000000", f"{channel}=a lot"):
        check(fitted.text_input(key="min_effect").set_value(typed).run())
    check(fitted.button(key="fit").click().run())
    wait_for_job(fitted)
    assert current(fitted).detect.min_effect == {channel: 1_000_000} and len(fitted.error) == 1


def said_by_fields(app: AppTest) -> list[str]:
    return [text.value for text in app.caption if "stays in force" in text.value]


def test_a_threshold_whose_field_is_emptied_stays_in_force(results: AppTest) -> None:
    """As when a letter is typed into it: the browser then sends no number."""
    check(results.selectbox(key="threshold_rule").set_value("margin").run())
    check(results.number_input(key="threshold_margin").set_value(0.75).run())
    events, sent = count_events(results), address(results)
    check(results.number_input(key="threshold_margin").set_value(None).run())
    assert results.number_input(key="threshold_margin").value is None
    assert count_events(results) == events and address(results) == sent
    assert current(results).detect.threshold == 0.75 == results.slider(key="threshold_margin_dragged").value
    assert said_by_fields(results) == ["Expected a number from -4 up, found none: 0.75 stays in force."]
    check(results.slider(key="threshold_margin_dragged").set_value(2.0).run())
    assert results.number_input(key="threshold_margin").value == 2.0 and not said_by_fields(results)


@pytest.mark.parametrize("rule", ["rate", "budget", "quantile", "sigma", "pot", "ndt", "value"])
def test_the_number_of_every_rule_outlives_an_emptied_field(results: AppTest, rule: str) -> None:
    check(results.selectbox(key="threshold_rule").set_value(rule).run())
    before = current(results).detect
    assert before.threshold > 0
    check(results.number_input(key=f"threshold_{rule}").set_value(None).run())
    assert current(results).detect == before and len(said_by_fields(results)) == 1


@pytest.mark.parametrize("key", ["smoothing", "merge_gap", "min_length"])
def test_what_makes_events_outlives_an_emptied_field(results: AppTest, key: str) -> None:
    for automatic in ("auto_smoothing", "auto_merge"):
        check(results.toggle(key=automatic).set_value(False).run())
    check(results.number_input(key=key).set_value(7).run())
    check(results.number_input(key=key).set_value(None).run())
    assert getattr(current(results).detect, key) == 7
    (said,) = said_by_fields(results)
    assert said.endswith("up, found none: 7 stays in force.") or said.startswith("Expected a number from 1 to 100,000")


def test_the_settings_of_a_fit_outlive_emptied_fields(opened: AppTest) -> None:
    check(opened.radio(key="span").set_value("Leading steps").run())
    numbers = {field.key: field.value for field in opened.sidebar.number_input if field.key in FORECASTER}
    assert {"epochs", "learning_rate", "seed", "dropout"} <= set(numbers)
    typed = {"train_rows": 123, "epochs": 5, "learning_rate": 0.002}
    for key, value in typed.items():
        check(opened.number_input(key=key).set_value(value).run())
    for key in ("train_rows", *numbers):
        check(opened.number_input(key=key).set_value(None).run())
    assert {key: current(opened).chosen[key] for key in ("train_rows", *numbers)} == numbers | typed
    assert len(said_by_fields(opened)) == 1 + len(numbers)
    fit = opened.button(key="fit").click()
    wait_for_job(check(fit.run()))
    assert (current(opened).fit.epochs, current(opened).fit.train_rows) == (5, 123)


def test_holidays_are_typed_as_countries_and_dates(opened: AppTest) -> None:
    check(opened.text_input(key="holidays").set_value("de-by, 2024-02-12").run())
    assert current(opened).chosen["holidays"] == "de-by, 2024-02-12"
    check(opened.selectbox(key="calendar").set_value("auto").run())
    wait_for_job(check(opened.button(key="fit").click().run()))
    assert current(opened).fit.holidays == ("DE-BY", "2024-02-12")


def test_a_quantile_above_one_cannot_be_typed(results: AppTest) -> None:
    check(results.selectbox(key="threshold_rule").set_value("quantile").run())
    assert results.number_input(key="threshold_quantile").max == 1.0


def test_the_margin_follows_its_default_until_it_is_moved() -> None:
    app = fit_quickly(upload(open_app(), ("pump.csv", sensor_csv())))
    check(app.selectbox(key="threshold_rule").set_value("margin").run())
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


def test_a_horizon_that_is_no_number_is_refused_in_a_sentence(opened: AppTest) -> None:
    check(opened.text_input(key="horizons").set_value("²").run())
    check(opened.button(key="fit").click().run())
    assert ["found '²'" in error.value for error in opened.error] == [True]


@pytest.mark.parametrize("effect", [0.123456789, 1e-07, 1234567.25, 2.0])
def test_least_effects_are_shown_in_full_and_read_as_they_were(effect: float) -> None:
    shown = choices_of(DetectSettings(min_effect={"flow": effect}))["min_effect"]
    assert DetectSettings(min_effect=shown).min_effect == {"flow": effect} and shown != "flow=2.0"


def test_other_events_at_the_same_threshold_are_another_list_of_which_no_row_is_chosen(results: AppTest) -> None:
    check(results.selectbox(key="threshold_rule").set_value("value").run())
    before, was = results.dataframe[0].proto.id, results.dataframe[0].value
    check(results.slider(key="leave").set_value(0.3).run())
    assert len(results.dataframe[0].value) == len(was) and not results.dataframe[0].value.equals(was)
    assert results.dataframe[0].proto.id != before
