"""What the figures show, read from the figures: nothing lost, nothing drawn across a hole, no markup from a file."""

import dataclasses
import json

import numpy as np
import plotly.graph_objects as go
import pytest

from anomaly.detecting.detection import Detection
from anomaly.domain.detections import Event, Threshold
from anomaly.domain.forecasts import Epoch, Forecast
from anomaly.domain.records import Columns, Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.spans import Span
from anomaly.domain.times import TimeAxis
from anomaly.showing.charts import detection as detection_chart
from anomaly.showing.charts.detection import plot_detection
from anomaly.showing.charts.drawing import IGNORED
from anomaly.showing.charts.overview import plot_losses, plot_score_histogram, plot_series
from tests.support.strategies import make_dataset, make_scores, make_series, unbounded

NAN = np.nan
STAMPS = TimeAxis("when", "timestamp")
MARKUP = ["<b>bold</b>", "<script>alert(1)</script>"]


def detection_of(
    values: np.ndarray,
    scores: np.ndarray,
    spans: list[Span] = (),
    names: tuple[str, ...] = (),
    axis: TimeAxis | None = None,
    **changes: object,
) -> Detection:
    """One record (T, C) whose prediction is 0.5 above the value; events over `spans`, the threshold at 3."""
    dataset = make_dataset(values)
    names = names or dataset.monitored
    series = dataclasses.replace(dataset.series[0], **changes)
    dataset = Dataset("made", (series,), Columns("t", None, names, (), None), axis or dataset.time_axis, (), "0" * 64)
    events = [Event(0, span, span.start + len(span) // 2, 9.0, names[0], "above", 1.0, 0.0) for span in spans]
    known = scores[np.isfinite(scores)]
    return Detection(
        dataset,
        (Forecast(series, values[None] + 0.5),),
        (make_scores(scores, np.repeat(scores[:, None], values.shape[1], 1)),),
        Threshold(3.0, "value", 3.0, known),
        tuple(events),
        DetectSettings(smoothing=1),
        np.ones(values.shape[1]),
        unbounded(values.shape[1]),
    )


def noise(steps: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((steps, channels))


def plain(steps: int = 400, channels: int = 1, **changes: object) -> Detection:
    scores = np.abs(noise(steps)[:, 0]).clip(0, 2.5)
    scores[200:204] = 9.0
    return detection_of(noise(steps, channels), scores, [Span(200, 204)], **changes)


def traces(figure: go.Figure, name: str) -> list[go.Scatter]:
    found = [trace for trace in figure.data if trace.name == name]
    assert found, f"nothing called {name} is drawn"
    return found


def strips(figure: go.Figure) -> list[go.Heatmap]:
    return [trace for trace in figure.data if trace.type == "heatmap"]


def points_of(trace: go.Scatter) -> dict[float, float]:
    return {float(x): float(y) for x, y in zip(trace.x, trace.y, strict=True) if np.isfinite(y)}


def draws_across(trace: go.Scatter, before: float, after: float) -> bool:
    """Whether a line leads from a known point at or before `before` to one at or after `after`."""
    x, y = np.asarray(trace.x, float), np.asarray(trace.y, float)
    known = np.isfinite(y)
    return bool(((x[:-1] <= before) & (x[1:] >= after) & known[:-1] & known[1:]).any())


def channels_of(detection: Detection) -> list[str]:
    return list(detection.dataset.monitored)


def test_observed_predicted_score_and_threshold_are_the_detections_own() -> None:
    detection = plain()
    figure = plot_detection(detection, 0, ["a"])
    series = detection.dataset.series[0]
    (observed,), (predicted,), (score,) = (traces(figure, name) for name in ("observed", "predicted", "score"))
    np.testing.assert_array_equal(observed.x, series.times)
    np.testing.assert_array_equal(observed.y, series.values[:, 0])
    np.testing.assert_array_equal(predicted.y, series.values[:, 0] + 0.5)
    np.testing.assert_array_equal(score.y, detection.scores[0].values)
    (line,) = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert (line.y0, line.y1, line.yref) == (3.0, 3.0, score.yaxis)


def test_the_expected_band_lies_half_its_width_around_the_prediction() -> None:
    detection = plain(50 + 200)
    (band,) = traces(plot_detection(detection, 0, ["a"]), "expected band (99 %)")
    predicted = detection.forecasts[0].predicted[:, 0]
    for step, low in ((0, predicted[0] - 1), (0, predicted[0] + 1), (249, predicted[249] - 1)):
        assert (float(step), float(low)) in set(zip(np.asarray(band.x, float), band.y, strict=True))


def test_flagged_steps_are_marked_and_no_others() -> None:
    (flagged,) = traces(plot_detection(plain(), 0, ["a"]), "flagged")
    # One step to either side, so that a run of one step is a line.
    assert sorted(points_of(flagged)) == [199, 200, 201, 202, 203, 204]


def test_a_million_steps_draw_few_points_and_every_event_peak() -> None:
    steps = 1_000_000
    scores = np.abs(noise(steps)[:, 0]).clip(0, 2.9)
    peaks = np.arange(1_000, steps, 10_007)
    scores[peaks] = 3.01
    detection = detection_of(noise(steps, 2), scores, [Span(int(peak) - 1, int(peak) + 2) for peak in peaks])
    figure = plot_detection(detection, 0, ["a", "b"])
    for name in ("observed", "predicted", "score"):
        for trace in traces(figure, name):
            drawn = points_of(trace)
            assert len(drawn) < 10_000
            assert set(peaks) <= set(drawn)
    assert len(figure.to_json()) < 3_000_000
    (found,) = traces(figure, "found")
    assert set(found.x) == {*(peaks - 1), *(peaks + 1)}, "the lane shows every event"


@pytest.mark.parametrize("steps", [400, 40_000])
def test_a_hole_stays_a_hole(steps: int) -> None:
    values, scores = noise(steps), np.ones(steps)
    values[100:140] = scores[100:140] = NAN
    detection = detection_of(values, scores)
    figure = plot_detection(detection, 0, ["a"])
    for trace in [*figure.data[:4], plot_series(detection.dataset, 0).data[0]]:
        assert not draws_across(trace, 99, 140)
        assert not set(range(100, 140)) & set(points_of(trace))


@pytest.mark.parametrize("steps", [400, 40_000])
def test_no_line_is_drawn_across_an_outage(steps: int) -> None:
    times = np.arange(float(steps))
    times[300:] += 5_000
    detection = detection_of(noise(steps), np.ones(steps), times=times)
    for figure in (plot_detection(detection, 0, ["a"]), plot_series(detection.dataset, 0)):
        for trace in [trace for trace in figure.data if trace.name in ("observed", "predicted", "score", "a")]:
            assert not draws_across(trace, 299, 5_300)
            assert {298, 299, 5_300, 5_301} <= set(points_of(trace)) or steps > 400


@pytest.mark.parametrize("kind", ["date", "linear"])
def test_every_axis_of_a_window_without_events_knows_what_it_shows(kind: str) -> None:
    """The lane in which nothing is drawn read -1 to 6, and moved all others that share its axis."""
    stamps = np.datetime64("2025-03-01") + np.arange(400).astype("timedelta64[h]")
    axis, times = (STAMPS, {"times": stamps}) if kind == "date" else (None, {})
    figure = plot_detection(plain(axis=axis, **times), 0, ["a"], Span(0, 100), None)
    axes = [figure.layout[name] for name in figure.layout.to_plotly_json() if name.startswith("xaxis")]
    assert len(axes) > 1 and {one.type for one in axes} == {kind}
    assert len({tuple(map(str, one.range)) for one in axes}) == 1


def test_a_window_draws_its_steps_alone_and_a_chosen_event_is_outlined() -> None:
    figure = plot_detection(plain(), 0, ["a"], Span(190, 260), Span(200, 204))
    (observed,) = traces(figure, "observed")
    assert list(observed.x) == list(range(190, 260))
    outlined = [shape for shape in figure.layout.shapes if shape.type == "rect" and shape.line.width]
    assert [(shape.x0, shape.x1) for shape in outlined] == [(199.5, 203.5)]


def test_events_are_shaded_half_a_step_to_either_side_and_only_the_most_severe_hundred() -> None:
    scores = np.ones(5_000)
    spans = [Span(start, start + 1) for start in range(10, 4_500, 10)]
    figure = plot_detection(detection_of(noise(5_000), scores, spans), 0, ["a"])
    shaded = [(shape.x0, shape.x1) for shape in figure.layout.shapes if shape.type == "rect"]
    assert shaded == [(span.start - 0.5, span.start + 0.5) for span in spans[: detection_chart.MOST_SHADED]]


def test_known_anomalies_have_a_lane_beside_those_found() -> None:
    labels = np.zeros(400, bool)
    labels[[50, 51, 52, 380]] = True
    figure = plot_detection(plain(labels=labels), 0, ["a"])
    (known,), (found,) = traces(figure, "known"), traces(figure, "found")
    assert sorted(points_of(known)) == [50, 52, 380]
    assert sorted(points_of(found)) == [200, 203]
    with pytest.raises(AssertionError, match="nothing called known"):
        traces(plot_detection(plain(), 0, ["a"]), "known")


def test_several_channels_get_a_strip_of_who_contributed_and_one_channel_none() -> None:
    detection = plain(1_000, 3)
    figure = plot_detection(detection, 0, ["b"])
    (strip,) = strips(figure)
    assert list(figure.layout[f"yaxis{strip.yaxis[1:]}"].ticktext or strip.y) == ["a", "b", "c"]
    assert np.shape(strip.z) == (3, detection_chart.HEAT_BINS)
    np.testing.assert_allclose(np.max(strip.customdata), 9.0)
    assert strips(plot_detection(plain(), 0, ["a"])) == []


def test_records_are_drawn_one_by_one_each_with_its_own_events() -> None:
    one = plain()
    second = make_series(noise(300), "second")
    both = dataclasses.replace(
        one,
        dataset=dataclasses.replace(one.dataset, series=(*one.dataset.series, second)),
        forecasts=(*one.forecasts, Forecast(second, second.values[None])),
        scores=(*one.scores, make_scores(np.ones(300), np.ones((300, 1)))),
    )
    figure = plot_detection(both, 1, ["a"])
    (observed,), (found,) = traces(figure, "observed"), traces(figure, "found")
    np.testing.assert_array_equal(observed.y, second.values[:, 0])
    assert len(found.x) == 0


@pytest.mark.parametrize(
    "detection",
    [
        plain(channels=5),
        plain(labels=np.ones(400, bool)),
        plain(labels=np.zeros(400, bool)),
        plain(axis=TimeAxis("row", "row"), times=np.arange(400)),
        plain(axis=TimeAxis("unix", "number", 1.0), times=np.arange(400) + 1_700_000_000),
        plain(axis=STAMPS, times=np.datetime64("2025-01-01", "us") + np.arange(400).astype("timedelta64[s]")),
        plain(times=np.zeros(400)),
        detection_of(noise(400), np.ones(400)),
        detection_of(noise(400, 2), np.full(400, NAN)),
        detection_of(np.full((400, 2), NAN), np.full(400, NAN)),
        detection_of(noise(2), np.array([NAN, 1.0])),
        detection_of(noise(2, 3), np.array([NAN, 5.0]), [Span(1, 2)]),
        detection_of(noise(1), np.array([NAN])),
        detection_of(noise(3_000, 2), np.full(3_000, NAN)),
    ],
    ids=["channels", "all known", "none known", "rows", "epoch", "stamps", "one time", "no events", "no scores",
         "nothing", "two steps", "two steps with an event", "one step", "long without scores"],
)  # fmt: skip
def test_every_kind_of_detection_can_be_drawn(detection: Detection) -> None:
    channels = channels_of(detection)
    drawn = json.loads(plot_detection(detection, 0, channels).to_json())
    assert len([trace for trace in drawn["data"] if trace.get("name") == "observed"]) == len(channels)
    assert json.loads(plot_series(detection.dataset, 0).to_json())["data"]
    assert json.loads(plot_score_histogram(detection).to_json())["layout"]["shapes"][0]["x0"] == 3.0


@pytest.mark.parametrize("name", [*MARKUP, '<a href="javascript:1">x</a>', "a & b"])
def test_names_from_a_file_are_text_never_markup(name: str) -> None:
    detection = plain(channels=2, names=(name, "b"), axis=TimeAxis(name, "number"))
    for figure in (plot_detection(detection, 0, [name, "b"]), plot_series(detection.dataset, 0)):
        texts = _texts(json.loads(figure.to_json()))
        # The line breaks of a sentence are our own.
        assert not any("<" in text.replace("<br>", "") and "<extra>" not in text for text in texts)
        assert any("&lt;" in text or "&amp;" in text for text in texts), "the name is shown"


def _texts(part: object) -> list[str]:
    if isinstance(part, dict):
        return [text for inner in part.values() for text in _texts(inner)]
    if isinstance(part, list):
        return [text for inner in part for text in _texts(inner)]
    return [part] if isinstance(part, str) else []


def test_channels_whose_shortened_names_agree_keep_a_row_each_in_the_strip() -> None:
    names = (f"{'temperature of the ' * 2}inlet", f"{'temperature of the ' * 2}outlet")
    (strip,) = strips(plot_detection(plain(channels=2, names=names), 0, [names[0]]))
    assert len(set(strip.y)) == 2, "one channel is drawn over the other"


def test_channels_named_by_numbers_or_dates_are_rows_of_the_strip_not_places_on_a_scale() -> None:
    figure = plot_detection(plain(channels=3, names=("1", "2", "500")), 0, ["1"])
    (strip,) = strips(figure)
    axis = figure.layout[f"yaxis{strip.yaxis[1:]}"]
    assert list(axis.ticktext or strip.y) == ["1", "2", "500"]
    assert axis.type == "category" or list(strip.y) == [0, 1, 2], "Plotly takes the names for numbers"


def test_the_axis_says_what_the_time_is() -> None:
    assert plot_detection(plain(), 0, ["a"]).layout.xaxis3.title.text == "time"
    rows = plain(axis=TimeAxis("row", "row"), times=np.arange(400))
    assert plot_detection(rows, 0, ["a"]).layout.xaxis3.title.text == "row"


def epoch(number: int, loss: float, is_best: bool) -> Epoch:
    return Epoch(number, 9, loss, loss / 2, 1.0, 1.0, is_best, 0.5)


def test_losses_are_drawn_by_epoch_and_the_best_is_marked() -> None:
    figure = plot_losses([epoch(1, 0.5, True), epoch(2, 0.25, True), epoch(3, NAN, False)])
    train, validation = figure.data
    assert list(train.x) == [1, 2, 3]
    assert list(validation.y)[:2] == [0.25, 0.125]
    assert figure.layout.shapes[0].x0 == 2
    assert plot_losses([]).data[0].x == ()


def test_the_histogram_counts_every_known_score_once() -> None:
    counts = {trace.name: np.nansum(trace.y) for trace in plot_score_histogram(plain()).data}
    assert counts == {"all steps": 400, "reference": 400}


def test_what_is_ignored_lies_behind_a_grey_band() -> None:
    ignored = np.zeros(400, bool)
    ignored[50:80] = ignored[300:310] = True
    figure = plot_detection(plain(ignored=ignored), 0, ["a"])
    bands = [(shape.x0, shape.x1) for shape in figure.layout.shapes if shape.fillcolor == IGNORED]
    assert bands == [(49.5, 79.5), (299.5, 309.5)]


@pytest.mark.parametrize("power", [308, 301, 0, -290, -301, -317])
def test_numbers_that_plotly_does_not_draw_are_drawn_as_multiples_of_a_power_of_ten(power: int) -> None:
    values = np.zeros((400, 1))
    values[200] = float(f"1e{power}")
    detection = plain()
    detection = dataclasses.replace(
        detection,
        dataset=dataclasses.replace(detection.dataset, series=(make_series(values),)),
        forecasts=(Forecast(make_series(values), values[None]),),
        half_band=np.array([values[200, 0]]),
    )
    is_drawn = abs(power) < 300
    for figure in (plot_detection(detection, 0, ["a"]), plot_series(detection.dataset, 0)):
        title, said = figure.layout.yaxis.title.text, f" · 1e{power}"
        assert title.endswith(said) is not is_drawn
        observed = next(trace for trace in figure.data if trace.name in ("observed", "a"))
        np.testing.assert_allclose(max(observed.y), values[200, 0] if is_drawn else 1.0, rtol=1e-3)
        assert is_drawn or said in observed.hovertemplate
        drawn = np.concatenate([np.asarray(trace.y, float) for trace in figure.data if trace.yaxis in (None, "y")])
        assert is_drawn or np.nanmax(np.abs(drawn)) < 100
