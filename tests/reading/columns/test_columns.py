"""Which part each column plays: proposals by looking, and what settings change."""

import pytest

from anomaly.domain.exceptions import DataError, SettingsError
from anomaly.domain.records import Columns
from anomaly.domain.settings.reading import ReadSettings
from anomaly.pipeline import read
from anomaly.reading.columns.proposal import propose_columns
from anomaly.reading.formats.files import read_table


def propose(text: str, **settings) -> Columns:
    return propose_columns([read_table(text.encode(), "pump.csv")], ReadSettings(**settings))


def rows(*columns: list) -> str:
    return "\n".join(",".join(map(str, cells)) for cells in zip(*columns, strict=True))


FLOW = ["flow", 1.5, 2.5, 0.5, 3.5]
LEVEL = ["level", 7, 9, 8, 6]


@pytest.mark.parametrize(
    "time",
    [
        ["timestamp", "2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04"],
        ["when", "2025-01-01 00:00:00", "2025-01-01 00:00:01", "2025-01-01 00:00:02", "2025-01-01 00:00:03"],
        ["Time (s)", 0.0, 0.1, 0.25, 0.3],
        ["epoch", 1_700_000_000, 1_700_000_060, 1_700_000_200, 1_700_000_260],
        ["ts", 1_700_000_000_000, 1_700_000_060_000, 1_700_000_200_000, 1_700_000_260_000],
        ["step", 10, 20, 30, 40],
        ["Unnamed: 0", 0, 1, 2, 3],
        ["nr", 5, 10, 15, 20],
    ],
)
def test_a_time_column_is_found(time: list) -> None:
    assert propose(rows(time, FLOW)) == Columns(time[0], None, ("flow",), (), None)


def test_a_time_column_need_not_come_first() -> None:
    stamps = ["measured", "2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04"]
    assert propose(rows(FLOW, stamps)).time == "measured"


@pytest.mark.parametrize("first", [["response time", 3, 1, 2, 1], ["count", 1, 2, 3, 5], ["flow 2", 4, 3, 2, 1]])
def test_numbers_that_do_not_count_up_are_no_time(first: list) -> None:
    columns = propose(rows(first, FLOW))
    assert columns.time is None
    assert columns.monitored == (first[0], "flow")


def test_the_only_channel_is_not_taken_for_the_time() -> None:
    assert propose("flow\n1\n2\n3\n") == Columns(None, None, ("flow",), (), None)


def test_a_counting_column_is_the_time_when_the_channels_are_named_too() -> None:
    assert propose(rows(["n", 1, 2, 3, 4], FLOW), channels=["flow"]).time == "n"


@pytest.mark.parametrize("name", ["patient", "Patient ID", "PatientID", "unit_nr", "hadm_id", "machine"])
@pytest.mark.parametrize("cells", [["a", "a", "b", "b"], [7, 7, 8, 8]])
def test_a_record_column_is_found(name: str, cells: list) -> None:
    assert propose(rows([name, *cells], FLOW)).record == name


@pytest.mark.parametrize("name", ["machine temperature", "patient_heart_rate", "unit_pressure_kPa"])
def test_a_measurement_of_a_machine_or_patient_is_no_record(name: str) -> None:
    assert propose(rows([name, 70, 70, 71, 72, 71], [*FLOW, 2])).monitored == (name, "flow")


def test_zeros_in_front_of_a_records_name_stay() -> None:
    dataset = read(rows(["patient", "007", "007", "010", "010"], FLOW).encode())
    assert [series.name for series in dataset.series] == ["007", "010"]


def test_an_identifier_of_each_row_is_no_record() -> None:
    assert propose(rows(["id", "a", "b", "c", "d"], FLOW)).record is None


def test_times_may_start_again_with_each_record() -> None:
    columns = propose(rows(["patient", 1, 1, 2, 2], ["time", 0, 1, 0, 1], FLOW))
    assert (columns.time, columns.record) == ("time", "patient")


@pytest.mark.parametrize("name", ["label", "LABELS", "is_anomaly", "Anomaly", "is_outlier"])
@pytest.mark.parametrize("cells", [[0, 1, 0, 0], [0, 1, "", 0], ["True", "False", "True", "False"]])
def test_a_label_column_is_found_in_any_case_and_never_monitored(name: str, cells: list) -> None:
    assert propose(rows(FLOW, [name, *cells])) == Columns(None, None, ("flow",), (), name)


def test_a_two_valued_column_is_context_where_a_livelier_one_is_left() -> None:
    valve = ["valve", 0, 1, 1, 0]
    columns = propose(rows(FLOW, valve, LEVEL))
    assert (columns.monitored, columns.context) == (("flow", "level"), ("valve",))
    assert propose(rows(valve)).monitored == ("valve",)


def test_text_and_empty_columns_are_left_out_and_said() -> None:
    text = rows(
        FLOW, ["note", "ok", "ok", "late", "ok"], ["spare", "", "", "", ""], ["far", "inf", "inf", "inf", "inf"]
    )
    dataset = read(text.encode())
    assert dataset.monitored == ("flow",)
    assert [str(repair) for repair in dataset.repairs] == [
        "Column 'note' holds text, such as 'ok': left out",
        "Column 'spare' is empty: left out",
        "Column 'far' holds no number that is finite and can be held: left out",
    ]


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        ("modified", ["2025-03-01", "2025-03-02"], "times, such as '2025-03-01', but 'time' orders the rows"),
        ("geburtstag", ["01.02.1960", "03.02.1961"], "dates by its name not of the measurement, such as '01.02.1960'"),
        ("exported", ["2025-03-01 10:00", "2025-03-01 10:00"], "the same time in every row, '2025-03-01 10:00', which"),
        ("note", ["late", "early"], "text, such as 'late'"),
    ],
)
def test_a_column_of_text_left_out_is_called_what_it_is(name: str, cells: list, said: str) -> None:
    dataset = read(rows(["time", *range(40)], ["flow", *(n % 7 for n in range(40))], [name, *cells * 20]).encode(),
                   ReadSettings(context=()))  # fmt: skip
    assert any(f"Column {name!r} holds {said}" in str(repair) for repair in dataset.repairs)


def test_a_time_in_too_few_figures_is_said_to_stand_still() -> None:
    dataset = read(rows(["time", *["1.74E+09"] * 30], ["flow", *(n % 7 for n in range(30))]).encode())
    assert (dataset.columns.time, dataset.monitored, dataset.columns.context) == (None, ("flow",), ())
    (repair,) = dataset.repairs
    assert str(repair) == (
        "Column 'time' holds the same number in every row, 1740000000: not used as the time, left out"
    )


def test_times_among_columns_none_of_which_is_a_channel_are_called_so() -> None:
    with pytest.raises(DataError, match=r"found 'when' \(times\), 'note' \(text\)"):
        propose("when,note\n2025-03-01,a\n2025-03-02,b\n2025-03-03,c\n")


def test_a_column_that_is_text_in_one_of_several_files_is_left_out_and_said() -> None:
    one, two = rows(FLOW, LEVEL).encode(), rows(FLOW, ["level", "low", "low", "high", "low"]).encode()
    for files in ([one, two], [two, one]):
        dataset = read(files)
        assert dataset.monitored == ("flow",)
        assert "'level' holds text, such as 'low'" in str(dataset.repairs[-1])


def test_settings_override_every_proposal() -> None:
    text = rows(["time", 1, 2, 3, 4], FLOW, ["clock", 4, 5, 6, 7], LEVEL, ["label", 0, 0, 1, 0], ["truth", 1, 0, 0, 0])
    columns = propose(text, time="clock", record="level", channels=["flow"], context=["time", "label"], labels="truth")
    assert columns == Columns("clock", "level", ("flow",), ("time", "label"), "truth")


def test_a_column_named_as_a_channel_is_not_proposed_as_something_else() -> None:
    text = rows(["unit", 1, 1, 2, 2], ["label", 0, 0, 1, 0], ["time", 1, 2, 3, 4])
    assert propose(text, channels=["unit", "label", "time"]).monitored == ("unit", "label", "time")


def test_channels_that_are_named_alone_leave_the_others_out() -> None:
    assert propose(rows(FLOW, LEVEL), channels=["level"]) == Columns(None, None, ("level",), (), None)


def test_columns_that_are_not_context_are_monitored_when_context_is_named() -> None:
    assert propose(rows(FLOW, LEVEL, ["valve", 0, 1, 1, 0]), context=["flow"]).monitored == ("level", "valve")


@pytest.mark.parametrize(
    "settings",
    [{"time": "Flwo"}, {"record": "Flwo"}, {"labels": "Flwo"}, {"channels": ["Flwo"]}, {"context": ["Flwo"]}],
)
def test_an_unknown_column_names_the_nearest(settings: dict) -> None:
    with pytest.raises(SettingsError, match=r"pump has no column 'Flwo'; the nearest is 'flow'.*'flow', 'level'"):
        propose(rows(FLOW, LEVEL), **settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"time": "flow", "channels": ["flow"]}, "as time and as channels"),
        ({"channels": ["flow"], "context": ["flow"]}, "as channels and as context"),
        ({"record": "flow", "labels": "flow"}, "as record and as labels"),
        ({"channels": ["flow", "flow"]}, "twice as channels"),
    ],
)
def test_a_column_named_twice_is_refused(settings: dict, words: str) -> None:
    with pytest.raises(SettingsError, match=f"Column 'flow' is named {words}"):
        propose(rows(FLOW, LEVEL), **settings)


def test_a_channel_of_text_is_refused() -> None:
    with pytest.raises(DataError, match="Column 'note' of pump holds no numbers"):
        propose(rows(FLOW, ["note", "a", "b", "c", "d"]), channels=["note"])


def test_more_channels_than_can_be_monitored_are_refused() -> None:
    wide = ",".join(f"c{n}" for n in range(501)) + "\n" + ("1," * 500 + "1\n") * 2
    with pytest.raises(DataError, match="has 501 channels; expected at most 500"):
        propose(wide)


def test_a_column_called_label_that_holds_classes_is_neither_label_nor_input_and_that_is_said() -> None:
    dataset = read(b"flow,label\n1.5,0\n2.5,2\n3.1,1\n")
    assert dataset.monitored == ("flow",)
    assert dataset.columns.labels is None
    assert any("'label'" in str(repair) for repair in dataset.repairs)


def test_an_empty_name_means_none() -> None:
    text = b"time,patient,flow,label\n1,a,1.5,0\n2,a,2.5,1\n1,b,3.5,0\n2,b,4,0\n"
    columns = read(text, ReadSettings(time="", record="", labels="", channels=("flow",))).columns
    assert (columns.time, columns.record, columns.labels) == (None, None, None)


def test_where_all_columns_are_on_off_those_that_change_are_monitored() -> None:
    columns = read(b"valve,door,spare\n0,0,0\n1,0,0\n0,1,0\n").columns
    assert (columns.monitored, columns.context) == (("valve", "door"), ("spare",))
