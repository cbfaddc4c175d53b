"""Whatever shape a table comes in, long or wide, with times in two columns, static or worded ones: one dataset."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anomaly
from anomaly import DataError, Dataset, ReadSettings, SettingsError
from anomaly.reading.assembly import assemble, sheets_of
from anomaly.reading.formats.files import read_table


def read(text: str, **settings: object) -> Dataset:
    return anomaly.read(text.encode(), ReadSettings(**settings), name="ward.csv")


def long_form(frame: pd.DataFrame, keys: list[str], shuffled: bool = False) -> str:
    """`frame` melted, its empty cells left out, as an export of measurements would be."""
    long = frame.melt(keys, var_name="parameter", value_name="value").dropna(subset=["value"])
    return (long.sample(frac=1, random_state=0) if shuffled else long).to_csv(index=False)


def ward(lengths: tuple[int, ...] = (30, 12, 45)) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame(
            {
                "patient": f"p{number}",
                "charttime": pd.date_range("2025-03-01", periods=steps, freq="h").strftime("%Y-%m-%d %H:%M"),
                "heart rate": rng.normal(80, 5, steps).round(2),
                "spo2": rng.normal(97, 1, steps).round(2),
            }
        )
        for number, steps in enumerate(lengths)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_long_table_is_the_dataset_of_its_wide_form(shuffled: bool) -> None:
    frame = ward()
    frame.loc[frame.index % 7 == 3, "spo2"] = np.nan
    wide, long = read(frame.to_csv(index=False)), read(long_form(frame, ["patient", "charttime"], shuffled))
    assert long.columns.record == "patient" and long.columns.time == "charttime"
    assert sorted(long.monitored) == sorted(wide.monitored) == ["heart rate", "spo2"]
    order = [long.monitored.index(name) for name in wide.monitored]
    by_name = {series.name: series for series in long.series}
    for series in wide.series:
        np.testing.assert_array_equal(by_name[series.name].times, series.times)
        np.testing.assert_allclose(by_name[series.name].values[:, order], series.values)


def test_a_channel_missing_from_some_records_is_missing_there() -> None:
    frame = ward()
    frame.loc[frame["patient"] == "p1", "spo2"] = np.nan
    dataset = read(long_form(frame, ["patient", "charttime"]))
    assert np.isnan(dataset.series[1].values[:, dataset.monitored.index("spo2")]).all()
    assert not np.isnan(dataset.series[0].values).any()


def test_values_of_one_variable_at_one_time_are_averaged_and_units_kept() -> None:
    rows = [f"{t},hr,{80 + t},bpm\n{t},skin,{37 + t % 3},°C" for t in range(4)]
    dataset = read("\n".join(["time,item,value,unit", *rows, "0,hr,90,bpm"]))
    assert dataset.monitored == ("hr", "skin")
    assert dataset.series[0].values[:, 0].tolist() == [85, 81, 82, 83]
    assert dict(dataset.units) == {"hr": "bpm", "skin": "°C"}
    assert any("1 values measured more than once" in str(repair) for repair in dataset.repairs)


def test_a_long_table_of_other_words_is_found_by_looking() -> None:
    rows = [f"{t},{name},{t * k}" for t in range(20) for name, k in (("oxygen", 1), ("pulse", 3))]
    assert read("\n".join(["t,was,wert", *rows])).monitored == ("oxygen", "pulse")


def test_a_wide_table_with_a_state_in_words_is_not_taken_for_a_long_one() -> None:
    rows = [f"{t},{t % 7},{'on' if t % 3 else 'off'}" for t in range(40)]
    dataset = read("\n".join(["time,flow,state", *rows]))
    assert (dataset.monitored, dataset.columns.context) == (("flow",), ("state=on",))


def test_a_long_table_can_be_read_as_wide_and_a_wide_one_not_as_long() -> None:
    text = long_form(ward(), ["patient", "charttime"])
    assert read(text, layout="wide").monitored == ("value",)
    with pytest.raises(DataError, match="does not look like one row per measurement"):
        read("time,flow,level\n0,1,2\n1,2,3\n2,3,1\n", layout="long")


def test_a_measurement_without_its_name_or_time_is_refused_with_its_line() -> None:
    rows = [f"{t},{name},{t}" for t in range(5) for name in ("a", "b")]
    with pytest.raises(DataError, match="line 12: expected a value in column 'variable'"):
        read("\n".join(["time,variable,value", *rows, "5,,3"]))


def test_a_pivot_that_would_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(["time,variable,value", *(f"{t},{n},{t}" for t in range(5) for n in "abc")])
    table = read_table(text.encode(), "ward.csv")
    monkeypatch.setattr("anomaly.reading.formats.budget.MOST_CELLS", 10)
    with pytest.raises(DataError, match="would become 5 rows of 3 columns; expected at most 10 cells in all"):
        assemble([table], ReadSettings())


def test_what_never_changes_within_a_record_is_context() -> None:
    frame = ward((30, 20, 25, 20))
    frame["age"] = frame["patient"].map({"p0": 71, "p1": 34, "p2": 55, "p3": 40})
    dataset = read(frame.to_csv(index=False))
    assert dataset.monitored == ("heart rate", "spo2")
    assert dataset.columns.context == ("age",)
    assert [series.context[0, 0] for series in dataset.series] == [71, 34, 55, 40]


def test_what_never_changes_within_a_record_stays_beside_the_measurements_of_a_long_table() -> None:
    frame = ward()
    frame["age"] = frame["patient"].map({"p0": 71, "p1": 34, "p2": 55})
    frame["note"] = [f"n{row}" for row in range(len(frame))]
    dataset = read(long_form(frame, ["patient", "charttime", "age", "note"]))
    assert dataset.columns.context == ("age",)


def test_a_date_of_birth_is_no_time() -> None:
    frame = ward()
    frame.insert(1, "date of birth", frame["patient"].map({"p0": "1960-01-02", "p1": "1990-05-01", "p2": "1970-07-07"}))
    assert read(frame.to_csv(index=False)).columns.time == "charttime"


def test_words_become_one_channel_each_and_a_new_file_may_lack_some() -> None:
    rows = [f"{t},{t % 7},{('auto', 'manual', 'service')[t % 3]}" for t in range(60)]
    dataset = read("\n".join(["time,flow,mode", *rows]))
    assert dataset.columns.context == ("mode=auto", "mode=manual", "mode=service")
    assert dataset.series[0].context[:3].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    named = ReadSettings(channels=("flow",), context=dataset.columns.context)
    other = anomaly.read(("time,flow,mode\n" + "\n".join(f"{t},{t % 7},auto" for t in range(9))).encode(), named)
    assert other.columns.context == dataset.columns.context
    assert other.series[0].context.tolist() == [[1, 0, 0]] * 9


def test_a_text_column_can_be_named_as_context_by_its_own_name() -> None:
    rows = [f"{t},{t % 7},{'ab'[t % 2]}" for t in range(10)]
    assert read("\n".join(["time,flow,mode", *rows]), context=("mode",)).columns.context == ("mode=b",)


@pytest.mark.parametrize("words", [("yes", "no"), ("normal", "unsure"), ("fault", "no fault")])
def test_words_that_may_tell_the_health_are_never_proposed_as_an_input(words: tuple[str, str]) -> None:
    rows = [f"{t},{t % 7},{words[t % 2]}" for t in range(40)]
    dataset = read("\n".join(["time,flow,machine_status", *rows]))
    assert dataset.columns.context == () and dataset.columns.labels is None
    assert any("'machine_status' holds text" in str(repair) for repair in dataset.repairs)


@pytest.mark.parametrize("words", [("NORMAL", "BROKEN"), ("ok", "fault"), ("Normal", "A ttack")])
def test_words_that_tell_the_health_are_known_anomalies(words: tuple[str, str]) -> None:
    rows = [f"{t},{t % 7},{words[t % 3 == 0]}" for t in range(40)]
    dataset = read("\n".join(["time,flow,machine_status", *rows]))
    assert dataset.columns.labels == "machine_status"
    labels = dataset.series[0].labels
    assert labels is not None and np.flatnonzero(labels).tolist() == list(range(0, 40, 3))


def test_records_and_their_steps_are_found_without_names() -> None:
    rows = [f"{unit} {step} {unit * 100 + step % 7:.2f} {step % 5}.5" for unit in (1, 2, 3) for step in range(1, 20)]
    dataset = read("\n".join(rows))
    assert (dataset.columns.record, dataset.columns.time) == ("channel_1", "channel_2")
    assert [len(series) for series in dataset.series] == [19, 19, 19]


def test_row_numbers_and_further_names_of_records_are_no_channels() -> None:
    frame = ward()
    frame["stay_id"] = frame["patient"].map({"p0": 7, "p1": 9, "p2": 12})
    dataset = read(frame.to_csv())
    assert dataset.monitored == ("heart rate", "spo2") and dataset.columns.context == ()
    notes = " / ".join(map(str, dataset.repairs))
    assert "'column_1' numbers the rows" in notes and "'stay_id' names records, too" in notes


def test_year_month_day_and_hour_are_one_time() -> None:
    times = pd.date_range("2025-01-30", periods=60, freq="h")
    rows = [f"{t.year},{t.month},{t.day},{t.hour},{n % 7}" for n, t in enumerate(times)]
    dataset = read("\n".join(["year,month,day,hour,pm2.5", *rows]))
    assert dataset.columns.time == "year month day hour" and dataset.monitored == ("pm2.5",)
    assert (dataset.series[0].times == times.to_numpy().astype("datetime64[us]")).all()


@pytest.mark.parametrize("words", [("0", "1"), ("normal", "anomaly"), ("", "anomaly"), ("False", "True")])
def test_a_value_beside_its_label_is_no_long_table(words: tuple[str, str]) -> None:
    rows = [f"2025-03-01 {n // 60:02}:{n % 60:02},{n % 7},{words[n in (30, 31)]}" for n in range(60)]
    dataset = read("\n".join(["timestamp,value,label", *rows]))
    assert dataset.monitored == ("value",) and dataset.columns.labels == "label"


def test_two_units_of_one_variable_are_said_and_none_is_shown() -> None:
    rows = [f"{t},temp,{37 if t % 2 else 98},{'C' if t % 2 else 'F'}\n{t},hr,{70 + t % 5},bpm" for t in range(20)]
    dataset = read("\n".join(["time,item,value,unit", *rows]))
    assert dict(dataset.units) == {"hr": "bpm"}
    assert any("'temp' is measured in F and in C" in str(repair) for repair in dataset.repairs)


def test_true_and_false_are_context() -> None:
    rows = [f"{t},{t % 7},{'TRUE' if t % 3 else 'FALSE'}" for t in range(40)]
    assert read("\n".join(["time,flow,on", *rows])).columns.context == ("on=TRUE",)


def test_a_day_of_birth_that_comes_first_is_no_time() -> None:
    rows = [
        f"{p};{10 + p}.02.19{p}0;{t % 28 + 1:02}.03.2025 {t // 28:02}:00;{t % 9}" for p in (5, 7) for t in range(60)
    ]
    dataset = read("\n".join(["MRN;Geburtsdatum;Messzeitpunkt;HF", *rows]))
    assert (dataset.columns.record, dataset.columns.time, dataset.steps) == ("MRN", "Messzeitpunkt", 120)


def test_a_long_table_may_call_the_variable_label() -> None:
    rows = [f"{t * 10 + k},{name},{t % 5 + k},u" for t in range(20) for k, name in enumerate(("hr", "spo2"))]
    assert read("\n".join(["charttime,label,valuenum,valueuom", *rows])).monitored == ("hr", "spo2")


def test_a_date_and_a_time_of_day_apart_are_one_time() -> None:
    rows = [f"10/03/2004;{hour:02}.00.00;{hour},5" for hour in range(18, 24)]
    rows += [f"11/03/2004;{hour:02}.00.00;{hour},5" for hour in range(13)]
    dataset = read("\n".join(["Date;Time;CO(GT)", *rows]))
    assert dataset.columns.time == "Date Time"
    times = dataset.series[0].times
    assert str(times[0]) == "2004-03-10T18:00:00.000000" and len(times) == 19
    assert (np.diff(times) == np.timedelta64(1, "h")).all()
    assert dataset.monitored == ("CO(GT)",)


@pytest.mark.parametrize(
    ("head", "row"),
    [("Date;Time;a", "{:%d.%m.%Y};{:%H:%M};{}"), ("year;month;day;hour;a", "{0:%Y;%m;%d};{1.hour};{2}")],
)
def test_a_time_that_was_joined_can_be_named_again(head: str, row: str) -> None:
    """As a page does that changes another role, and a kept model with the next file."""
    times = pd.date_range("2025-03-20", periods=60, freq="h")
    text = "\n".join([head, *(row.format(time, time, n % 7) for n, time in enumerate(times))])
    time = read(text).columns.time
    assert time is not None and " " in time
    assert read(text, time=time).columns.time == time
    assert read(text, time="").columns.time is None


def test_units_come_from_the_header_and_from_the_row_below_it() -> None:
    assert dict(read("time,T [°C],flow (l/min),n\n0,1,2,3\n1,2,3,5\n2,4,5,4\n").units) == {
        "T [°C]": "°C",
        "flow (l/min)": "l/min",
    }
    assert dict(read("time,T,p\ns,°C,bar\n0,1,2\n1,2,3\n2,4,5\n").units) == {"T": "°C", "p": "bar"}


def test_steps_under_the_rule_are_neither_learnt_nor_scored_but_kept() -> None:
    rng = np.random.default_rng(0)
    running = (np.arange(600) % 200) < 150
    flow = np.where(running, 20 + np.sin(np.arange(600) / 4) + rng.normal(0, 0.05, 600), -500)
    rows = [f"{t},{x:.3f},{r:d}" for t, (x, r) in enumerate(zip(flow, running, strict=True))]
    dataset = read("\n".join(["time,flow,running", *rows]), ignore="running=0")
    assert any("150 steps left out of learning and scoring because running=0" in str(r) for r in dataset.repairs)
    fitted = anomaly.fit(dataset, anomaly.FitSettings(epochs=3, hidden_units=8, device="cpu"))
    assert fitted.preparation.ranges[0, 0] > 0
    detection = anomaly.detect(fitted, dataset)
    points = detection.points()
    assert np.isnan(detection.scores[0].values[~running]).all()
    assert points["flagged"][~running].sum() == 0
    assert (points["flow"][~running] == -500).all()
    assert dataset.columns.ignore == "running=0"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("runing=0", "has no column 'runing'; the nearest is 'running'"),
        ("running", "expected a rule such as running=0"),
        ("running=off", "holds numbers; expected one after '=', found 'off'"),
        ("mode<3", "holds text, which is not more or less"),
        ("running>=0", "has no step left where running>=0 does not hold"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_in_one_sentence(rule: str, said: str) -> None:
    text = "time,flow,running,mode\n" + "\n".join(f"{t},{t % 7},{t % 2},{'ab'[t % 2]}" for t in range(30))
    with pytest.raises((DataError, SettingsError)) as refused:
        read(text, ignore=rule)
    assert said in str(refused.value) and str(refused.value).endswith(".")


def test_a_rule_on_words_knows_no_case() -> None:
    text = "time,flow,mode\n" + "\n".join(f"{t},{t % 7},{('Off', 'on')[t % 2]}" for t in range(30))
    series = read(text, ignore="mode = off").series[0]
    assert series.ignored is not None and series.ignored.tolist() == [True, False] * 15


def test_a_sheet_that_is_not_there_is_refused() -> None:
    table = read_table(b"a,b\n1,2\n2,3\n", "x.csv")
    assert sheets_of([table]) == []
    with pytest.raises(SettingsError, match="There is no sheet 'May': no file is a workbook"):
        assemble([table], ReadSettings(sheet="May"))


@given(
    records=st.lists(st.integers(2, 9), min_size=1, max_size=4),
    channels=st.integers(2, 5),
    holes=st.floats(0, 0.6),
    seed=st.integers(0, 999),
)
def test_a_pivot_agrees_with_a_loop(records: list[int], channels: int, holes: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        (f"r{record}", step, f"v{channel}", int(rng.integers(0, 100)))
        for record, steps in enumerate(records)
        for step in range(steps)
        for channel in range(channels)
        if rng.random() >= holes
    ]
    rng.shuffle(rows)
    if len({row[2] for row in rows}) < 2 or len(rows) < 3:
        return
    text = "\n".join(["record,time,variable,value", *(",".join(map(str, row)) for row in rows)])
    settings = {"record": "record", "time": "time", "channels": tuple(sorted({row[2] for row in rows})), "context": ()}
    wanted = {(record, step, name): value for record, step, name, value in rows}
    try:
        dataset = read(text, **settings)
    except DataError as error:
        assert "one row per record" in str(error)
        return
    found = {
        (series.name, int(time), name): value
        for series in dataset.series
        for time, row in zip(series.times, series.values, strict=True)
        for name, value in zip(dataset.monitored, row, strict=True)
        if np.isfinite(value)
    }
    assert found == wanted
