"""Bytes and paths -> tables: delimiters, headers, encodings, lines."""

import codecs
import hashlib
import time

import numpy as np
import pytest

import anomaly
from anomaly.domain.exceptions import DataError
from anomaly.pipeline import read
from anomaly.reading.formats.files import read_table
from anomaly.reading.formats.table import Table

FAST = anomaly.FitSettings(epochs=1, hidden_units=4, device="cpu")
PLAIN = "time,flow,level\n0,1.5,10\n1,2.5,20\n2,3.5,30\n"


def table_of(text: str, encoding: str = "utf-8") -> Table:
    return read_table(text.encode(encoding), "pump.csv")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    frame = table_of(PLAIN.replace(",", delimiter)).frame
    assert list(frame.columns) == ["time", "flow", "level"]
    assert frame["flow"].tolist() == [1.5, 2.5, 3.5]


def test_a_comma_within_quotes_is_no_delimiter() -> None:
    frame = table_of('note;flow\n"a, b, c";1\n"d, e, f";2\n').frame
    assert list(frame.columns) == ["note", "flow"]
    assert frame["note"].tolist() == ["a, b, c", "d, e, f"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("1,2\n3,4\n", ["channel_1", "channel_2"]),
        ("NA,2\n3,4\n", ["channel_1", "channel_2"]),
        ("2025-01-01 00:00:00,5\n2025-01-01 00:01:00,6\n", ["channel_1", "channel_2"]),
        ("bed 7,5\nbed 7,6\n", ["channel_1", "channel_2"]),
        ("flow,7\n1,2\n3,4\n", ["flow", "7"]),
        ("name,note\na,b\nc,d\n", ["name", "note"]),
        (" flow , level\n1,2\n3,4\n", ["flow", "level"]),
        ("flow,,level\n1,2,3\n4,5,6\n", ["flow", "column_2", "level"]),
        (",0,1\n0,5.5,6.5\n1,7.5,8.5\n", ["column_1", "0", "1"]),
    ],
)
def test_a_header_is_told_from_a_first_row_of_figures(text: str, columns: list[str]) -> None:
    table = table_of(text)
    assert list(table.frame.columns) == columns
    assert table.first_line + len(table.frame) == 1 + text.count("\n")


@pytest.mark.parametrize(
    "content",
    [
        "température,b\n1,2\n3,4\n".encode(),
        "température,b\n1,2\n3,4\n".encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + "température,b\n1,2\n3,4\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "température,b\n1,2\n3,4\n".encode("utf-16-be"),
        "température,b\n1,2\n3,4\n".encode("latin-1"),
    ],
)
def test_the_encoding_is_found(content: bytes) -> None:
    frame = read_table(content, "pump.csv").frame
    assert list(frame.columns) == ["température", "b"]
    assert frame["b"].tolist() == [2, 4]


def test_the_signs_of_windows_1252_are_read() -> None:
    assert list(table_of("cost €,b\n1,2\n3,4\n", "cp1252").frame.columns) == ["cost €", "b"]


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends() -> None:
    table = table_of('"flow\n(l/s)","note, ""raw"""\n1,"two\nlines, one cell"\n2,"b"\n')
    assert list(table.frame.columns) == ["flow\n(l/s)", 'note, "raw"']
    assert table.frame.iloc[0, 1] == "two\nlines, one cell"
    assert [table.line(row) for row in range(2)] == [3, 5]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_gives_the_same_cells(line_end: str) -> None:
    table = table_of(PLAIN.replace("\n", line_end))
    assert table.frame["level"].tolist() == [10, 20, 30]
    assert [table.line(row) for row in range(3)] == [2, 3, 4]


@pytest.mark.parametrize("after", ["", "\n", "\n\n\n", "\r\n  \r\n"])
@pytest.mark.parametrize(("before", "first_line"), [("", 2), ("\n\n", 4), ("  \n\r\n", 4)])
def test_blank_lines_round_the_table_do_not_matter(before: str, first_line: int, after: str) -> None:
    table = table_of(before + PLAIN.rstrip() + after)
    assert list(table.frame.columns) == ["time", "flow", "level"]
    assert len(table.frame) == 3
    assert table.line(0) == first_line


def test_blank_lines_between_rows_are_passed_over_but_counted() -> None:
    table = table_of("a,b\n1,2\n\n\n3,4\n5,6\n")
    assert table.frame["a"].tolist() == [1, 3, 5]
    assert [table.line(row) for row in range(3)] == [2, 5, 6]


def test_a_blank_line_of_a_one_column_file_is_a_missing_value() -> None:
    table = table_of("flow\n1\n\n3\n\n")
    np.testing.assert_array_equal(table.frame["flow"], [1, np.nan, 3])


def test_a_one_column_file_needs_no_header() -> None:
    assert table_of("1\n2\n3\n").frame["channel_1"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("marker", ["", "NA", "N/A", "nan", "NaN", "null", "None", "-", "?", "#N/A", " ", " NA "])
def test_missing_markers_become_nan(marker: str) -> None:
    table = table_of(f"a,b\n1,x\n{marker},y\n3,z\n")
    np.testing.assert_array_equal(table.frame["a"], [1, np.nan, 3])
    assert table.repairs == ()


def test_odd_cells_of_a_column_of_numbers_are_missing_and_reported_with_their_lines() -> None:
    cells = [str(n) for n in range(100)]
    cells[10] = cells[50] = "error"
    table = table_of("\n".join(["a,b", *(f"{cell},1" for cell in cells)]))
    assert np.flatnonzero(table.frame["a"].isna()).tolist() == [10, 50]
    (repair,) = table.repairs
    assert (repair.count, repair.lines) == (2, (12, 52))
    assert str(repair) == "pump: 2 cells of 'a' not a number, such as 'error': taken as missing (lines 12, 52)"


def test_a_column_with_many_odd_cells_stays_text() -> None:
    table = table_of("a,b\n1,1\nx,2\n3,3\n")
    assert table.frame["a"].tolist() == ["1", "x", "3"]


def test_whole_numbers_past_the_precision_of_a_double_may_have_missing_neighbours() -> None:
    table = table_of("a,b\n1700000000000000001,1\n,2\n")
    assert table.frame["a"][0] == 1.7e18


def test_a_path_a_str_and_bytes_give_the_same_table(tmp_path) -> None:
    path = tmp_path / "pump.csv"
    path.write_text(PLAIN)
    tables = [read_table(path), read_table(str(path)), read_table(PLAIN.encode(), "pump.csv")]
    assert {table.name for table in tables} == {"pump"}
    assert {table.digest for table in tables} == {hashlib.sha256(PLAIN.encode()).hexdigest()}
    assert all(table.frame.equals(tables[0].frame) for table in tables)


def test_the_digest_of_a_dataset_is_that_of_the_bytes_as_they_came() -> None:
    content = PLAIN.encode("utf-16")
    assert read(content).digest == hashlib.sha256(content).hexdigest()


def test_several_files_are_the_records_of_one_dataset(tmp_path) -> None:
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    paths[0].write_text(PLAIN)
    paths[1].write_text("level,time,flow\n7,0,8\n9,1,10\n")
    dataset = read(paths)
    assert [series.name for series in dataset.series] == ["a", "b"]
    assert dataset.name == "a and 1 more"
    assert dataset.monitored == ("flow", "level")
    np.testing.assert_array_equal(dataset.series[1].values, [[8, 7], [10, 9]])
    assert dataset.digest != read(paths[:1]).digest


def test_files_of_the_same_name_are_numbered() -> None:
    dataset = read([PLAIN.encode(), PLAIN.encode()], name="pump.csv")
    assert [series.name for series in dataset.series] == ["pump 1", "pump 2"]


def test_a_channel_that_some_files_lack_is_missing_there_and_that_is_said() -> None:
    rows = [(step, step % 7 + 0.5, step % 5, "ab"[step % 2]) for step in range(200)]
    whole = "\n".join(["time,flow,level,mode", *(",".join(map(str, row)) for row in rows)])
    less = "\n".join(["time,level,heat", *(f"{step},{level},{flow}" for step, flow, level, _ in rows)])
    for files in ([whole, less], [less, whole]):
        dataset = read([text.encode() for text in files])
        assert set(dataset.monitored) == {"flow", "level", "heat"}
        lacking = dataset.series[files.index(less)]
        assert np.isnan(lacking.values[:, dataset.monitored.index("flow")]).all()
        assert np.isfinite(lacking.values[:, dataset.monitored.index("level")]).all()
        notes = [str(repair) for repair in dataset.repairs]
        assert f"Column 'flow' is not in data {files.index(less) + 1}: missing there" in notes
        detection = anomaly.detect(anomaly.fit(dataset, FAST), dataset)
        assert all(np.isfinite(scores.values).any() for scores in detection.scores)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("time,c,d\n0,1,2\n1,4,3\n", "data 1 shares no channel with the other files"),
        ("flow,level\n1,2\n4,3\n", "data 2 has no column 'time', which is the time of the other files"),
    ],
)
def test_files_that_share_no_channel_or_no_time_are_refused(other: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read([PLAIN.encode(), other.encode()])


def test_no_file_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="expected at least one"):
        read([])


def numbered(rows: int, **instead: str) -> str:
    """Rows of three cells; `instead`: what the line of a number says, as "line_4"."""
    lines = ["time;flow;level", *(f"{n:02}.03.2025;{n},5;{n % 3}" for n in range(1, rows + 1))]
    return "\n".join(instead.get(f"line_{number}", line) for number, line in enumerate(lines, 1))


@pytest.mark.parametrize("row", ["12.03.2025;1,5", "12.03.2025;1,5;2;3", "12.0", "-- lost --"])
def test_a_row_of_another_length_amid_good_ones_is_skipped_and_said(row: str) -> None:
    table = table_of(numbered(20, line_13=row, line_15=row))
    assert len(table.frame) == 18 and table.frame["flow"].tolist()[10:13] == [11.5, 13.5, 15.5]
    assert [table.line(place) for place in (10, 11, 12, 17)] == [12, 14, 16, 21]
    (note,) = [str(repair) for repair in table.repairs if "skipped" in str(repair)]
    assert note == f"pump: 2 rows of another number of cells than 3, such as {row!r}: skipped (lines 13, 15)"


def test_one_row_in_a_hundred_may_be_of_another_length() -> None:
    rows = [f"{n},{n % 7}" + ",1" * (n % 150 == 0) for n in range(3000)]
    table = table_of("\n".join(["time,flow", *rows]))
    assert len(table.frame) == 2980 and table.line(0) == 3
    assert [(repair.count, repair.lines) for repair in table.repairs] == [(20, (2, 152, 302, 452, 602))]


@pytest.mark.parametrize("footer", ["Total;123", "End of file", "-- 20 rows --", "Summe;12,5;3\nMittel;1,5;"])
@pytest.mark.parametrize("blank", ["", "\n"])
def test_what_stands_below_the_table_is_skipped_and_said(footer: str, blank: str) -> None:
    dataset = read(f"{numbered(20)}\n{blank}{footer}\n".encode(), name="pump.csv")
    assert dataset.steps == 20 and dataset.monitored == ("flow", "level") and dataset.columns.time == "time"
    (note,) = [str(repair) for repair in dataset.repairs if "skipped" in str(repair)]
    assert note.startswith("pump: ") and repr(footer.partition(";12,5")[0]) in note and f"{22 + len(blank)}" in note


def test_a_footer_of_as_many_cells_as_the_table_is_skipped() -> None:
    dataset = read(b"time;flow\n" + b"".join(b"%d;%d\n" % (n, n % 3) for n in range(20)) + b"Total;19\n")
    assert dataset.steps == 20 and "1 row below the table, not beginning with a figure but with 'Total'" in str(
        dataset.repairs[0]
    )


def test_words_that_the_first_column_holds_elsewhere_are_no_footer() -> None:
    assert len(table_of("bed,flow\nnorth,1\nsouth,2\nnorth,3\n").frame) == 3


def test_columns_of_one_name_get_a_number_and_keep_their_unit() -> None:
    dataset = read(b"flow [l/min],level, flow [l/min],level 2,level\n1,2,3,4,5\n4,3,6,7,8\n", name="pump.csv")
    assert dataset.monitored == ("flow [l/min]", "level", "flow 2 [l/min]", "level 2", "level 3")
    assert dataset.units["flow 2 [l/min]"] == "l/min"
    assert str(dataset.repairs[0]) == (
        "pump: columns called like one before them got a number: 'flow [l/min]' as 'flow 2 [l/min]', "
        "'level' as 'level 3'"
    )


def test_a_header_with_a_delimiter_behind_it_names_the_columns_before() -> None:
    assert list(table_of("flow,level,\n1.5,10\n2.5,20\n").frame) == ["flow", "level"]


def test_a_million_rows_are_read() -> None:
    started = time.perf_counter()
    table_of("a,b\n" + "1.25,7\n" * 100_000)
    if time.perf_counter() - started > 1:
        pytest.skip("slow machine")
    table = table_of("a,b\n" + "1.25,7\n" * 999_999 + "1.25,oops\n")
    assert len(table.frame) == 1_000_000
    assert table.repairs[0].lines == (1_000_001,)
