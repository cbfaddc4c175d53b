"""points.csv and events.csv: what their readers rely on."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.detecting.detection import Detection
from anomaly.domain.detections import Event, Threshold
from anomaly.domain.figures import round_figures
from anomaly.domain.forecasts import Forecast
from anomaly.domain.records import Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.settings.reading import ReadSettings
from anomaly.domain.spans import Span
from anomaly.pipeline import read
from anomaly.showing.export import disarm, events_csv, points_csv, to_csv
from tests.support.strategies import make_scores, unbounded

GOLDEN = Path(__file__).parent / "golden"
POINTS = ["record", "time", "score", "threshold", "flagged"]
SCORE_PARTS = ["score_error", "score_shape", "score_level", "score_relation"]
EVENTS = ["record", "start", "end", "points", "peak_time", "peak_score", "channel", "direction", "observed", "expected",
          "kind", "why"]  # fmt: skip


def detection_of(dataset: Dataset, scores: list[list[float]] | None = None) -> Detection:
    """A detection whose prediction is always 0.5 above the value; 1, 2, 3, ... are the scores unless given."""
    scores = scores or [list(range(1, len(series) + 1)) for series in dataset.series]
    events = tuple(
        Event(n, Span(0, len(series)), len(series) - 1, float(scores[n][-1]), dataset.monitored[0], "above", 1.25, 0.1)
        for n, series in enumerate(dataset.series)
    )
    return Detection(
        dataset,
        tuple(Forecast(series, series.values[None] + 0.5) for series in dataset.series),
        tuple(make_scores(np.array(one, float), np.zeros((len(one), len(dataset.monitored)))) for one in scores),
        Threshold(2.0, "value", 2.0, np.array([1.0])),
        events,
        DetectSettings(smoothing=1),
        np.ones(len(dataset.monitored)),
        unbounded(len(dataset.monitored)),
    )


def dataset_of(*lines: str, **settings) -> Dataset:
    return read("\n".join(lines).encode(), ReadSettings(**settings), name="pump.csv")


def cells_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_points_csv_has_the_columns_that_were_promised() -> None:
    detection = detection_of(dataset_of("time,flow,level", "2025-01-01,1,7", "2025-01-02,2,8", "2025-01-03,4,6"))
    header, *rows = cells_of(points_csv(detection))
    assert header == [*POINTS, "flow", "flow_predicted", "level", "level_predicted", *SCORE_PARTS]
    assert rows[0] == ["pump", "2025-01-01", "1", "2", "0", "1", "1.5", "7", "7.5", "1.71828", "0", "0", "0"]
    assert [row[4] for row in rows] == ["0", "0", "1"]


def test_events_csv_has_the_columns_that_were_promised() -> None:
    detection = detection_of(dataset_of("time,flow", "2025-01-01,1", "2025-01-02,2", "2025-01-03,4"))
    header, row = cells_of(events_csv(detection))
    assert header == EVENTS
    assert row[:-1] == ["pump", "2025-01-01", "2025-01-03", "3", "2025-01-03", "3", "flow", "above", "1.25", "0.1",
                        "departure"]  # fmt: skip
    assert row[-1].startswith("flow was 1.25 where 0.1 was expected; its score is higher than any of the")


def test_an_events_csv_without_events_is_its_header() -> None:
    detection = detection_of(dataset_of("time,flow", "2025-01-01,1", "2025-01-02,2"))
    empty = Detection(**{**vars(detection), "events": ()})
    assert events_csv(empty).decode() == ",".join(EVENTS) + "\n"


def test_points_csv_has_one_line_per_row_of_the_file_whatever_was_repaired() -> None:
    lines = ["unit,time,flow", "b,2,5", "a,0,1", "b,1,inf", "a,1,2", "b,1,inf", "", "b,3,6", "b,2,4"]
    detection = detection_of(dataset_of(*lines, record="unit", time="time"))
    points = pd.read_csv(io.BytesIO(points_csv(detection)))
    assert points["record"].tolist() == ["b"] * 5 + ["a"] * 2
    assert points["time"].tolist() == [1, 1, 2, 2, 3, 0, 1]
    np.testing.assert_array_equal(points["flow"], [np.nan, np.nan, 5, 4, 6, 1, 2])
    assert points["score"].tolist() == [1, 1, 2, 3, 4, 1, 2]


def test_what_is_unknown_is_an_empty_cell() -> None:
    detection = detection_of(dataset_of("flow,level", "1,5", ",6", "3,7", channels=["flow", "level"]), [[np.nan, 1, 3]])
    rows = cells_of(points_csv(detection))[1:]
    assert rows[0][:-4] == ["pump", "0", "", "2", "0", "1", "1.5", "5", "5.5"]
    assert rows[1][:-4] == ["pump", "1", "1", "2", "0", "", "", "6", "6.5"]


def test_values_and_times_are_written_exactly() -> None:
    values = [0.1, 1 / 3, 1e-300, 123456789.123456789, -2.5e17, 5e-324, 9.999999999999997e99]
    times = [0.1, 0.2, 0.30000000000000004, 1 / 3, 0.5, 2 / 3, 1.0]
    detection = detection_of(dataset_of("time,flow", *(f"{t!r},{v!r}" for t, v in zip(times, values, strict=True))))
    rows = cells_of(points_csv(detection))[1:]
    assert [float(row[1]) for row in rows] == times
    assert [float(row[5]) for row in rows] == values


def test_times_of_fractions_in_a_second_file_are_kept() -> None:
    detection = detection_of(read([b"time,a\n0,1\n1,2\n", b"time,a\n0.5,1\n1.5,2\n"]))
    assert [row[1] for row in cells_of(events_csv(detection))[1:]] == ["0", "0.5"]


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-1+1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1+1"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_text_that_would_run_as_a_formula_is_made_harmless(cell: str) -> None:
    assert disarm(cell) == f"'{cell}"


@pytest.mark.parametrize("sign", [";", "\t", "|", "\n"])
def test_a_formula_is_harmless_wherever_a_spreadsheet_splits_a_line(sign: str) -> None:
    table = pd.DataFrame({f"flow{sign}=1+1": pd.Series([f"pump{sign}=cmd()", f"a{sign}b"], dtype="str")})
    written = to_csv(table).decode()
    cells = [cell.strip('"') for line in written.splitlines() for cell in re.split(r"[;,\t|]", line)]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    # And to who splits at commas alone, it is one cell.
    assert [len(row) for row in cells_of(written.encode())] == [1, 1, 1]


@pytest.mark.parametrize("cell", ["pump", "5", "-5", "+2.5", "a=b", ""])
def test_other_text_is_left_alone(cell: str) -> None:
    assert disarm(cell) == cell


def test_formulas_in_record_names_and_channels_are_made_harmless_and_numbers_left_alone() -> None:
    lines = ["unit,=cmd(),@b", "=1+1,-1,3", "=1+1,-2,4", "+x,-3,5", "+x,-4,6"]
    detection = detection_of(dataset_of(*lines, record="unit", channels=["=cmd()", "@b"]))
    points, events = cells_of(points_csv(detection)), cells_of(events_csv(detection))
    assert points[0][5:-4] == ["'=cmd()", "'=cmd()_predicted", "'@b", "'@b_predicted"]
    assert [row[0] for row in points[1:]] == ["'=1+1", "'=1+1", "'+x", "'+x"]
    assert [row[5] for row in points[1:]] == ["-1", "-2", "-3", "-4"]
    assert [(row[0], row[6]) for row in events[1:]] == [("'=1+1", "'=cmd()"), ("'+x", "'=cmd()")]


@pytest.mark.parametrize("odd", ['a "b"', "a,b", "a\nb", "a\rb", " a ", "é"])
def test_odd_characters_come_back_as_they_went(odd: str) -> None:
    table = pd.DataFrame({"record": pd.Series([odd, "plain"], dtype="str"), odd: [1.5, 2.5]})
    assert cells_of(to_csv(table)) == [["record", odd], [odd, "1.5"], ["plain", "2.5"]]


@pytest.mark.parametrize(
    "channels",
    [
        ["score", "flagged", "record"],
        ["score", "score_observed"],
        ["score_observed", "score"],
        ["time_predicted", "threshold"],
        ["flow", "flow_predicted"],
        ["flow_predicted", "flow"],
        ["flow_predicted_observed", "flow_predicted", "flow"],
    ],
)
def test_channels_with_the_names_of_other_columns_lose_nothing(channels: list[str]) -> None:
    rows = [",".join(str(10 * row + column) for column in range(len(channels))) for row in (3, 1, 2)]
    detection = detection_of(dataset_of(",".join(channels), *rows, channels=channels))
    points = detection.points()
    assert points.columns.is_unique
    assert points["score"].tolist() == [1, 2, 3]
    for position, channel in enumerate(channels):
        assert points.iloc[:, 5 + 2 * position].tolist() == [30 + position, 10 + position, 20 + position]
        assert points[f"{channel}_predicted"].tolist() == [30.5 + position, 10.5 + position, 20.5 + position]


@given(st.lists(st.floats(width=64), min_size=1))
def test_rounding_gives_the_double_nearest_to_six_figures(values: list[float]) -> None:
    np.testing.assert_array_equal(round_figures(np.array(values)), [float(f"{value:.6g}") for value in values])


@given(st.integers(-(10**9), 10**9), st.integers(0, 30))
def test_rounding_next_to_a_tie_is_right(figures: int, places: int) -> None:
    value = float(f"{figures}5e-{places}")
    assert float(round_figures(np.array(value))) == float(f"{value:.6g}")


def golden_detection() -> Detection:
    """Two records out of order, an offset, a repeated row, a hole, and names that spreadsheets and CSV trip over."""
    dataset = dataset_of(
        "time,unit,=flow,level,label",
        "2025-03-01T00:10:00+01:00,a,1.25,7,0",
        "2025-03-01T00:00:00+01:00,a,-3,8,0",
        "2025-03-01T00:10:00+01:00,a,1.25,7,0",
        "2025-03-01T00:20:00+01:00,a,,9,1",
        '2025-03-01T00:00:00.500+01:00,"b, the ""second""",0.1,1e-7,0',
        '2025-03-01T00:00:01+01:00,"b, the ""second""",123456789.5,2,0',
    )
    return detection_of(dataset, [[np.nan, 2.0, 123.456789], [0.000012345678, 3.0]])


@pytest.mark.parametrize("name", ["points", "events"])
def test_the_files_are_those_kept_byte_for_byte(name: str) -> None:
    build = {"points": points_csv, "events": events_csv}[name]
    assert build(golden_detection()) == (GOLDEN / f"{name}.csv").read_bytes()
