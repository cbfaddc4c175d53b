"""The page Learn, driven without a browser."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.pages import check, current, fit_quickly, go_to


def test_learn_asks_for_a_fit_where_there_is_none(opened: AppTest) -> None:
    assert "Nothing is fitted to pump" in go_to(opened, "learn").info[0].value.replace("\\", "")


@pytest.mark.parametrize("cell", ["lstm", "feedforward"])
def test_the_lesson_is_computed_from_the_fitted_model(opened: AppTest, cell: str) -> None:
    opened.selectbox(key="cell").set_value(cell)
    fitted = fit_quickly(opened)
    app = go_to(fitted, "learn")
    assert [one.value[:3] for one in app.header] == ["1 ·", "2 ·", "3 ·", "4 ·", "5 ·"]
    count = current(app).run.fitted.forecaster.parameters
    assert any(f"{count:,} parameters" in text.value for text in app.markdown)
    assert len(app.get("plotly_chart")) == (6 if cell == "lstm" else 5)
    before = [chart.proto.spec for chart in app.get("plotly_chart")]
    check(app.slider[0].set_value(10).run())
    after = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False] + [True] * (len(after) - 1)
