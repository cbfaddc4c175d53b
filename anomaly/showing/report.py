"""Detection -> one HTML file to send: charts that still zoom, the events and why, what made them. It needs no network.

What a file says is text in it, never markup.
"""

import json
from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd

from anomaly.detecting import Detection
from anomaly.domain import SIGNIFICANT_DIGITS, tell_apart
from anomaly.evaluating import Contender, comparison_table, explain_choice
from anomaly.forecasting import Fitted, describe_calendar, describe_memory
from anomaly.showing.charts.detection import plot_detection
from anomaly.showing.charts.overview import plot_losses, plot_score_histogram
from anomaly.showing.export import describe_run, evaluation_of, verdict_columns

MOST_CHARTS, MOST_CHANNELS, MOST_EVENTS = 6, 3, 500
STYLE = """
body {font: 15px/1.5 system-ui, sans-serif; color: #16222c; margin: 2rem auto; max-width: 75rem; padding: 0 1.5rem}
h1 {margin-bottom: 0} h2 {margin-top: 2.5rem} .quiet {color: #64748b}
table {border-collapse: collapse; font-size: 13px} td, th {border-bottom: 1px solid #dde3e6; padding: .3rem .7rem}
th {text-align: left} td:last-child {min-width: 20rem}
.wide {overflow-x: auto} pre {background: #f4f6f6; padding: 1rem; overflow-x: auto}
"""


def report_html(
    detection: Detection,
    fitted: Fitted,
    judged: Sequence[tuple[str, str, str]] | None = None,
    contenders: Sequence[Contender] = (),
) -> bytes:
    """The report as a page of its own; `judged` as in `export.events_csv`, `contenders` as the page Compare has them.
    The same bytes for the same detection."""
    dataset = detection.dataset
    parts = [
        f"<h1>{escape(dataset.name)}</h1>",
        f"<p class=quiet>{escape(_describe(detection))}</p>",
        _evaluation(detection),
        *_charts(detection),
        "<h2>Events</h2>",
        f"<p class=quiet>{escape(detection.threshold.note)}</p>",
        _table(_told_apart(verdict_columns(detection.events_table(MOST_EVENTS), judged))),
        *_unusual(detection),
        _more(len(detection.events), MOST_EVENTS, "events, of which the most severe are listed"),
        "<h2>How it was learnt</h2>",
        f"<p>{escape(fitted.ended)} {escape(describe_memory(fitted, dataset))} "
        f"{escape(describe_calendar(fitted.preparation.calendar, fitted.settings, dataset))}</p>",
        _chart(plot_losses(list(fitted.epochs)), "losses"),
        _chart(plot_score_histogram(detection), "histogram"),
        *_comparison(contenders, detection),
        "<h2>What made it</h2>",
        f"<pre>{escape(_made_of(detection, fitted))}</pre>",
    ]
    # The library stands in the page once: it opens without a network.
    head = f"<meta charset=utf-8><title>{escape(dataset.name)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>\n".encode()


def _describe(detection: Detection) -> str:
    dataset, count = detection.dataset, len(detection.events)
    records = f" in {len(dataset.series):,} records" if len(dataset.series) > 1 else ""
    size = f"{dataset.steps:,} steps{records}, monitoring {', '.join(dataset.monitored)}."
    if detection.nothing:
        return f"{detection.nothing} {size}"
    return f"{count:,} event{'s' * (count != 1)} above {detection.threshold.value:.6g}, {size}"


def _unusual(detection: Detection) -> list[str]:
    if not detection.unusual:
        return []
    return ["<h2>The most unusual stretches, no events</h2>", _table(_told_apart(detection.unusual_table()))]


def _evaluation(detection: Detection) -> str:
    figures = evaluation_of(detection)
    if figures is None:
        return ""
    rows = [{"figure": name, "value": "" if value is None else f"{value:g}"} for name, value in figures.items()]
    return f"<h2>Against the known anomalies</h2>{_table(pd.DataFrame(rows))}"


def _charts(detection: Detection) -> list[str]:
    """The records with the worst events, or the first."""
    records = list(dict.fromkeys(event.record for event in detection.events))[:MOST_CHARTS] or [0]
    leading = [event.channel for event in detection.events]
    channels = list(dict.fromkeys([*leading, *detection.dataset.monitored]))[:MOST_CHANNELS]
    parts = []
    for place, record in enumerate(records):
        if len(detection.dataset.series) > 1:
            parts.append(f"<h2>{escape(detection.dataset.series[record].name)}</h2>")
        figure = plot_detection(detection, record, channels).update_layout(dragmode="zoom")
        parts.append(_chart(figure, f"record-{record}", "inline" if place == 0 else False))
    flagged = len({event.record for event in detection.events})
    return [*parts, _more(flagged, MOST_CHARTS, "records have events; those with the worst are drawn")]


def _chart(figure: object, name: str, library: str | bool = False) -> str:
    # A name of its own, or each report of the same detection would differ.
    return str(figure.to_html(full_html=False, include_plotlyjs=library, div_id=name))  # type: ignore[attr-defined]


def _comparison(contenders: Sequence[Contender], detection: Detection) -> list[str]:
    if not contenders:
        return []
    said = explain_choice(contenders, detection.dataset)
    return ["<h2>Models compared</h2>", f"<p>{escape(said)}</p>", _table(comparison_table(contenders))]


def _told_apart(events: pd.DataFrame) -> pd.DataFrame:
    """What was observed and what was expected as texts that differ where they do."""
    pairs = [
        tell_apart(*pair, digits=SIGNIFICANT_DIGITS) if np.isfinite(pair).all() else list(map(_cell, pair))
        for pair in events[["observed", "expected"]].to_numpy(np.float64)
    ]
    return events.assign(observed=[seen for seen, _ in pairs], expected=[foreseen for _, foreseen in pairs])


def _table(table: pd.DataFrame) -> str:
    head = "".join(f"<th>{escape(str(name))}</th>" for name in table.columns)
    rows = (
        "<tr>" + "".join(f"<td>{escape(_cell(cell))}</td>" for cell in row) + "</tr>"
        for row in table.itertuples(index=False)
    )
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def _cell(cell: object) -> str:
    if isinstance(cell, float | np.floating):
        return "" if np.isnan(cell) else f"{cell:.6g}"
    return str(cell)


def _more(count: int, most: int, what: str) -> str:
    return f"<p class=quiet>{count:,} {what}.</p>" if count > most else ""


def _made_of(detection: Detection, fitted: Fitted) -> str:
    made = describe_run(detection, fitted)
    del made["events"]
    return json.dumps(made, indent=1, ensure_ascii=False)
