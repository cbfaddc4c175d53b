"""A row for each measurement, as control systems, homes, databases and wards write them; and tables that look alike."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import anomaly
from anomaly import DataError, Dataset, ReadSettings, SettingsError

STEPS = 60
TURN = np.arange(STEPS)
TIMES = pd.date_range("2023-03-01 00:01", periods=STEPS, freq="5min")
ISO = list(TIMES.strftime("%Y-%m-%dT%H:%M:%S"))
GERMAN = list(TIMES.strftime("%d.%m.%Y %H:%M:%S"))
PRESSURE = 100 + 20 * np.sin(TURN / 5)
LEVEL = 30 + np.cos(TURN / 7)
BOTH = {"Pressure": PRESSURE, "Level": LEVEL}
Row = Callable[[int, str, float], str]


def read(text: str, **settings: object) -> Dataset:
    return anomaly.read(text.encode(), ReadSettings(**settings), name="plant.csv")


def long(head: str, row: Row, variables: dict[str, np.ndarray] = BOTH, in_blocks: bool = False) -> str:
    places = [(step, name) for step in range(STEPS) for name in variables]
    if in_blocks:
        places = [(step, name) for name in variables for step in range(STEPS)]
    return "\n".join([head, *(row(step, name, round(float(variables[name][step]), 3)) for step, name in places)])


def notes(dataset: Dataset) -> str:
    return " / ".join(map(str, dataset.repairs))


def panel(step: int, name: str, value: float) -> str:
    return f'"{name}";"{GERMAN[step]}";{value};1;{45_000_000_000 + step * 1e6 / 288:.4f}'


@pytest.mark.parametrize("in_blocks", [False, True])
@pytest.mark.parametrize(
    ("head", "row"),
    [
        ('"VarName";"TimeString";"VarValue";"Validity";"Time_ms"', panel),
        ("TagName,Timestamp,Value,Quality", lambda s, n, v: f"{n},{ISO[s]},{v},Good"),
        ("tagname;value;timestamp;quality", lambda s, n, v: f"{n};{v};{ISO[s]};192"),
        ("item_id,ts,val,q", lambda s, n, v: f"{n},{1_677_628_860_000 + s * 300_000},{v},192"),
        (
            "NodeId,SourceTimestamp,Value,StatusCode",
            lambda s, n, v: f"ns=2;s={n},{ISO[s]}Z,{v},0".replace("ns=2;s=", ""),
        ),
        ("Tag,Time,Value,Questionable,Substituted", lambda s, n, v: f"{n},{ISO[s]},{v},False,False"),
        ("_time,_field,_value,_measurement", lambda s, n, v: f"{ISO[s]}Z,{n},{v},plant"),
        ("Point;Zeit;Wert;Status", lambda s, n, v: f"{n};{GERMAN[s]};{v};OK"),
        ("Id;DateTime;Parameter;Messwert", lambda s, n, v: f"{s};{GERMAN[s]};{n};{v}"),
        ("ELEMENT,DATE,DATA_VALUE,Q_FLAG", lambda s, n, v: f"{n},{ISO[s]},{v},"),
        ("Aufnehmer;Zeitpunkt;Ergebnis;Güte;lfd", lambda s, n, v: f"{n};{GERMAN[s]};{v};gut;{s}"),
        ("timestamp,topic,payload", lambda s, n, v: f"{ISO[s]},{n},{v}"),
        ("Series;Time;Value", lambda s, n, v: f"{n};{ISO[s]};{v}"),
    ],
)
def test_one_more_column_or_another_name_does_not_hide_a_long_table(head: str, row: Row, in_blocks: bool) -> None:
    dataset = read(long(head, row, in_blocks=in_blocks))
    assert (dataset.columns.record, dataset.monitored) == (None, ("Pressure", "Level"))
    np.testing.assert_allclose(dataset.series[0].values, np.column_stack([PRESSURE, LEVEL]), atol=1e-3)
    assert dataset.columns.context == ()


def test_a_second_clock_of_a_long_table_is_left_out_and_said() -> None:
    dataset = read(long('"VarName";"TimeString";"VarValue";"Validity";"Time_ms"', panel))
    assert "Column 'Time_ms' tells the same moments as 'TimeString': left out" in notes(dataset)


def test_the_last_row_of_an_operator_panel_is_no_measurement() -> None:
    text = long('"VarName";"TimeString";"VarValue";"Validity";"Time_ms"', panel)
    dataset = read(text + '\n"$RT_OFF$";"03.03.2023 00:00:00";0;2;45002000000.0')
    assert dataset.monitored == ("Pressure", "Level") and dataset.steps == STEPS
    assert "1 row of the recorder itself, such as '$RT_OFF$': left out (line 122)" in notes(dataset)


@pytest.mark.parametrize(
    "text",
    [
        long(
            "sensor_id,parameter,value,unit,timestamp",
            lambda s, n, v: f"s1,{n},{v},u,{ISO[s]}\ns2,{n},{v + 1},u,{ISO[s]}",
        ),
        long("location,parameter,value,datetimeLast", lambda s, n, v: f"A,{n},{v},{ISO[s]}\nB,{n},{v + 1},{ISO[s]}"),
        long(
            "patient,charttime,itemid,valuenum,valueuom", lambda s, n, v: f"7,{ISO[s]},{n},{v},u\n8,{ISO[s]},{n},{v},u"
        ),
        long(
            "asset_id,property,timestamp,value,quality",
            lambda s, n, v: f"a,{n},{ISO[s]},{v},GOOD\nb,{n},{ISO[s]},{v},GOOD",
        ),
    ],
)
def test_records_beside_the_variables_stay_records(text: str) -> None:
    dataset = read(text)
    assert [len(one) for one in dataset.series] == [STEPS, STEPS]
    assert dataset.columns.record == text.split(",")[0] and dataset.monitored == ("Pressure", "Level")


SIMILAR = {"pump 1": PRESSURE, "pump 2": PRESSURE + 3}


@pytest.mark.parametrize(
    ("head", "row", "variables"),
    [
        ("patient_id,time,hr,bp", lambda s, n, v: f"{n},{ISO[s]},{v},{v / 2}", SIMILAR),
        ("machine,time,temperature", lambda s, n, v: f"{n},{ISO[s]},{v}", BOTH),
        ("machine,time,value,quality", lambda s, n, v: f"{n},{ISO[s]},{v},Good", BOTH),
        ("id,timestamp,value", lambda s, n, v: f"{n},{ISO[s]},{v}", SIMILAR),
        ("country_id,timestamp,value", lambda s, n, v: f"{n},{ISO[s]},{v}", BOTH),
        ("item_id,timestamp,target", lambda s, n, v: f"{n},{ISO[s]},{v}", BOTH),
        ("sensor_id,time,temperature", lambda s, n, v: f"{n},{ISO[s]},{v}", BOTH),
        ("row,site,time,flow", lambda s, n, v: f"{2 * s + (n == 'pump 2')},{n},{ISO[s]},{v}", SIMILAR),
    ],
)
def test_records_of_one_variable_stay_records(head: str, row: Row, variables: dict[str, np.ndarray]) -> None:
    dataset = read(long(head, row, variables, in_blocks="row" not in head))
    assert dataset.columns.record in head.split(",") and len(dataset.series) == 2


@pytest.mark.parametrize(
    ("name", "words", "size"),
    [("state", ("on", "off"), 1), ("phase", ("heat", "cool", "rest"), 50), ("step", ("fill", "drain"), 5)],
)
def test_a_state_beside_one_value_makes_no_long_table(name: str, words: tuple[str, ...], size: int) -> None:
    places = [step // 10 % len(words) for step in range(STEPS)]
    rows = [f"{ISO[step]},{words[at]},{PRESSURE[step] * (1 + size * at):.2f},1" for step, at in enumerate(places)]
    dataset = read("\n".join([f"time,{name},value,valid", *rows]))
    assert dataset.monitored == ("value",) and dataset.columns.record is None


def home(in_blocks: bool, door: tuple[str, str], lost: str) -> str:
    """Changes of two sensors and a door, each at times of its own."""
    rows = [
        (f"{ISO[step]}.1Z", "sensor.t", lost if step in (20, 21) else f"{LEVEL[step]:.2f}") for step in range(STEPS)
    ]
    rows += [(f"{ISO[step]}.2Z", "sensor.p", f"{PRESSURE[step]:.1f}") for step in range(0, STEPS, 2)]
    rows += [(f"{ISO[step]}.3Z", "binary_sensor.door", door[step // 10 % 2]) for step in range(0, STEPS, 5)]
    rows.sort(key=lambda row: row[1::-1] if in_blocks else row)
    return "\n".join(["entity_id,state,last_changed", *(f"{name},{word},{time}" for time, name, word in rows)])


@pytest.mark.parametrize("in_blocks", [False, True])
@pytest.mark.parametrize("door", [("on", "off"), ("open", "closed"), ("true", "false")])
@pytest.mark.parametrize("lost", ["unavailable", "unknown"])
def test_entities_of_numbers_and_of_words_are_channels_and_states(
    in_blocks: bool, door: tuple[str, str], lost: str
) -> None:
    dataset = read(home(in_blocks, door, lost), sampling="keep")
    assert set(dataset.monitored) == {"sensor.t", "sensor.p"} and dataset.columns.record is None
    first = f"binary_sensor.door={sorted(door)[1]}"
    assert dataset.columns.context[0] == first
    assert f"2 cells of 'state' hold no value, {lost!r}: missing" in notes(dataset)
    assert "'binary_sensor.door' tells a state in words, which holds until the next" in notes(dataset)
    # The door is first seen at the first time but two, and then known all along.
    (one,) = dataset.series
    seen = one.context[:, 0]
    assert np.isnan(seen[:2]).all() and np.isfinite(seen[2:]).all() and 0 < seen[2:].mean() < 1


def test_a_switch_that_changes_seldom_is_a_state_beside_what_is_measured_often() -> None:
    rows = [
        f"sensor.t,{LEVEL[s]:.2f},{ISO[s]}" + f"\nswitch,{('on', 'off')[s // 12 % 2]},{ISO[s]}" * int(s % 12 == 0)
        for s in TURN
    ]
    dataset = read("\n".join(["entity_id,state,last_changed", *rows]))
    assert (dataset.monitored, dataset.columns.context) == (("sensor.t",), ("switch=on",))
    german = "\n".join(
        [
            "Datenpunkt;Zeit;Wert",
            *(
                f"T;{i};{v:.2f}\nPumpe;{i};{w}".replace(".", ",")
                for i, v, w in zip(ISO, LEVEL, np.where(TURN // 9 % 2, "ein", "aus"), strict=True)
            ),
        ]
    )
    assert (read(german).monitored, read(german).columns.context) == (("T",), ("Pumpe=ein",))
    np.testing.assert_allclose(read(german).series[0].values[:, 0], LEVEL, atol=0.01)


def test_entities_of_words_alone_are_states_where_their_words_differ() -> None:
    rows = [
        f"lamp,{('on', 'off')[s // 7 % 2]},{ISO[s]}\nlock,{('locked', 'unlocked')[s // 9 % 2]},{ISO[s]}" for s in TURN
    ]
    assert read("\n".join(["entity_id,state,last_changed", *rows])).monitored == ("lamp=on", "lock=unlocked")
    rows = [f"{name},{('on', 'off')[s // k % 2]},{ISO[s]}" for name, k in (("m1", 7), ("m2", 9)) for s in TURN]
    assert read("\n".join(["machine,state,time", *rows])).columns.record == "machine"


def test_text_among_values_is_left_out_and_said() -> None:
    rows = [
        f"{ISO[s]},rpm,{PRESSURE[s]:.1f}\n{ISO[s]},run,{('true', 'false')[s // 9 % 2]}\n{ISO[s]},log,line {s}"
        for s in TURN
    ]
    dataset = read("\n".join(["timestamp,tag,value", *rows]), variable="tag", value="value")
    assert dataset.monitored == ("rpm",) and dataset.columns.context == ("run=true",)
    assert "Variables that hold text left out: 'log'" in notes(dataset)


MEASURED = long("when,who,how much,other", lambda s, n, v: f"{ISO[s]},{n},{v},{v * 2}")


def test_the_columns_of_a_long_table_can_be_told() -> None:
    assert read(MEASURED, variable="who", value="other").monitored == ("Pressure", "Level")
    dataset = read(MEASURED, layout="long", variable="who", value="how much")
    np.testing.assert_allclose(dataset.series[0].values[:, 0], PRESSURE, atol=1e-3)
    assert (dataset.columns.variable, dataset.columns.value) == ("who", "how much")
    one = long("when,who,much", lambda s, n, v: f"{ISO[s]},{n},{v}")
    assert read(one, variable="who").monitored == read(one, value="much").monitored == ("Pressure", "Level")


@pytest.mark.parametrize("part", ["variable", "value"])
def test_an_unknown_column_of_a_long_table_is_refused_with_the_nearest(part: str) -> None:
    with pytest.raises(SettingsError, match=f"{part}: plant has no column 'whom'; the nearest is 'who'"):
        read(MEASURED, **{part: "whom"})


def test_a_wide_table_has_no_column_of_variables() -> None:
    with pytest.raises(SettingsError, match="expected layout long or auto"):
        read(MEASURED, layout="wide", variable="who")
    with pytest.raises(DataError, match="Name these three"):
        read("a,b\n1,2\n2,3\n3,1", variable="a")
