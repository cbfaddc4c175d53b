"""The look at every column before anything is learnt."""

import numpy as np
import pandas as pd
import pytest

from anomaly import ReadSettings
from anomaly.reading.assembly import assemble, shape_tables
from anomaly.reading.columns.inspection import SPARK_POINTS, inspect_columns, inspect_records
from anomaly.reading.formats.files import read_table
from anomaly.showing.export import repairs_csv

ROWS = [
    f"P{step // 60},{step % 60},{'' if 10 <= step < 13 else step % 9},{20 if 60 <= step < 100 else step % 7 + 0.5},"
    f"{'' if step % 3 else step},7,{'ab'[step % 2]},{int(step == 50)},n{step}"
    for step in range(120)
]
TEXT = "\n".join(["patient,time,T [°C],still,sparse,constant,mode,label,note", *ROWS])


def look() -> dict[str, dict[str, object]]:
    tables = [read_table(TEXT.encode(), "ward.csv")]
    dataset = assemble(tables, ReadSettings())
    lines = inspect_columns(shape_tables(tables, ReadSettings()), dataset).to_dict("records")
    return {str(line["column"]): line for line in lines}


def test_codes_of_missing_values_are_empty_cells() -> None:
    rows = "\n".join(f"{n},{-999 if 8 <= n < 12 else n % 7},{n % 3}" for n in range(40))
    tables = [read_table(f"time,flow,level\n{rows}".encode(), "pump.csv")]
    line = inspect_columns(tables, assemble(tables, ReadSettings())).to_dict("records")[1]
    assert (line["low"], line["missing"], line["gap"]) == (0, 0.1, 4)


def test_every_column_has_its_role() -> None:
    assert {name: line["role"] for name, line in look().items()} == {
        "patient": "record",
        "time": "time",
        "T [°C]": "monitored",
        "still": "monitored",
        "sparse": "monitored",
        "constant": "context",
        "mode": "context",
        "label": "known anomalies",
        "note": "ignored",
    }


def test_what_is_monitored_has_a_kind() -> None:
    kinds = {name: line["kind"] for name, line in look().items()}
    assert {name for name, kind in kinds.items() if not pd.isna(kind)} == {"T [°C]", "still", "sparse"}
    rows = "\n".join(f"{n},{'ab'[n // 4 % 2]},5" for n in range(40))
    tables = [read_table(f"time,mode,x\n{rows}".encode(), "pump.csv")]
    lines = inspect_columns(tables, assemble(tables, ReadSettings())).set_index("column")
    assert lines["kind"].dropna().to_dict() == {"mode": "state"}


def test_range_holes_and_flat_stretches_are_counted() -> None:
    temperature = look()["T [°C]"]
    assert (temperature["low"], temperature["high"], temperature["unit"]) == (0, 8, "°C")
    assert (temperature["missing"], temperature["gap"], temperature["flat"]) == (3 / 120, 3, 0)
    assert look()["still"]["flat"] == 40


def test_the_grade_has_its_reason() -> None:
    grades = {name: (line["grade"], line["reason"]) for name, line in look().items()}
    assert grades["T [°C]"] == ("high", "")
    assert grades["still"] == ("medium", "stands still for 40 rows")
    assert grades["sparse"] == ("low", "67 % empty")
    assert grades["constant"] == ("low", "never changes")
    assert grades["note"] == ("", "text, 120 different")


def test_times_that_are_not_the_time_are_not_called_text() -> None:
    rows = [f"{step},{step % 9},2025-03-01 10:{step:02}" for step in range(60)]
    tables = [read_table("\n".join(["time,a,stored", *rows]).encode(), "ward.csv")]
    settings = ReadSettings(time="time")
    look = inspect_columns(shape_tables(tables, settings), assemble(tables, settings))
    assert look["reason"].tolist()[2] == "times, 60 different"


def test_empty_cells_are_counted_after_the_rows_were_brought_onto_even_steps() -> None:
    rows = [f"{step * 10 + other},{step % 9 if other == 0 else ''},{step % 7 if other else ''}" for step in range(90)
            for other in (0, 1)]  # fmt: skip
    tables = [read_table("\n".join(["time,a,b", *rows]).encode(), "ward.csv")]
    for settings, missing in ((ReadSettings(sampling="keep"), 0.5), (ReadSettings(sampling="resample", step=10), 0.0)):
        look = inspect_columns(shape_tables(tables, settings), assemble(tables, settings))
        assert look["missing"].tolist() == [0.0, missing, missing]


def test_a_course_has_so_many_points_and_passes_over_what_is_empty() -> None:
    course = np.array(look()["sparse"]["spark"])
    assert 0 < len(course) <= SPARK_POINTS and np.isfinite(course).all()
    assert (np.diff(course) > 0).all()


def test_every_record_has_its_length_and_its_times() -> None:
    table = inspect_records(assemble([read_table(TEXT.encode(), "ward.csv")], ReadSettings()))
    assert table.to_dict("list") == {
        "record": ["P0", "P1"],
        "steps": [60, 60],
        "start": [0, 0],
        "end": [59, 59],
    }


def test_repairs_can_be_taken_away_with_their_lines() -> None:
    times = [0, 2, 1, *range(3, 40)]
    text = "\n".join(["time,flow", *(f"{time},{time % 5}" for time in times)])
    dataset = assemble([read_table(text.encode(), "x.csv")], ReadSettings())
    lines = repairs_csv(dataset.repairs).decode().splitlines()
    assert lines[0] == "what,count,first_lines"
    assert any("out of time order" in line and line.endswith(",1,4") for line in lines)


def test_the_times_of_a_recording_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 20 million rows that took more memory than reading them did: a day of ECG was refused."""
    rows = "".join(f"2025-01-01T00:{n // 60:02}:{n % 60:02},{n % 7},w{n % 3}\n" for n in range(200))
    tables = shape_tables([read_table(("time,v,word\n" + rows).encode(), "a.csv")], ReadSettings())
    dataset, count, counted = assemble(tables, ReadSettings()), pd.Series.nunique, list[str]()

    def counting(cells: pd.Series) -> int:
        counted.append(str(cells.name))
        return count(cells)

    monkeypatch.setattr(pd.Series, "nunique", counting)
    inspect_columns(tables, dataset)
    assert "word" in counted and "time" not in counted
