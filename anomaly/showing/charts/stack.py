"""Charts above each other on one x axis, gathered as plain data that Plotly checks once.

Its own figure checks every change by itself: the large chart took as long as all the rest of a rerun.
"""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from anomaly.showing.charts.drawing import DRESS, GRID


class Stack:
    """Rows count from 1, at the top. What is added is named as in Plotly's own figure."""

    def __init__(self, heights: Sequence[float], spacing: float) -> None:
        self.traces: list[dict[str, Any]] = []
        self.shapes: list[dict[str, Any]] = []
        self.rows = len(heights)
        self._axes: dict[str, dict[str, Any]] = {}
        unit, top = (1 - spacing * (self.rows - 1)) / sum(heights), 1.0
        for row, height in enumerate(heights, 1):
            bottom = max(0.0, top - height * unit)
            number, is_last = _number(row), row == self.rows
            self._axes[f"yaxis{number}"] = {"anchor": f"x{number}", "domain": [bottom, top], **GRID}
            shared = {} if is_last else {"matches": f"x{_number(self.rows)}", "showticklabels": False}
            self._axes[f"xaxis{number}"] = {"anchor": f"y{number}", "domain": [0.0, 1.0], **shared}
            top = bottom - spacing

    def add(self, kind: str, row: int, **trace: Any) -> None:
        """A trace, such as "scatter"."""
        number = _number(row)
        self.traces.append({"type": kind, "xaxis": f"x{number}", "yaxis": f"y{number}", **trace})

    def add_hline(self, row: int, y: float, line: dict[str, Any]) -> None:
        number = _number(row)
        place = {"xref": f"x{number} domain", "x0": 0, "x1": 1, "yref": f"y{number}", "y0": y, "y1": y}
        self.shapes.append({"type": "line", "line": line, **place})

    def update_yaxis(self, row: int, **changes: Any) -> None:
        self._axes[f"yaxis{_number(row)}"] |= changes

    def update_xaxes(self, **changes: Any) -> None:
        for row in range(1, self.rows + 1):
            self._axes[f"xaxis{_number(row)}"] |= changes

    def name_x(self, title: str) -> None:
        self._axes[f"xaxis{_number(self.rows)}"]["title"] = {"text": title}

    def figure(self, height: int, **layout: Any) -> go.Figure:
        """All of it, checked."""
        dressed = {**DRESS, "height": height, **self._axes, "shapes": self.shapes, **layout}
        return go.Figure({"data": self.traces, "layout": dressed})


def _number(row: int) -> str:
    """Of an axis: the first has none."""
    return "" if row == 1 else str(row)
