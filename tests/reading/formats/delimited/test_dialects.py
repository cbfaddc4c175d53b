"""CSV as programs really write it: what stands above the table, units, decimal commas, thousands, blanks."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain.exceptions import DataError
from anomaly.pipeline import read
from anomaly.reading.formats.files import read_table
from anomaly.reading.formats.table import Table
from anomaly.reading.vocabulary.units import clean_unit, looks_like_unit, unit_in

ROWS = "2025-03-01 10:00,1.5,10\n2025-03-01 10:01,2.5,20\n2025-03-01 10:02,3.5,30\n"


def table_of(text: str, encoding: str = "utf-8") -> Table:
    return read_table(text.encode(encoding), "pump.csv")


@pytest.mark.parametrize(
    ("above", "lines"),
    [
        ("Pump station 4\n", 1),
        ("# made by logger 3\n# firmware 2.1, rev 7, x\n", 2),
        ("Station: pump, 4\nOperator: A. B.\n\n", 2),
        ("Station 4,,\nExported 2025-03-02,,\n", 2),
        ("% a\n// b\n", 2),
        ("name;pump\nfrom;2025-03-01\n", 2),
    ],
)
def test_lines_above_the_header_are_passed_over_and_said(above: str, lines: int) -> None:
    table = table_of(f"{above}time,flow,level\n{ROWS}")
    assert list(table.frame.columns) == ["time", "flow", "level"]
    assert table.frame["level"].tolist() == [10, 20, 30]
    assert table.line(0) == above.count("\n") + 2
    assert str(table.repairs[0]).startswith(f"{lines} line{'s' * (lines > 1)} above the table passed over, such as ")


def test_a_title_as_wide_as_the_table_is_still_above_it() -> None:
    table = table_of(f"Pump,station,four\ntime,flow,level\n{ROWS}")
    assert list(table.frame.columns) == ["time", "flow", "level"]


def test_a_first_row_of_errors_is_no_header() -> None:
    table = table_of("flow,level\nerror,error\n" + "1,2\n" * 30)
    assert list(table.frame.columns) == ["flow", "level"]
    assert np.isnan(table.frame.iloc[0]).all()


@pytest.mark.parametrize("comment", ["# time flow level", "#time flow level"])
def test_a_comment_right_above_figures_may_be_the_header(comment: str) -> None:
    for delimiter in (" ", "\t", ","):
        head = comment.replace(" ", delimiter) if delimiter != " " else comment
        table = table_of(f"# sensor 4\n{head}\n" + "0 1.5 10\n1 2.5 20\n2 3.5 30\n".replace(" ", delimiter))
        assert list(table.frame.columns) == ["time", "flow", "level"], delimiter
        assert table.frame["flow"].tolist() == [1.5, 2.5, 3.5]


@pytest.mark.parametrize(
    ("units", "known"),
    [
        ("s,°C,l/min", {"time": "s", "flow": "°C", "level": "l/min"}),
        ("[s],[°C],[-]", {"time": "s", "flow": "°C"}),
        ("yyyy-mm-dd hh:mm,bar,%", {"flow": "bar", "level": "%"}),
        (",kPa,", {"flow": "kPa"}),
    ],
)
def test_a_row_of_units_below_the_header_is_no_data(units: str, known: dict[str, str]) -> None:
    table = table_of(f"time,flow,level\n{units}\n{ROWS}")
    assert list(table.frame.columns) == ["time", "flow", "level"]
    assert table.frame["flow"].tolist() == [1.5, 2.5, 3.5]
    assert dict(table.units) == known
    assert table.line(0) == 3


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_decimal_comma_is_found(delimiter: str) -> None:
    rows = [["time", "flow", "level"], ["0", "1,5", "1.234,5"], ["1", "2,25", "12,0"], ["2", "-3", "1.234.567,25"]]
    table = table_of("\n".join(delimiter.join(row) for row in rows))
    assert table.frame["flow"].tolist() == [1.5, 2.25, -3]
    assert table.frame["level"].tolist() == [1234.5, 12, 1234567.25]
    assert any("comma is the decimal sign" in str(repair) for repair in table.repairs)


def test_a_decimal_comma_without_a_header_does_not_make_commas_delimiters() -> None:
    assert table_of("1,5;2,5\n3,5;4,5\n5,5;6,5\n").frame["channel_2"].tolist() == [2.5, 4.5, 6.5]


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("stamp", ["{:02}.03.2025 08:00", "2025-03-{:02} 08:00", "{:02}/03/2025"])
def test_one_column_of_decimal_commas_beside_a_time_is_not_split_at_them(delimiter: str, stamp: str) -> None:
    rows = [f"{stamp.format(day)}{delimiter}2{day % 7},{day % 9 + 1}" for day in range(1, 28)]
    table = table_of("\n".join([f"Zeit{delimiter}Wert", *rows]))
    assert list(table.frame.columns) == ["Zeit", "Wert"]
    assert table.frame["Wert"].iloc[0] == 21.2


def test_a_quotation_mark_that_is_never_closed_is_named_by_its_line() -> None:
    rows = [f'{n},"x"' if n != 10 else f'{n},"open' for n in range(60)]
    with pytest.raises(DataError, match="line 12: expected the quotation mark"):
        table_of("\n".join(["a,b", *rows]))
    assert len(table_of("a,b\n" + "\n".join(f'{n},5" pipe' for n in range(11))).frame) == 11


def test_quoted_decimal_commas_between_commas_are_read() -> None:
    assert table_of('flow,level\n"1,5",1\n"2,5",2\n"13,25",3\n').frame["flow"].tolist() == [1.5, 2.5, 13.25]


@pytest.mark.parametrize(
    ("text", "values", "doubt"),
    [
        ('v,w\n"20,069",1\n"20,125",2\n', [20069, 20125], "'20,069', which may be 20069 or 20.069: read as 20069"),
        ('v,w\n"20,069",1\n"0,125",2\n', [20.069, 0.125], ""),
        ('v,w\n"20,069",1.5\n"980",2.5\n', [20069, 980], ""),
        ("v;w\n1.200;1,5\n980;2,5\n", [1200, 980], ""),
        ("v;w\n1.200;1,5\n0.980;2,5\n", [1.2, 0.98], ""),
        ("v;w\n1.200;1,5\n1.350;2,5\n", [1200, 1350], "'1.200', which may be 1200 or 1.2: read as 1200"),
        ("v;w\n1.200;31.12.2025\n980;31.12.2025\n", [1200, 980], "'1.200', which may be 1200 or 1.2: read as 1200"),
        ("v;w\n1.200;a\n1.350;b\n", [1.2, 1.35], "'1.200', which may be 1200 or 1.2: read as 1.2"),
        ("v;w\n1.200;0.5\n1.350;0.25\n", [1.2, 1.35], ""),
        ("v;w\n1,234;a\n1,350;b\n", [1.234, 1.35], "'1,234', which may be 1234 or 1.234: read as 1.234"),
        ("v\tw\n1.200\t1\n1.350\t2\n", [1.2, 1.35], ""),
    ],
)
def test_a_sign_that_may_part_thousands_is_read_as_the_column_and_the_others_tell(
    text: str, values: list[float], doubt: str
) -> None:
    table = table_of(text)
    assert table.frame["v"].tolist() == values
    notes = [str(repair) for repair in table.repairs if "which may be" in str(repair)]
    assert notes == ([f"pump: 'v' holds {doubt}"] if doubt else [])


def test_doubt_of_many_columns_is_one_note() -> None:
    (note,) = table_of("a;b;c\n1.200;1.300;1\n1.350;1.200;2\n").repairs
    assert (
        str(note) == "pump: 'a' holds '1.200', which may be 1200 or 1.2: read as 1.2; likewise 'b'" and note.count == 2
    )


def test_bounds_per_cents_and_typeset_minus_signs_are_numbers() -> None:
    rows = "\n".join(f"{n},{'<0.5' if n == 3 else n},{n} %,−{n}" for n in range(1, 9))
    table = table_of(f"time,dose,humidity,level\n{rows}\n")
    assert table.frame["dose"].tolist() == [1, 2, 0.5, 4, 5, 6, 7, 8]
    assert table.frame["humidity"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8] and table.units["humidity"] == "%"
    assert table.frame["level"].tolist() == [-1, -2, -3, -4, -5, -6, -7, -8]
    assert [str(repair) for repair in table.repairs] == [
        "pump: 1 cell of 'dose' only bounded, such as '<0.5': the number is taken for the value (line 4)"
    ]


def test_per_cents_amid_plain_numbers_are_said() -> None:
    table = table_of("a,b\n5%,1\n6,2\n7,3\n")
    assert table.frame["a"].tolist() == [5, 6, 7] and "a" not in table.units
    assert "1 cell of 'a' in per cent, unlike the others, such as '5%': the number is taken" in str(table.repairs[0])


@pytest.mark.parametrize("sign", [",", " ", "'", "\u00a0", "\u202f"])
def test_thousands_are_read(sign: str) -> None:
    cells = ["1,234.5", "12.25", "1,234,567.0", "999"]
    text = "flow;level\n" + "\n".join(f"{cell.replace(',', sign)};1" for cell in cells)
    assert table_of(text).frame["flow"].tolist() == [1234.5, 12.25, 1234567, 999]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_needs_no_mark(encoding: str) -> None:
    assert table_of(f"time,flow,level\n{ROWS}", encoding).frame["flow"].tolist() == [1.5, 2.5, 3.5]


def test_one_byte_of_another_encoding_does_not_change_how_the_rest_is_read() -> None:
    table = read_table("température,b\n1,x\n2,".encode() + b"\xff\n3,y\n", "pump.csv")
    assert list(table.frame.columns) == ["température", "b"]
    assert table.frame["b"].tolist() == ["x", "\ufffd", "y"]


def test_columns_apart_by_blanks_are_read() -> None:
    table = table_of("  1   10.5  -0.5 \n 2    9.5   1e3 \n 3 8.5 7\n")
    assert table.frame.to_numpy().tolist() == [[1, 10.5, -0.5], [2, 9.5, 1000], [3, 8.5, 7]]


STAMPED = "".join(f"2025-03-{n:02} 10:0{n % 10}:00  {n}.5   {'on' if n % 3 else 'off'} {n * 2}\n" for n in range(1, 25))


@pytest.mark.parametrize("head", ["time flow state level\n", "# pump 4\ntime  flow  state   level\n"])
def test_blanks_may_part_a_stamp_of_two_words_and_columns_of_text(head: str) -> None:
    dataset = read((head + STAMPED).encode(), name="pump.txt")
    assert dataset.columns.time == "time" and dataset.monitored == ("flow", "level")
    assert dataset.columns.context == ("state=on",)
    assert dataset.series[0].times[0] == np.datetime64("2025-03-01T10:01:00")
    assert dataset.series[0].values[:3].tolist() == [[1.5, 2], [2.5, 4], [3.5, 6]]


def test_lines_of_as_many_words_as_the_table_has_columns_do_not_hide_that_blanks_part_it() -> None:
    rows = "".join(f"10:{n:02}:01     all      {n}.50      0.00     {90 - n}.10\n" for n in range(24))
    table = table_of(f"Linux 5.4 (host) 03/01/2025 _x86_64_\n\n10:00:00     CPU     %user     %nice   %idle\n{rows}")
    assert list(table.frame) == ["10:00:00", "CPU", "%user", "%nice", "%idle"] and len(table.frame) == 24


def test_a_stamp_of_two_words_may_have_two_names_or_none() -> None:
    assert list(table_of("day clock flow state level\n" + STAMPED).frame) == ["day", "clock", "flow", "state", "level"]
    assert len(table_of(STAMPED).frame.columns) == 5


def test_prose_and_stamps_alone_are_not_split_at_blanks() -> None:
    assert len(table_of("state\n" + "Pump 4 was off\nPump 5 was on\n" * 9).frame.columns) == 1
    assert len(table_of("time\n" + "2025-03-01 10:00:00\n2025-03-01 10:00:10\n" * 9).frame.columns) == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"flow","level"\n"1",1.5,10\n"2",2.5,20\n"3",3.5,30\n', ["column_1", "flow", "level"]),
        ("flow,level\n1.5,10,\n2.5,20,\n3.5,30,\n", ["flow", "level", "column_3"]),
    ],
)
def test_a_header_one_cell_short_lacks_the_name_of_its_first_or_its_empty_last_column(
    text: str, names: list[str]
) -> None:
    assert list(table_of(text).frame.columns) == names


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Temp [°C]", "°C"),
        ("flow (l/min)", "l/min"),
        ("Druck[bar]", "bar"),
        ("flow (mean)", ""),
        ("x [-]", ""),
        ("power (kW)", "kW"),
        ("a [m/s^2]", "m/s^2"),
        ("[°C]", ""),
        ("level", ""),
        ("Temp, °C (LGR S/N: 2, SEN S/N: 3)", "°C"),
        ("flow, l/min", "l/min"),
        ("flow, mean (raw)", ""),
    ],
)
def test_a_unit_is_told_from_a_name(name: str, unit: str) -> None:
    assert unit_in(name) == unit


@pytest.mark.parametrize("cell", ["°C", "[bar]", "m/s", "-", "", "dd.mm.yyyy", "W/m²", "m³/h", "1/min", "mmHg", "%"])
def test_units_look_like_units(cell: str) -> None:
    assert looks_like_unit(cell)


@pytest.mark.parametrize("cell", ["flow", "error", "level", "off", "pump 4", "12", "temperature"])
def test_words_and_numbers_do_not_look_like_units(cell: str) -> None:
    assert not looks_like_unit(cell)


def test_no_unit_is_no_unit() -> None:
    assert [clean_unit(cell) for cell in ("[-]", "", "dd.mm.yyyy", "[°C]", "s")] == ["", "", "", "°C", "s"]


@st.composite
def dialects(draw: st.DrawFn) -> tuple[str, np.ndarray, str]:
    """A table of numbers as some program would write it, and what it means."""
    decimal = draw(st.sampled_from(".,"))
    delimiter = draw(st.sampled_from(",;\t|" if decimal == "." else ";\t|"))
    columns, steps = draw(st.integers(2, 5)), draw(st.integers(3, 12))
    values = np.random.default_rng(draw(st.integers(0, 999))).normal(
        0, draw(st.sampled_from([1, 40, 9e4])), (steps, columns)
    )
    values = values.round(2)
    thousands = draw(st.sampled_from(["", "'", "\u00a0"]))

    def write(value: float) -> str:
        whole, _, part = f"{value:,.2f}".partition(".")
        return whole.replace(",", thousands) + decimal + part

    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    if draw(st.booleans()):
        writer.writerow(["Station four"])
    if draw(st.booleans()):
        out.write("# a remark\n")
    if draw(st.booleans()):
        writer.writerow([f"channel {n}" for n in range(columns)])
        if draw(st.booleans()):
            writer.writerow(["°C"] * columns)
    writer.writerows([[write(value) for value in row] for row in values])
    return out.getvalue(), values, draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]))


@given(dialects())
def test_every_dialect_gives_the_same_numbers(case: tuple[str, np.ndarray, str]) -> None:
    text, values, encoding = case
    np.testing.assert_allclose(table_of(text, encoding).frame.to_numpy(float), values)
