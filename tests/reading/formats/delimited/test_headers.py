"""What stands above a table and names its columns, as loggers, pandas and people write it."""

import io

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from anomaly.domain.settings.reading import ReadSettings
from anomaly.pipeline import read
from anomaly.reading.formats.files import read_table, read_tables
from anomaly.reading.formats.table import Table

HOBO = """"Plot Title: 20812345"
"#","Date Time, GMT+01:00","Temp, °C (LGR S/N: 2081, SEN S/N: 2081)","RH, % (LGR S/N: 20812345)","Coupler Attached"
1,06/01/21 12:00:00 PM,21.532,45.2,Logged
2,06/01/21 12:10:00 PM,21.604,45.0,
3,06/01/21 12:20:00 PM,21.676,44.7,
4,06/01/21 12:30:00 PM,21.413,44.9,
"""
TOA5 = """"TOA5","CR1000","CR1000","12345","CR1000.Std.27","CPU:weather.CR1","4242","TenMin"
"TIMESTAMP","RECORD","BattV_Min","AirTC_Avg","RH","Rain_mm_Tot"
"TS","RN","Volts","Deg C","%","mm"
"","","Min","Avg","Smp","Tot"
"2021-06-01 00:10:00",0,12.93,21.53,45.2,0
"2021-06-01 00:20:00",1,12.92,21.6,45,0.2
"2021-06-01 00:30:00",2,12.93,21.68,"NAN",0
"2021-06-01 00:40:00",3,12.91,21.41,44.9,0.1
"""
MERGED = [None, "Inlet", None, "Outlet", None]
GROUPED = ["time", "Inlet T", "Inlet p", "Outlet T", "Outlet p"]


def table_of(text: str) -> Table:
    return read_table(text.encode(), "pump.csv")


def sheet_of(rows: list[list[object]], merged: tuple[str, ...] = ()) -> Table:
    book, buffer = Workbook(), io.BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    book.save(buffer)
    (table,) = read_tables(buffer.getvalue(), "pump.xlsx")
    return table


def test_a_logger_that_calls_its_row_numbers_by_the_sign_of_a_comment_is_read_with_names_and_units() -> None:
    dataset = read(HOBO.encode(), name="hobo.csv")
    temperature, humidity = dataset.monitored
    assert temperature.startswith("Temp, °C") and humidity.startswith("RH, %")
    assert dataset.units == {temperature: "°C", humidity: "%"}
    assert dataset.columns.time == "Date Time, GMT+01:00"
    assert dataset.series[0].times[0] == np.datetime64("2021-06-01T12:00:00")
    assert dataset.series[0].values[:, 0].tolist() == [21.532, 21.604, 21.676, 21.413]


@pytest.mark.parametrize("fields", [8, 6, 4])
def test_names_units_and_kinds_below_a_line_of_the_logger_itself_are_told_apart(fields: int) -> None:
    first, rest = TOA5.split("\n", 1)
    table = table_of(",".join(first.split(",")[:fields]) + "\n" + rest)
    assert list(table.frame) == ["TIMESTAMP", "RECORD", "BattV_Min", "AirTC_Avg", "RH", "Rain_mm_Tot"]
    assert table.frame["AirTC_Avg"].tolist() == [21.53, 21.6, 21.68, 21.41] and table.line(0) == 5
    assert table.units["BattV_Min"] == "Volts" and table.units["RH"] == "%"
    dataset = read(TOA5.encode(), ReadSettings(), name="weather.dat")
    assert dataset.columns.time == "TIMESTAMP"
    assert dataset.monitored == ("BattV_Min", "AirTC_Avg", "RH", "Rain_mm_Tot")


def test_kinds_right_below_the_names_are_no_data() -> None:
    table = table_of("time,flow,level\n,Avg,Max\n" + "".join(f"{n},{n / 4},{n}\n" for n in range(5)))
    assert list(table.frame) == ["time", "flow", "level"] and len(table.frame) == 5


@pytest.mark.parametrize("first", [True, False])
def test_the_numbers_that_pandas_gives_to_columns_are_names(first: bool) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 4)).round(3))
    table = table_of(frame.to_csv(index=first))
    assert list(table.frame) == (["column_1"] if first else []) + ["0", "1", "2", "3"]
    assert len(table.frame) == 20 and table.line(0) == 2
    assert list(table_of(frame[[0, 1]].to_csv(index=False)).frame) == ["0", "1"]


@pytest.mark.parametrize(
    "rows", ["0,1\n1,2\n2,3\n", "0,1,2\n1,2,3\n2,3,4\n", "0,1\n1,5\n2,4.5\n", "0,1,3\n1,5,2\n2,6,1\n"]
)
def test_a_first_row_of_figures_that_data_may_begin_with_is_data(rows: str) -> None:
    assert len(table_of(rows).frame) == 3


def test_titles_of_two_cells_above_a_sheets_header_are_passed_over() -> None:
    rows: list[list[object]] = [["Station", "Pump 4"], ["Serial", 1234], ["From", "2025-03-01"], []]
    rows += [["time", "flow", "level"], *([n, n / 4, n % 3] for n in range(6))]
    table = sheet_of(rows)
    assert list(table.frame) == ["time", "flow", "level"] and len(table.frame) == 6
    assert table.line(0) == 6 and str(table.repairs[0]).startswith("3 lines above the table passed over")


@pytest.mark.parametrize(
    ("upper", "lower", "names"),
    [
        (MERGED, ["time", "T", "p", "T", "p"], GROUPED),
        (["time", "Inlet", None, "Outlet", None], [None, "T", "p", "T", "p"], GROUPED),
        (MERGED, ["time", "T1", "p1", "T2", "p2"], ["time", "Inlet T1", "Inlet p1", "Outlet T2", "Outlet p2"]),
    ],
)
@pytest.mark.parametrize("units", [False, True])
def test_two_header_rows_of_groups_and_names_become_one(
    upper: list[object], lower: list[object], names: list[str], units: bool
) -> None:
    under: list[list[object]] = [["s", "°C", "bar", "°C", "bar"]] if units else []
    table = sheet_of([upper, lower, *under, *([n, n / 4, 3 * n, n / 3, n % 2] for n in range(6))], ("B1:C1", "D1:E1"))
    assert list(table.frame) == names and len(table.frame) == 6
    assert dict(table.units) == (dict(zip(names, ["s", "°C", "bar", "°C", "bar"], strict=True)) if units else {})


def test_two_levels_of_names_that_pandas_writes_become_one() -> None:
    frame = pd.DataFrame(np.arange(24.0).reshape(6, 4) ** 1.5, pd.date_range("2025-03-01", periods=6, name="day"))
    frame.columns = pd.MultiIndex.from_product([["flow", "level"], ["min", "max"]])
    buffer = io.BytesIO()
    frame.to_excel(buffer)
    for table in (table_of(frame.to_csv()), *read_tables(buffer.getvalue(), "pump.xlsx")):
        assert list(table.frame) == ["day", "flow min", "flow max", "level min", "level max"]
        assert len(table.frame) == 6
