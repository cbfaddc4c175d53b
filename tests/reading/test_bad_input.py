"""What cannot be used is refused with one sentence: what was expected, what was found, and where."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain.exceptions import AnomalyError, DataError, SettingsError
from anomaly.domain.settings.reading import ReadSettings
from anomaly.pipeline import read

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x06"


def refusal(content: str | bytes, **settings) -> str:
    content = content.encode() if isinstance(content, str) else content
    with pytest.raises(AnomalyError) as caught:
        read(content, ReadSettings(**settings), name="pump.csv")
    assert type(caught.value) in (DataError, SettingsError)
    assert caught.value.__cause__ is None
    text = str(caught.value)
    assert "\n" not in text and "Traceback" not in text
    return text


@pytest.mark.parametrize("content", ["", " ", "\n\n \r\n\t\n", "\ufeff", "\ufeff\n"])
def test_an_empty_file(content: str) -> None:
    text = "pump is empty: expected a header line and at least two rows of numbers. Export it again."
    assert refusal(content) == text


@pytest.mark.parametrize("content", ["flow,level", "flow,level\n", "flow\n\n\n", "2nd,b\n"])
def test_a_header_without_rows(content: str) -> None:
    assert "pump has a header but no rows: expected at least two rows of numbers under it." in refusal(content)


@pytest.mark.parametrize("content", ["flow\n1\n", "time,flow\n2025-01-01,2\n", "5,6", "2025-01-01,5"])
def test_a_single_row(content: str) -> None:
    assert "one row per record: expected at least two" in refusal(content)


@pytest.mark.parametrize("content", [random.Random(0).randbytes(5000), b"%PS-Adobe\n\0\1\2" * 99])
def test_a_file_that_is_no_text(content: bytes) -> None:
    text = refusal(content)
    assert "pump does not hold text" in text and "expected a CSV file" in text and "control code" in text


@pytest.mark.parametrize(("content", "kind"), [(PNG, "a picture"), (b"%PDF-1.7\n\0\1\2" * 99, "a PDF document")])
def test_a_picture_or_a_document(content: bytes, kind: str) -> None:
    assert f"pump is {kind}: expected a table of numbers" in refusal(content)


def test_more_columns_than_anyone_monitors() -> None:
    wide = ",".join(f"c{n}" for n in range(10_000)) + "\n" + ("1," * 9_999 + "1\n") * 3
    assert "pump has 10,000 columns; expected at most 2,000" in refusal(wide)


@pytest.mark.parametrize("odd", ["1,2", "1", "1,2,3,4"])
@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (["a,b,c", "1,2,3", "ODD", "1,2,3"], 3),
        (["a,b,c", "ODD", "1,2,3"], 2),
        (["", "", "a,b,c", "1,2,3", "", "ODD", "1,2,3"], 6),
        (["a,b,c", '1,2,"two', 'lines"', "ODD", "1,2,3"], 4),
        (["1,2,3", "ODD", "1,2,3"], 2),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_row_of_another_length_is_named_by_its_line(odd: str, lines: list[str], number: int, line_end: str) -> None:
    text = refusal(line_end.join(lines).replace("ODD", odd))
    assert f"pump, line {number:,}: expected 3 cells" in text
    assert f"found {odd.count(',') + 1}." in text


@pytest.mark.parametrize(("good", "odd"), [(2000, 21), (300, 4), (5, 3)])
def test_many_rows_of_another_length_are_refused_with_their_count(good: int, odd: int) -> None:
    text = refusal("\n".join(["a,b,c", *["1,2,3"] * good, *["1,2"] * odd]))
    assert (
        f"pump, line {good + 2:,}: expected 3 cells like the lines above, found 2. So do {odd} lines in all, parted by"
        in text
    )
    assert text.endswith(
        "save the file with the names of its columns in the first line and as many cells in every line below."
    )


@pytest.mark.parametrize(
    ("cell", "found"), [("yesterday", "'yesterday'"), ("", "an empty cell"), ("2025-02-30", "'2025-02-30'")]
)
@pytest.mark.parametrize(("before", "line"), [("", 4), ("\n\n", 6)])
def test_a_time_that_cannot_be_read(cell: str, found: str, before: str, line: int) -> None:
    rows = "time,flow\n2025-01-01,1\n2025-01-02,2\n" + f"{cell},3\n2025-01-04,4\n"
    text = refusal(before + rows)
    assert f"pump, line {line}: expected a time in column 'time'" in text and f"found {found}." in text


@pytest.mark.parametrize("cell", ["", "inf"])
def test_a_time_of_numbers_with_a_hole(cell: str) -> None:
    text = refusal(f"n,flow\n0,1\n1,2\n{cell},3\n3,4\n", time="n")
    assert "pump, line 4: expected a time in column 'n'" in text and "found " in text


@pytest.mark.parametrize("content", ["time,flow\n1,\n2,NA\n3,\n", "flow\n?\n-\nnan\n", "flow,level\n,\n,\n,\n"])
def test_values_that_are_all_missing(content: str) -> None:
    text = refusal(content)
    assert "pump has no channel to monitor: expected at least one column of numbers" in text
    assert "(no number)" in text


def test_columns_that_are_all_text() -> None:
    text = refusal("who,what\nann,ok\nbob,late\n")
    assert "no channel to monitor" in text and "found 'who' (text), 'what' (text)." in text


def test_an_unknown_column() -> None:
    text = refusal("flow,level\n1,2\n3,4\n", channels=["levle"])
    assert text == "pump has no column 'levle'; the nearest is 'level'. Its columns are 'flow', 'level'."


def test_a_cell_without_end() -> None:
    assert "cannot be read as CSV" in refusal("flow,level\n" + "9" * 200_000 + ",1\n2,3\n")


def test_what_can_be_used_in_spite_of_flaws_is_used_and_the_flaws_are_noted() -> None:
    rows = "\n".join(f"{n},{'inf' if n == 7 else n % 5},3,{'on' if n % 2 else 'off'}" for n in range(20))
    dataset = read(f"time,flow,level,state\n{rows}".encode())
    assert dataset.monitored == ("flow",)
    notes = " / ".join(map(str, dataset.repairs))
    assert (
        "1 value of 'flow' is infinite, or beyond 1.8e+308, more than can be held: taken as missing (line 9)" in notes
    )
    assert "'level' never changes" in notes
    assert dataset.columns.context == ("level", "state=on")


def test_a_file_that_is_missing(tmp_path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*pmup\.csv\. Check the spelling"):
        read(tmp_path / "pmup.csv")


def test_a_folder_in_place_of_a_file(tmp_path) -> None:
    with pytest.raises(DataError, match="is a folder; expected a file"):
        read(tmp_path)


def test_a_path_that_no_file_can_have() -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read("pump\0.csv")


FIGURES = ["", " ", "1", "2.5", "-3", "inf", "NA", "1e400", "9223372036854775807", "1700000000"]
STAMPS = ["2025-01-01", "2025-01-01T00:00:00Z", "2025-01-01 00:00:00+01", "0001-01-01", "9999-12-31"]
WORDS = ["abc", '"', '"a\nb"', "True", "time", "label", "id"]
CELLS = st.sampled_from([*FIGURES, *STAMPS, *WORDS])
TABLES = st.tuples(st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n", "\r", "\n\n"]), st.integers(1, 3)).flatmap(
    lambda form: st.lists(st.lists(CELLS, min_size=form[2], max_size=form[2]).map(form[0].join)).map(form[1].join)
)


@given(
    st.one_of(
        TABLES.map(str.encode), TABLES.map(lambda text: text.encode("utf-16")), st.text().map(str.encode), st.binary()
    )
)
def test_whatever_the_bytes_only_errors_meant_for_people_come_out(content: bytes) -> None:
    try:
        dataset = read(content)
    except AnomalyError as error:
        assert str(error)
    else:
        assert dataset.steps >= 2
