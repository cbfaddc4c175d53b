"""What lines above a table, or its first two rows, say of its start, its rate and its unit."""

import numpy as np
import pytest

import anomaly
from anomaly.domain.times import format_times

NUMBERS = [f"{n % 7 + 0.25:.2f}" for n in range(40)]
ROWS = [f"{n % 7 + 0.25:.2f},{n % 5 + 0.5:.1f}" for n in range(40)]
START = "2023-03-01T00:01:00"


def read(*lines: str, rows: list[str] = NUMBERS) -> anomaly.Dataset:
    return anomaly.read("\n".join([*lines, *rows, ""]).encode())


def times_of(dataset: anomaly.Dataset) -> list[str]:
    return [str(time).removesuffix("Z") for time in format_times(dataset.series[0].times, dataset.time_axis)]


HEADS = {
    "watch": (["Name,Test", "Recorded Date,2023-03-01 00:01:00", "Sample Rate,512 hertz", "Unit,µV", ""], 1 / 512),
    "semicolons": (["Start time;01.03.2023 00:01:00", "Abtastrate;250 Hz", "EKG"], 1 / 250),
    "loggers": (["Device: L4", "Start: 2023-03-01 00:01", "Logging interval: 00:05:00", "Temp"], 300.0),
    "seconds": (["Start Date/Time,2023-03-01 00:01:00", "Interval,5 s", "a"], 5.0),
    "comments": (["# fs = 100", "# start = 2023-03-01T00:01:00"], 0.01),
    "blank": (["SampleRate 4", "Start 2023-03-01 00:01:00"], 0.25),
    "accelerometer": (
        [
            "------------ Data File Created By ActiGraph GT3X+ ActiLife v6 date format M/d/yyyy at 30 Hz ----------",
            "Serial Number: NEO1", "Start Time 00:01:00", "Start Date 3/1/2023", "Epoch Period (hh:mm:ss) 00:00:10",
            "Download Time 16:48:59", "Download Date 3/15/2023", "Battery Voltage: 3.9     Mode = 12",
            "--------------------------------------------------",
        ],
        10.0,
    ),
    "raw accelerometer": (
        [
            "------------ Data File Created By ActiGraph GT3X+ date format M/d/yyyy at 30 Hz  Filter Normal ----------",
            "Start Time 00:01:00", "Start Date 3/1/2023", "Epoch Period (hh:mm:ss) 00:00:00", "Download Date 3/15/2023",
        ],
        1 / 30,
    ),
    "json": (
        [
            "# OpenSignals Text File Format",
            '# {"00:07": {"sensor": ["ECG"], "date": "2023-03-01", "time": "0:1:0.0", "sync interval": 2, '
            '"resolution": [10], "sampling rate": 1000}}',
            "# EndOfHeader",
        ],
        0.001,
    ),
    "laboratory": (["Date\t2023/03/01", "Time\t00:01:00.000", "Delta_X\t0.002 s", "***End_of_Header***", "V"], 0.002),
    "seismic": (["TIMESERIES IU_ANMO_00_BHZ_D, 40 samples, 20 sps, 2023-03-01T00:01:00.000000, SLIST, INTEGER"], 0.05),
    "unit in the key": (["Start: 2023-03-01 00:01", "Seconds per sample: 2", "flow"], 2.0),
    "oscilloscope": (
        ["Record Length,40", "Sample Interval,0.002", "Trigger Time,2023-03-01 00:01:00", "Vertical Units,V"], 0.002,
    ),
    "colons in a key": (
        ["StartDate: 2023-03-01", "StartTime: 00:01:00", "Epoch Period (hh:mm:ss): 00:10:00", "Units: counts"], 600.0,
    ),
    "key in brackets": (
        ["Sampling period [ms],20", "Measurement start,2023-03-01 00:01:00", "Export date,2023-04-01"], 0.02,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_a_start_and_a_rate_above_the_table_make_its_times(name: str) -> None:
    head, step = HEADS[name]
    dataset = read(*head)
    stamps = np.array(times_of(dataset), "datetime64[us]")
    assert stamps[0] == np.datetime64(START)
    assert stamps[-1] == np.datetime64(START) + np.timedelta64(round(39 * step * 1e6), "us")
    assert dataset.series[0].values[:, 0].tolist() == [float(number) for number in NUMBERS]
    assert any("times are made of what its first lines tell" in str(repair) for repair in dataset.repairs)


@pytest.mark.parametrize(
    "head",
    [["Sampling Frequency: 250 Hz"], ["% Sampling rate (Hz): 250", "%"], ["Hz,250", "ECG"], ["fs;0,25 kHz", "a"]],
)
def test_a_rate_without_a_start_makes_seconds(head: list[str]) -> None:
    dataset = read(*head)
    np.testing.assert_allclose(dataset.series[0].times, np.arange(40) / 250)
    assert any("250 rows a second, from 0: no start is told" in str(repair) for repair in dataset.repairs)


@pytest.mark.parametrize("head", [["a,b"], ["Subject,12", "Lead,I", "a,b"], ["Unit,mV", "a,b"], []])
def test_a_table_of_two_columns_has_its_names_below(head: list[str]) -> None:
    dataset = read("Sample Rate,4 Hz", "Start Time,2023-03-01 00:01:00", *head, rows=ROWS)
    assert dataset.monitored == (("a", "b") if head else ("channel_1", "channel_2"))
    assert times_of(dataset)[:2] == [START + ".000", "2023-03-01T00:01:00.250"]
    assert len(dataset.series[0]) == 40


def test_the_unit_above_is_that_of_the_only_channel() -> None:
    assert read("Sample Rate,512 hertz", "Unit,µV", "").units == {"channel_1": "µV"}
    assert read("Sample Rate,512 hertz", "Unit,µV", "a,b", rows=ROWS).units == {}


@pytest.mark.parametrize("time", ["2023-03-01 00:01:{}", "{}.5"])
def test_a_table_with_a_time_of_its_own_keeps_it(time: str) -> None:
    rows = [f"{time.format(f'{n:02}')},{number}" for n, number in enumerate(NUMBERS)]
    dataset = read("Sample Rate,512 hertz", "Recorded Date,2020-01-01", "time,a", rows=rows)
    assert dataset.columns.time == "time"
    assert times_of(dataset)[0] == ("0.5" if time.startswith("{") else "2023-03-01T00:01:00")


def test_a_counter_of_rows_is_no_time_beside_a_rate() -> None:
    rows = [f"{n % 16}\t0\t{number}" for n, number in enumerate(NUMBERS)]
    dataset = read('# {"x": {"sampling rate": 100, "date": "2023-03-01", "time": "00:01:00", "column": ["nSeq"]}}',
                   "# nSeq\tDI\tA1", rows=rows)  # fmt: skip
    assert times_of(dataset)[1] == "2023-03-01T00:01:00.010"
    assert "A1" in dataset.monitored


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("start", ["1677628860.000000", "1677628860", "2023-03-01 00:01:00"])
def test_start_and_rate_as_the_first_two_rows(width: int, start: str) -> None:
    rows = [", ".join([number] * width) for number in NUMBERS]
    dataset = read(", ".join([start] * width), ", ".join(["4.000000"] * width), rows=rows)
    assert times_of(dataset)[:2] == [START + ".000", "2023-03-01T00:01:00.250"]
    assert dataset.series[0].values.shape == (40, width)
    assert dataset.series[0].values[0].tolist() == [0.25] * width


@pytest.mark.parametrize(
    "rows",
    [
        [*NUMBERS],
        ["1677628860", "1677628861", "1677628862", *NUMBERS],
        ["1e9", "4", *[f"{9e8 + n}" for n in range(40)]],
        ["Unit,A", *[f"{n},{n % 7}" for n in range(40)]],
        ["Date,Rate", *[f"2023-03-{1 + n // 2:02}T{n % 2:02}:00,{n % 7}" for n in range(40)]],
        ["Interval,Frequency", *[f"{n},{n % 7}.5" for n in range(40)]],
    ],
)
def test_ordinary_tables_tell_nothing_beside(rows: list[str]) -> None:
    dataset = read(rows=rows)
    assert not any("first lines tell" in str(repair) for repair in dataset.repairs)


def test_a_start_and_a_rate_stand_above_decimal_commas_too() -> None:
    rows = [
        "2023-03-01 00:01:00;2023-03-01 00:01:00",
        "50;50",
        *(row.replace(",", ";").replace(".", ",") for row in ROWS),
    ]
    dataset = read(rows=rows)
    assert dataset.steps == 40 and times_of(dataset)[0].startswith(START)
