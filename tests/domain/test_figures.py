"""Figures in sentences: short where that tells enough, and never alike where they differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain.figures import count_digits, round_figures, tell_apart

finite = st.floats(-1e308, 1e308)


@pytest.mark.parametrize(
    ("figures", "written"),
    [
        ((9.6918, -0.109405), ["9.692", "-0.1094"]),
        ((1e6, 2e6), ["1e+06", "2e+06"]),
        ((1_000_009.0, 999_991.0, 1_000_000.0), ["1000009", "999991", "1000000"]),
        ((1e15 + 60, 1e15), ["1000000000000060", "1000000000000000"]),
        ((1e16 + 2, 1e16), ["10000000000000002", "10000000000000000"]),
        ((0.1 + 0.2, 0.3), ["0.30000000000000004", "0.29999999999999999"]),
        ((5.0, 5.0), ["5", "5"]),
        ((0.0, -0.0), ["0", "0"]),
        ((float("nan"), 2.0), ["nan", "2"]),
    ],
)
def test_figures_side_by_side_have_as_many_digits_as_it_takes(figures: tuple[float, ...], written: list[str]) -> None:
    assert tell_apart(*figures) == written


@given(st.lists(finite, min_size=2, max_size=4))
def test_figures_that_differ_are_written_differently_whatever_they_are(figures: list[float]) -> None:
    written = tell_apart(*figures)
    assert len(set(written)) == len({figure + 0.0 for figure in figures})
    assert all(
        float(text) == pytest.approx(figure, rel=1e-3, abs=0) for text, figure in zip(written, figures, strict=True)
    )


@pytest.mark.parametrize(
    ("low", "high", "digits"),
    [(19.0, 21.0, 5), (1e6 - 1, 1e6 + 1, 9), (1e15 - 1, 1e15 + 1, 17), (5.0, 5.0, 5), (-1.7e308, 1.7e308, 5)],
)
def test_values_beside_a_chart_have_the_digits_that_show_how_they_vary(low: float, high: float, digits: int) -> None:
    assert count_digits(np.array([low, np.nan, high])) == digits


@given(finite, st.integers(1, 15))
def test_a_figure_is_rounded_to_the_digits_asked_for(value: float, digits: int) -> None:
    assert round_figures(np.array([value]), digits)[0] == float(f"{value:.{digits}g}")
