"""Numbers and lists as people read them."""

import numpy as np
import streamlit as st

from anomaly.domain import DAY, Dataset, Repair, TimeSeries, seconds_of
from anomaly.showing import export


def show_repairs(repairs: tuple[Repair, ...]) -> None:
    if not repairs:
        return
    label = f"{count_of(len(repairs), 'thing')} noticed while reading"
    with st.expander(label, icon=":material/build:"):
        for repair in repairs:
            st.text(f"• {repair}")
        st.download_button(
            "repairs.csv",
            lambda: export.repairs_csv(repairs),
            "repairs.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )


def count_of(count: int, word: str) -> str:
    """ "1 epoch", "1,200 epochs"."""
    return f"{count:,} {word}{'s' * (count != 1)}"


def size_of(dataset: Dataset) -> str:
    """ "6,012 steps" or "3,204 steps in 40 records of 12 to 160"."""
    if len(dataset.series) == 1:
        return count_of(dataset.steps, "step")
    lengths = [len(series) for series in dataset.series]
    return f"{dataset.steps:,} steps in {len(lengths):,} records of {min(lengths):,} to {max(lengths):,}"


def small_share(value: float) -> str:
    """ "0.043 %", "3.1 %", "100 %": as precise as a share of time can be told."""
    return f"{100 * value:.2g} %" if value < 0.095 else f"{100 * value:.0f} %"


def alarm_rate(count: int, dataset: Dataset) -> str:
    """How often that many events are: "about 0.7 a day", or by steps where the file has no calendar."""
    seconds = sum(span_seconds(series, dataset) for series in dataset.series)
    if dataset.time_axis.is_calendar and seconds > 0:
        units = {"day": DAY, "hour": 3600.0, "minute": 60.0}
        # A rate over longer than the file lasts would be a guess.
        name = next((name for name, size in units.items() if size <= seconds), "minute")
        rate = count * units[name] / seconds
        # The days of several records may be the same days.
        of = " of a record" if len(dataset.series) > 1 else ""
        # "0.048 a day" says less to a person than "one in 21 days".
        if rate < 0.5 and count:
            return f"about one in {1 / rate:.0f} {name}s{of}"
        return f"about {rate:.2g} a {name}{of}"
    return f"about {1000 * count / dataset.steps:.2g} in 1,000 steps"


def span_seconds(series: TimeSeries, dataset: Dataset) -> float:
    return float(seconds_of(series.times[-1] - series.times[0], dataset.time_axis)) if len(series) > 1 else 0.0


def share(value: float) -> str:
    """ "97 %", or a dash where there is nothing to share."""
    return "–" if np.isnan(value) else f"{value:.0%}".replace("%", " %")


def say_bytes(count: float) -> str:
    """ "340 kB", "12 MB", "1.5 GB"."""
    if count >= 1e9:
        return f"{count / 1e9:.2g} GB"
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{max(count / 1e3, 1):.0f} kB"
