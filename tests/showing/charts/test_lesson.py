"""The charts of the lesson, read from the figures."""

import numpy as np
import plotly.graph_objects as go
import pytest

from anomaly.domain import Kind
from anomaly.domain.forecasts import FADED, Epoch, Trace
from anomaly.domain.spans import Span
from anomaly.showing.charts.lesson import (
    plot_gradient_norms,
    plot_keep_times,
    plot_reach,
    plot_trace,
    plot_validation_losses,
)
from tests.support.strategies import make_dataset, sine_values, with_kinds

MARKUP = "<b>bold</b>"


def epoch(number: int, loss: float, norm: float = 0.5) -> Epoch:
    return Epoch(number, 9, loss, loss / 2, 1.0, 1.0, False, norm)


def named(figure: go.Figure, name: str) -> list[go.Scatter]:
    return [one for one in figure.data if one.name == name]


def test_reaches_are_shares_of_their_most_on_one_log_axis_dotted_before_training() -> None:
    figure = plot_reach(
        {"lstm": np.array([4.0, 2.0, 1.0]), "rnn": np.array([1.0, 3.0])}, {"lstm": np.array([2.0, 1.0])}
    )
    after, before = named(figure, "lstm")
    np.testing.assert_allclose(after.y, [1, 0.5, 0.25])
    np.testing.assert_allclose(before.y, [1, 0.5])
    assert before.line.dash == "dot" and before.line.color == after.line.color and not before.showlegend
    np.testing.assert_allclose(named(figure, "rnn")[0].y, [1 / 3, 1])
    assert figure.layout.yaxis.type == "log"
    assert [shape.y0 for shape in figure.layout.shapes] == [FADED]


def test_a_gradient_too_small_to_draw_is_a_gap_and_none_at_all_is_no_line() -> None:
    figure = plot_reach({"window": np.array([1.0, 1e-30, 0.0]), "baseline": np.zeros(3)})
    assert np.isnan(named(figure, "window")[0].y[1:]).all()
    assert not named(figure, "baseline")


@pytest.mark.parametrize(("cut", "lines"), [(64, 2), (None, 1), (200, 1)])
def test_the_truncation_is_marked_where_it_lies_within_what_is_shown(cut: int | None, lines: int) -> None:
    assert len(plot_reach({"lstm": np.ones(101)}, truncation=cut).layout.shapes) == lines


def test_an_unrolled_stretch_shows_what_was_foreseen_at_the_step_it_speaks_of() -> None:
    dataset = make_dataset(sine_values(50))
    predicted = np.arange(20.0).reshape(10, 2)
    trace = Trace(np.random.default_rng(0).standard_normal((10, 6)), predicted, np.arange(10.0), None)
    figure = plot_trace(dataset, 0, 1, Span(5, 15), trace, horizon=2)
    observed, foreseen = named(figure, "observed")[0], named(figure, "foreseen")[0]
    np.testing.assert_array_equal(observed.y, dataset.series[0].values[5:15, 1])
    np.testing.assert_array_equal(foreseen.y, [np.nan, np.nan, *predicted[:8, 1]])
    (states,) = [one for one in figure.data if one.type == "heatmap"]
    assert np.asarray(states.z).shape == (6, 10)
    np.testing.assert_array_equal(named(figure, "loss of the next step")[0].y, np.arange(10.0))


def test_losses_norms_and_keep_times_are_drawn_as_they_are() -> None:
    runs = {MARKUP: [epoch(1, 4.0), epoch(2, 2.0)], "gru": [epoch(1, 3.0)]}
    figure = plot_validation_losses(runs)
    assert [list(one.y) for one in figure.data] == [[2.0, 1.0], [1.5]]
    assert "<b>" not in figure.to_json()
    norms = plot_gradient_norms([epoch(1, 1.0, 3.0), epoch(2, 1.0, 0.5)], 1.0)
    assert list(norms.data[0].y) == [3.0, 0.5] and norms.layout.shapes[0].y0 == 1.0
    assert list(plot_keep_times(np.array([9.0, 2.0])).data[0].y) == [9.0, 2.0]


def test_a_name_is_never_markup() -> None:
    assert "<b>" not in plot_reach({MARKUP: np.ones(3)}, {MARKUP: np.ones(3)}).to_json()


def unrolled(kind: Kind, values: np.ndarray, predicted: np.ndarray) -> go.Figure:
    made = make_dataset(values[:, None])
    dataset = with_kinds(made, kind)
    trace = Trace(np.ones((len(values) - 5, 2)), predicted[5:, None], np.ones(len(values) - 5), None)
    return plot_trace(dataset, 0, 0, Span(5, len(values)), trace, horizon=1)


def test_of_a_counter_the_rises_are_unrolled_which_are_what_is_foreseen() -> None:
    readings = 1e6 + np.random.default_rng(0).random(40).cumsum()
    figure = unrolled("counter", readings, readings + 0.25)
    np.testing.assert_allclose(named(figure, "observed")[0].y, np.diff(readings)[4:])
    np.testing.assert_allclose(named(figure, "foreseen")[0].y[1:], 0.25)
    assert figure.layout.yaxis.title.text == "rise of a"


def test_an_angle_is_unrolled_without_lines_from_end_to_end() -> None:
    directions = np.arange(0.0, 600, 20) % 360
    figure = unrolled("angle", directions, directions)
    for name in ("observed", "foreseen"):
        steps = np.diff(np.asarray(named(figure, name)[0].y, float))
        assert np.nanmax(np.abs(steps)) == 20
