"""Workbooks: each sheet that holds a table gives what its CSV would."""

import datetime as dt
import io
import zipfile
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from anomaly.domain.exceptions import DataError
from anomaly.reading.formats.delimited.csv import read_csv
from anomaly.reading.formats.spreadsheets.workbook import looks_like_workbook, read_workbook
from anomaly.reading.formats.table import digest_of
from tests.support.workbooks import FRAME, ROWS, as_xls, as_xlsb, of_rows, only, repacked, saved, workbook

CSV = FRAME.assign(running=FRAME["running"].astype(int)).to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S").encode()


@pytest.mark.parametrize("engine", ["openpyxl", "odf"])
def test_a_workbook_gives_the_table_of_its_csv(engine: str) -> None:
    content = saved({"Raw": FRAME}, engine)
    expected, found = read_csv(CSV, "pump"), only(content)
    pd.testing.assert_frame_equal(found.frame, expected.frame)
    assert (found.name, found.sheet, found.digest) == ("pump", "Raw", digest_of(content))
    assert [found.line(row) for row in (0, 29)] == [2, 31]


@pytest.mark.parametrize("save", [as_xls, as_xlsb])
def test_a_workbook_of_binary_records_is_read_and_told_by_its_bytes(save: Callable[..., bytes]) -> None:
    content = save([["t", "v"], [1.0, 0.5], [2.0, 1.5]])
    assert looks_like_workbook(content) and only(content).sheet == "Raw"
    assert only(content).frame.to_dict("list") == {"t": [1, 2], "v": [0.5, 1.5]}


def test_every_visible_sheet_with_a_table_is_one_and_the_others_are_passed_over() -> None:
    def fill(sheet: Worksheet) -> None:
        book = sheet.parent
        sheet.append(["Read me first"])
        sheet.append(["Nothing here but words"])
        for title in ("Second", "Hidden", "Very hidden", "Empty", "First"):
            book.create_sheet(title)
        book.create_chartsheet("Chart")
        for title in ("Second", "Hidden", "Very hidden", "First"):
            for row in ROWS:
                book[title].append(row)
        book["Hidden"].sheet_state, book["Very hidden"].sheet_state = "hidden", "veryHidden"

    assert [table.sheet for table in read_workbook(workbook(fill), "pump")] == ["Second", "First"]


def test_a_sheet_that_cannot_be_read_hides_no_other_but_is_told_where_it_is_alone() -> None:
    wide = pd.DataFrame(np.ones((2, 2001)))
    assert [table.sheet for table in read_workbook(saved({"Sum": wide, "Raw": FRAME}), "pump")] == ["Raw"]
    with pytest.raises(DataError, match=r"pump, sheet 'Sum' has 2,001 columns"):
        read_workbook(saved({"Sum": wide}), "pump")


def test_no_table_at_all_names_the_sheets_looked_at() -> None:
    with pytest.raises(DataError, match=r"no sheet holds a table \(looked at 'Notes', 'Empty'\); expected"):
        read_workbook(saved({"Notes": pd.DataFrame({"a": ["b", "c"]}), "Empty": pd.DataFrame()}), "pump")
    with pytest.raises(DataError, match="no sheet holds a table"):
        read_workbook(of_rows([["v", "w"], [1, "x"], [None, "y"]]), "pump")


def test_kinds_of_cells_become_what_a_csv_would_hold() -> None:
    midnight = dt.datetime(2025, 3, 1)
    rows = [
        ["time", "day", "clock", "took", "on", "ratio", "text", "big"],
        [midnight, midnight, dt.time(12, 3, 4), dt.timedelta(hours=30), True, "#DIV/0!", "=1+1\nx", 1e300],
        [midnight + dt.timedelta(hours=1), dt.date(2025, 3, 2), dt.time(0), dt.timedelta(0), False, 0.1, "<b>", 3],
        [midnight + dt.timedelta(hours=2, milliseconds=5), dt.date(2025, 3, 3), dt.time(1), None, True, "#N/A", "", 4],
    ]

    def fill(sheet: Worksheet) -> None:
        for row in rows:
            sheet.append(row)
        sheet["G2"].data_type = "s"

    content = workbook(fill)
    frame = only(content).frame
    assert frame["time"].tolist() == ["2025-03-01T00:00:00", "2025-03-01T01:00:00", "2025-03-01T02:00:00.005000"]
    assert frame["day"].tolist() == ["2025-03-01", "2025-03-02", "2025-03-03"]
    assert frame["clock"].tolist() == ["12:03:04", "00:00:00", "01:00:00"]
    assert frame["took"].tolist()[:2] == [108_000, 0] and frame["on"].tolist() == [1, 0, 1]
    assert frame["ratio"].isna().tolist() == [True, False, True] and frame["big"].tolist() == [1e300, 3, 4]
    assert frame["text"].tolist()[:2] == ["=1+1 x", "<b>"]


def test_an_error_written_as_text_is_a_missing_value() -> None:
    rows = pd.DataFrame({"t": [1, 2, 3], "v": [0.5, "#DIV/0!", 2.5], "w": ["a", "#REF!", "b"]})
    frame = only(saved({"a": rows}, "odf")).frame
    assert frame["v"].isna().tolist() == [False, True, False] == frame["w"].isna().tolist()


def test_a_formula_gives_its_kept_value_and_is_never_computed() -> None:
    formulas = of_rows([["t", "v"], [1, "=40+2"], [2, "=1+1"], [3, 5]])
    kept = repacked(formulas, lambda _, part: part.replace(b"<f>40+2</f><v />", b"<f>40+2</f><v>7</v>"))
    assert kept != formulas
    np.testing.assert_array_equal(only(kept).frame["v"], [7, np.nan, 5])


@pytest.mark.parametrize("place", [1, 3])
def test_formulas_without_stored_results_are_said_to_have_none(place: int) -> None:
    rows = [["t", "flow", "level", "sum"], *([n, n % 3, n % 4, f"=B{n}+C{n}"] for n in range(1, 6))]

    def fill(sheet: Worksheet) -> None:
        for line, row in enumerate(rows, 2):
            for column, cell in enumerate(row, place):
                sheet.cell(line, column, cell)

    table = only(workbook(fill))
    assert table.frame["sum"].isna().all()
    assert str(table.repairs[0]).startswith("pump, sheet 'Sheet': read as empty: 'sum': its formulas hold no stored")
    assert not only(of_rows([["t", "v", "w"], [1, 2, None], [2, 3, None], [3, 4, None]])).repairs


@pytest.mark.parametrize("first", [1, "2025-03-01"])
def test_a_workbook_of_formulas_alone_says_that_they_hold_no_results(first: object) -> None:
    rows = [[first, "=1+1"] if isinstance(first, str) else [n, "=1+1"] for n in range(5)]
    with pytest.raises(
        DataError, match=r"^pump: its formulas hold no stored results.* Open it in a spreadsheet, save it"
    ):
        only(of_rows([["t", "v"], *rows]))


def test_numbers_typed_with_a_decimal_comma_do_not_shift_the_true_ones() -> None:
    frame = only(of_rows([["true", "typed", "other"], [1.234, "1,5", "1,234"], [2.345, "1,234", "2,000"]])).frame
    assert frame.to_dict("list") == {"true": [1.234, 2.345], "typed": [1.5, 1.234], "other": [1.234, 2]}


@pytest.mark.parametrize(
    ("typed", "other", "values", "is_said"),
    [
        (["20,069", "20,125"], ["a", "b"], [20069, 20125], True),
        (["20,069", "0,125"], ["a", "b"], [20.069, 0.125], False),
        (["20,069", "980"], ["a", "b"], [20069, 980], True),
        (["20,069", "20,125"], ["0,5", "0,25"], [20.069, 20.125], False),
        (["20,069", "20,125"], ["31.12.2025 10:00", "31.12.2025 10:05"], [20.069, 20.125], True),
        (["1.200", "980"], ["0,5", "0,25"], [1200, 980], False),
        (["1.200", "1.500"], ["0,5", "0,25"], [1200, 1500], True),
        (["<20,069", "−20,5"], ["a", "b"], [20.069, -20.5], False),
    ],
)
def test_a_typed_number_is_read_as_its_column_and_the_others_tell_and_doubt_is_said(
    typed: list[str], other: list[str], values: list[float], is_said: bool
) -> None:
    rows = zip(["n", 1, 2], ["v", *typed], ["w", *other], strict=True)
    table = only(of_rows([["Pump station 4"], [], *rows]))
    assert table.frame["v"].tolist() == values
    notes = [str(repair) for repair in table.repairs if "which may be" in str(repair)]
    assert bool(notes) == is_said and all(note.startswith("pump, sheet 'Sheet': 'v' holds '") for note in notes)


def test_lines_are_the_rows_of_the_sheet_wherever_the_table_is() -> None:
    def fill(sheet: Worksheet) -> None:
        for at, row in zip((5, 6, 7, 9, 10), [*ROWS, [4, "broken"]], strict=True):
            sheet.cell(at, 3, row[0])
            sheet.cell(at, 4, row[1])

    table = only(workbook(fill))
    assert list(table.frame) == ["t", "v"] and [table.line(row) for row in range(4)] == [6, 7, 9, 10]


def test_a_merged_title_in_the_corner_widens_no_table() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A1"] = "Pump station 4"
        sheet.merge_cells("A1:F1")
        for at, row in enumerate(ROWS, 3):
            sheet.cell(at, 3, row[0])
            sheet.cell(at, 4, row[1])

    table = only(workbook(fill))
    assert table.frame.to_dict("list") == {"t": [1, 2, 3], "v": [0.5, 1.5, 2.5]}
    assert [table.line(row) for row in range(3)] == [4, 5, 6]


def test_only_workbooks_look_like_workbooks() -> None:
    def zipped(**parts: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in parts.items():
                archive.writestr({"types": "[Content_Types].xml"}.get(name, name.replace("__", "/")), text)
        return buffer.getvalue()

    kind = "application/vnd.oasis.opendocument."
    assert looks_like_workbook(saved({"a": FRAME})) and looks_like_workbook(saved({"a": FRAME}, "odf"))
    for other in (
        zipped(types="", word__document="x"),
        zipped(types="", ppt__slide="x"),
        zipped(mimetype=kind + "text"),
        zipped(mimetype=kind + "spreadsheet-template"),
        zipped(xl__a="x"),
        b"PK\x03\x04",
        b"",
        CSV,
    ):
        assert not looks_like_workbook(other)
