"""The demonstrations on the first page: a picture each, and one click to the finished result."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from anomaly.domain import FitSettings
from anomaly.reading import DEMOS, Demo

PICTURES = Path(__file__).parent / "pictures"
"""drawn beforehand by `python -m dev.draw_demos`: the first page waits for no library"""


def show_demos(open_files: Callable[[list[tuple[bytes, str]], FitSettings], None]) -> None:
    for column, demo in zip(st.columns(len(DEMOS)), DEMOS.values(), strict=True):
        with column.container(border=True, height="stretch"):
            _show_demo(demo, open_files)


def _show_demo(demo: Demo, open_files: Callable[[list[tuple[bytes, str]], FitSettings], None]) -> None:
    st.markdown(f"##### {demo.title}")
    st.image((PICTURES / f"{demo.name}.svg").read_text(encoding="utf-8"), width="stretch")
    st.caption(demo.description)
    if st.button("Find its anomalies", key=f"demo-{demo.name}", width="stretch"):
        from anomaly.reading import demo_csv

        open_files([(demo_csv(demo.name), f"{demo.name}.csv")], FitSettings(train_fraction=demo.train_fraction))
