"""Numbers as people read them, and what a file says as Markdown shows it."""

import pytest

from anomaly.ui.plain import NOTHING, plain
from anomaly.ui.wording import count_of


@pytest.mark.parametrize(("count", "said"), [(0, "0 epochs"), (1, "1 epoch"), (2, "2 epochs"), (1_200, "1,200 epochs")])
def test_one_is_no_several(count: int, said: str) -> None:
    assert count_of(count, "epoch") == said


@pytest.mark.parametrize("text", ["https://a.b", "HTTP://a.b", "www.a.b", "a@b.c", "a -> b", ":x:", "a -- b"])
def test_what_streamlit_would_rewrite_is_parted(text: str) -> None:
    """tests/ui/browser/test_text.py sees what comes of it."""
    assert NOTHING in plain(text) and plain(text).replace(NOTHING, "").replace("\\", "") == text


@pytest.mark.parametrize("text", ["pump 3, 10:30:00", "a: b", "@", "-5.5", "temperature (°C)", "a < b > c = d"])
def test_other_texts_are_left_whole(text: str) -> None:
    assert NOTHING not in plain(text)
