"""What every chart is drawn with: colours, lines that break at outages, names that fit."""

import textwrap
from html import escape

import numpy as np
import plotly.graph_objects as go

from anomaly.domain import Circle, TimeAxis, TimeSeries, find_runs, to_calendar
from anomaly.reading import find_outages

OBSERVED, PREDICTED, BAND = "#334155", "#0d9488", "rgba(13, 148, 136, 0.16)"
"""BAND: the expected band, predicted +- half_band"""
PARTS = {
    "error": ("prediction error", "rgba(51, 65, 85, 0.22)"),
    "shape": ("shape", "rgba(217, 119, 6, 0.22)"),
    "level": ("level", "rgba(37, 99, 235, 0.25)"),
    "relation": ("relation", "rgba(147, 51, 234, 0.22)"),
}
"""of the score: name and colour"""
FLAGGED, SHADE, KNOWN, QUIET = "#dc2626", "rgba(220, 38, 38, 0.10)", "#f59e0b", "#94a3b8"
MISSED = "#7c3aed"
"""stretches that a person marked as missed"""
IGNORED = "rgba(100, 116, 139, 0.14)"
"""behind what was neither learnt nor scored"""
GRID = {"gridcolor": "#eef1f3", "zeroline": False}
DRESS = {
    "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
    "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "font": {"size": 12}},
    "plot_bgcolor": "#ffffff",
    "paper_bgcolor": "#ffffff",
    "font": {"size": 12, "color": "#16222c"},
    # Plotly would cut a name after 15 characters, in the middle of an &amp; too.
    "hoverlabel": {"namelength": -1},
}
"""layout of every chart"""
PLOTLY_DRAWS = (1e-300, 1e300)
"""sizes of numbers; of a chart with others it leaves out the course, or all there is"""
FEW_STEPS = 150
"""below this many drawn steps, each gets a marker"""


def break_lines(
    times: np.ndarray, steps: np.ndarray, all_times: np.ndarray, curves: list[np.ndarray], circle: Circle | None = None
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The curves with a NaN put in before each outage, so that no line is drawn across it; nor from one end to the
    other where an angle goes round its `circle`."""
    places = np.searchsorted(steps, find_outages(all_times))
    if circle is not None:
        with np.errstate(invalid="ignore"):
            around = [np.flatnonzero(np.abs(np.diff(one)) > circle.whole / 2) + 1 for one in curves]
        places = np.concatenate([places, *around])
    places = np.unique(places)
    places = places[(places > 0) & (places < len(steps))]
    broken = [np.insert(np.asarray(curve, float), places, np.nan) for curve in curves]
    return np.insert(times, places, times[places - 1]), broken


def outline(times: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The area between two curves as closed outlines, one for each unbroken stretch, NaN between them."""
    x, y = [times[:0]], [low[:0]]
    for start, stop in zip(*find_runs(np.isfinite(low)), strict=True):
        there, back = slice(start, stop), slice(stop - 1, start - 1 if start else None, -1)
        x += [times[there], times[back], times[stop - 1 : stop]]
        y += [high[there], low[back], np.array([np.nan])]
    return np.concatenate(x), np.concatenate(y)


def power_of(values: np.ndarray) -> int:
    """The power of ten that a course is drawn in: 0, but where Plotly does not draw numbers of its size."""
    largest = float(np.max(np.abs(values), initial=0.0, where=np.isfinite(values)))
    low, high = PLOTLY_DRAWS
    return 0 if not largest or low <= largest <= high else int(np.floor(np.log10(largest)))


def in_power(values: np.ndarray, power: int) -> np.ndarray:
    """`values` as multiples of ten to the `power`, in two steps: the power itself may be no exact double."""
    return values / 10.0 ** (power // 2) / 10.0 ** (power - power // 2)


def say_power(power: int) -> str:
    """What follows a number that is drawn so."""
    return f" · 1e{power}" if power else ""


def calendar(series: TimeSeries, axis: TimeAxis) -> np.ndarray:
    return to_calendar(series.times, axis)


def literal(text: str) -> str:
    """What a file says as text for Plotly, never markup. Of HTML's names it knows those of & and <, not of quotes."""
    return escape(text, quote=False)


def axis_title(axis: TimeAxis) -> str:
    return "row" if axis.kind == "row" else literal(axis.name)


def short(name: str, most: int = 22) -> str:
    """A name that fits beside an axis, as `literal` text."""
    return literal(name if len(name) <= most else f"{name[: most - 1]}…")


def wrap_text(text: str, width: int = 70) -> str:
    """A sentence in lines that fit beside the pointer, as `literal` text."""
    return "<br>".join(literal(part) for part in textwrap.wrap(text, width))


def line(colour: str) -> dict[str, object]:
    return {"color": colour, "width": 1.4}


def dot(colour: str) -> dict[str, object]:
    return {"color": colour, "size": 4}


def dress(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(height=height, **DRESS)
    figure.update_yaxes(**GRID)
    return figure
