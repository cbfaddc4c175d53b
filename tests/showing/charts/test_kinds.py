"""How the large chart draws counters and angles."""

from dataclasses import replace

import numpy as np

from anomaly.detecting import Detection
from anomaly.domain.kinds import Circle, find_rises
from anomaly.showing.charts.detection import plot_detection
from anomaly.showing.charts.overview import plot_series
from tests.showing.charts.test_charts import detection_of, draws_across, traces
from tests.support.strategies import make_dataset, with_kinds

STEPS = 300


def told(detection: Detection, **changes: object) -> Detection:
    return replace(detection, forecasts=(replace(detection.forecasts[0], **changes),))


def test_a_counter_is_drawn_as_it_reads_and_as_it_rises() -> None:
    values = np.cumsum(1 + np.random.default_rng(0).random((STEPS, 1)), 0)
    rises = find_rises(values[:, 0])
    detection = told(detection_of(values, np.zeros(STEPS)), kinds=("counter",), rises={0: rises})
    figure = plot_detection(detection, 0, ["a"])
    reading, rise = traces(figure, "observed")
    np.testing.assert_array_equal(reading.y, values[:, 0])
    np.testing.assert_array_equal(rise.y, rises)
    _, predicted = traces(figure, "predicted")
    np.testing.assert_allclose(predicted.y, rises + 0.5)
    assert {reading.yaxis, rise.yaxis}.isdisjoint({traces(figure, "score")[0].yaxis})
    titles = [figure.layout[f"yaxis{number}"].title.text for number in ("", 2)]
    assert titles == ["a", "rise of a"]


def test_no_line_leads_from_one_end_of_the_circle_to_the_other() -> None:
    values = (np.arange(STEPS) * 7.0 % 360)[:, None]
    detection = told(detection_of(values, np.zeros(STEPS)), kinds=("angle",), circles={0: Circle(360.0, 0.0)})
    wraps = np.flatnonzero(np.diff(values[:, 0]) < 0)
    for name in ("observed", "predicted"):
        (line,) = traces(plot_detection(detection, 0, ["a"]), name)
        assert not any(draws_across(line, step, step + 1) for step in wraps)
        assert draws_across(line, wraps[0] - 1, wraps[0])
    (plain,) = traces(plot_detection(told(detection, kinds=(), circles={}), 0, ["a"]), "observed")
    assert draws_across(plain, wraps[0], wraps[0] + 1)


def test_nor_before_anything_is_learnt() -> None:
    values = (np.arange(STEPS) * 7.0 % 360)[:, None]
    wrap = int(np.flatnonzero(np.diff(values[:, 0]) < 0)[0])
    made = make_dataset(values)
    for kinds, is_drawn in (((), True), (("angle",), False)):
        dataset = with_kinds(made, *kinds)
        (line,) = plot_series(dataset, 0).data
        assert draws_across(line, wrap, wrap + 1) == is_drawn and draws_across(line, wrap - 1, wrap)


def test_no_fewer_than_none_are_expected_of_a_count() -> None:
    values = np.random.default_rng(0).poisson(2, (STEPS, 1)).astype(float)
    detection = replace(detection_of(values, np.zeros(STEPS)), half_band=np.array([50.0]))
    for kinds, floor in ((("count",), 0.0), ((), -48.0)):
        (band,) = traces(plot_detection(told(detection, kinds=kinds), 0, ["a"]), "expected band (99 %)")
        assert np.nanmin(band.y) <= floor <= np.nanmin(band.y) + (0.0 if kinds else 9.0)
