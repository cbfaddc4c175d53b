"""Tables as devices and services export them: what stands above, second rows of units, units in the cells."""

import numpy as np
import pandas as pd
import pytest

from anomaly import Dataset
from anomaly.pipeline import read

STAMPS = pd.date_range("2023-03-01 00:01", periods=120, freq="5min")
VALUES = 115 + 20 * np.sin(np.arange(120) / 12)


def read_text(text: str) -> Dataset:
    return read(text.encode(), name="export.csv")


@pytest.mark.parametrize("blank", [",,", " , , ", ",,\n,,", "\n,,\n"])
def test_a_row_of_bare_delimiters_is_a_blank_line(blank: str) -> None:
    rows = [f"{stamp:%Y-%m-%d,%H:%M},{value:.2f}" for stamp, value in zip(STAMPS, VALUES, strict=True)]
    dataset = read_text("\n".join(["Name,Home,", blank, "Date,Time,Use", *rows]))
    assert (dataset.columns.time, dataset.monitored) == ("Date Time", ("Use",))
    np.testing.assert_allclose(dataset.series[0].values[:, 0], VALUES.round(2))


def test_rows_of_annotations_stand_above_the_names() -> None:
    rows = [
        f",,0,2023-03-01T00:00:00Z,{stamp:%Y-%m-%dT%H:%M:%SZ},{value:.2f}"
        for stamp, value in zip(STAMPS, VALUES, strict=True)
    ]
    head = ["#group,false,false,true,false,false", "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,double",
            "#default,_result,,,,", ",result,table,_start,_time,_value"]  # fmt: skip
    dataset = read_text("\n".join([*head, *rows]))
    assert (dataset.columns.time, dataset.monitored, dataset.steps) == ("_time", ("_value",), 120)


@pytest.mark.parametrize(
    ("units", "told"),
    [
        ("s,kOhms,m/(s^2)", ("kOhms", "m/(s^2)")),
        ("s,uSiemens,g", ("uSiemens", "g")),
        ("[s],[furlongs],[m/s]", ("furlongs", "m/s")),
        ("s,kOhm,wobbles", ("kOhm", "wobbles")),
        ("s,Degrees Celsius,NTU", ("Degrees Celsius", "NTU")),
        ("(s),(furlongs per fortnight),(wobbles)", ("furlongs per fortnight", "wobbles")),
    ],
)
def test_a_second_row_is_of_units_where_much_of_it_is(units: str, told: tuple[str, str]) -> None:
    rows = [f"{step * 0.25},{value:.3f},{value / 7:.3f}" for step, value in enumerate(VALUES)]
    dataset = read_text("\n".join(["Time,GSR,Accel_X", units, *rows]))
    assert dataset.monitored == ("GSR", "Accel_X")
    assert (dataset.units["GSR"], dataset.units["Accel_X"]) == told


def test_a_date_above_an_empty_cell_hides_no_units() -> None:
    rows = [f"{stamp},{value:.3f},{value / 7:.3f}" for stamp, value in zip(STAMPS, VALUES, strict=True)]
    for units in (",NTU,mV", "yyyy/mm/dd hh:mm:ss.000,no units,mV"):
        dataset = read_text("\n".join(["Date,Turbidity,ORP", units, *rows]))
        assert dataset.monitored == ("Turbidity", "ORP") and dataset.units["ORP"] == "mV"


def test_two_rows_of_names_are_not_taken_for_names_and_units() -> None:
    rows = [f"{step},{value:.3f},{value / 7:.3f}" for step, value in enumerate(VALUES)]
    assert read_text("\n".join(["a,b,c", "time,flow,level", *rows])).monitored == ("flow", "level")


def test_a_commented_row_of_units_stands_under_commented_names() -> None:
    rows = [f"{stamp:%Y %m %d %H %M} {value:.1f} {value / 9:.1f}" for stamp, value in zip(STAMPS, VALUES, strict=True)]
    head = ["#YY  MM DD hh mm WDIR WSPD", "#yr  mo dy hr mn degT m/s"]
    dataset = read_text("\n".join([*head, *rows]))
    assert dataset.monitored == ("WDIR", "WSPD") and dataset.units["WSPD"] == "m/s"
    assert (dataset.series[0].times == STAMPS.to_numpy()).all()


def test_commented_units_may_begin_with_an_empty_one() -> None:
    rows = [f"{stamp:%d.%m.%Y;%H:%M};{value:.1f}" for stamp, value in zip(STAMPS, VALUES, strict=True)]
    dataset = read_text("\n".join(["//Date;Time;RPM", "//;;1/min", *rows]))
    assert (dataset.columns.time, dataset.monitored, dataset.units["RPM"]) == ("Date Time", ("RPM",), "1/min")


@pytest.mark.parametrize("head", ["mV\n", "", "Exported 2023\nmV\n"])
def test_one_column_with_decimal_commas_is_one_channel(head: str) -> None:
    values = 0.02 * (VALUES - 115)
    dataset = read_text(head + "\n".join(f"{value:.3f}".replace(".", ",") for value in values))
    assert len(dataset.monitored) == 1
    np.testing.assert_allclose(dataset.series[0].values[:, 0], values.round(3))


def test_one_column_may_have_exponents_behind_decimal_commas() -> None:
    dataset = read_text("signal\n" + "\n".join(f"{value:.6E}".replace(".", ",") for value in VALUES))
    assert dataset.monitored == ("signal",)
    np.testing.assert_allclose(dataset.series[0].values[:, 0], VALUES, rtol=1e-6)


@pytest.mark.parametrize("form", ["%H:%M %d.%m.%Y", "%d.%m.%Y %H-%M", "%d. %B %Y um %H:%M"])
def test_a_decimal_comma_beside_a_date_in_words_or_behind_its_time_parts_no_cells(form: str) -> None:
    values = [f"{value:.2f}".replace(".", ",") for value in VALUES]
    rows = [f"{stamp:{form}};{value}" for stamp, value in zip(STAMPS, values, strict=True)]
    dataset = read_text("\n".join(["Zeit;Wert", *rows]))
    assert dataset.monitored == ("Wert",)
    np.testing.assert_allclose(dataset.series[0].values[:, 0], VALUES.round(2))


def test_two_columns_of_whole_numbers_stay_two() -> None:
    assert read_text("a,b\n" + "\n".join(f"{n % 7},{n % 5}" for n in range(60))).monitored == ("a", "b")
    assert len(read_text("\n".join(f"{n % 7},{n % 5 + 10}" for n in range(60))).monitored) == 2


@pytest.mark.parametrize(
    ("form", "unit"),
    [
        ("{:.1f}\u00a0°F", "°F"),
        ("{:.1f}MiB", "MiB"),
        ("{:.1f}mmol/L", "mmol/L"),
        ("{:.1f} °C", "°C"),
        ("{:.0f} kW", "kW"),
        ("{:.2f}V", "V"),
        ("{:.0f} m", "m"),
    ],
)
def test_units_behind_the_numbers_are_taken_off_and_told(form: str, unit: str) -> None:
    rows = [f"{stamp:%Y-%m-%d %H:%M},{form.format(value)}" for stamp, value in zip(STAMPS, VALUES, strict=True)]
    rows[7] = rows[7].partition(",")[0] + ","
    dataset = read_text("\n".join(["time,reading", *rows]))
    assert dataset.monitored == ("reading",) and dataset.units["reading"] == unit
    expected = [float(form.format(value).removesuffix(unit)) for value in VALUES]
    expected[7] = np.nan
    np.testing.assert_allclose(dataset.series[0].values[:, 0], expected)
    assert any(f"with their unit {unit!r}" in repair.text for repair in dataset.repairs)


def test_a_decimal_comma_and_a_unit_may_stand_in_one_cell() -> None:
    rows = [f"{step};{value:.1f} °C".replace(".", ",") for step, value in enumerate(VALUES)]
    np.testing.assert_allclose(read_text("\n".join(["t;T", *rows])).series[0].values[:, 0], VALUES.round(1))


@pytest.mark.parametrize(("name", "form", "unit"), [("power", "{:.0f}W", "W"), ("COST", "${:.2f}", "$")])
def test_a_letter_is_the_unit_of_what_it_measures_and_money_has_its_sign_in_front(
    name: str, form: str, unit: str
) -> None:
    rows = [f"{step},{form.format(value)}" for step, value in enumerate(VALUES)]
    dataset = read_text("\n".join([f"time,{name}", *rows]))
    assert dataset.monitored == (name,) and dataset.units[name] == unit


@pytest.mark.parametrize("cell", ["{}A", "{}mg/dL {}", "P{}"])
def test_places_and_mixed_units_are_no_numbers(cell: str) -> None:
    rows = [f"{step},{value:.1f},{cell.format(step, step)}" for step, value in enumerate(VALUES)]
    assert read_text("\n".join(["time,v,seat", *rows])).monitored == ("v",)
