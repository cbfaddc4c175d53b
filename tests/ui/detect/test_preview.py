"""The page of data: the look at the columns, other ways to read, and an upload that is forgotten once read."""

from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from anomaly.domain.exceptions import DataError
from anomaly.reading import catalogue
from anomaly.reading.catalogue import Entry
from anomaly.ui.detect.preview import _change_roles, describe
from tests.support.pages import check, current, labelled, open_app, opened_of, sensor_csv, upload
from tests.support.strategies import make_dataset, sine_values

AGAIN = "Read again with these"
LONG = "time,variable,value\n" + "\n".join(f"{t},{name},{t % k}" for t in range(60) for name, k in (("a", 5), ("b", 7)))


def open_text(text: str) -> AppTest:
    return upload(open_app(), ("file.csv", text.encode()))


def test_the_table_shows_every_column() -> None:
    app = open_text(LONG)
    table = app.dataframe[0].value
    assert isinstance(table, pd.DataFrame)
    assert table["column"].tolist() == ["time", "a", "b"] and table["role"].tolist() == [
        "time",
        "monitored",
        "monitored",
    ]


def test_another_layout_is_read_without_another_upload() -> None:
    app = open_text(LONG)
    labelled(app.selectbox, "Layout").set_value("wide")
    check(labelled(app.button, AGAIN).click().run())
    assert "value" in current(app).dataset.monitored
    labelled(app.selectbox, "Layout").set_value("auto")
    check(labelled(app.button, AGAIN).click().run())
    assert current(app).dataset.monitored == ("a", "b")


def test_a_rule_leaves_steps_out_and_a_bad_one_is_one_sentence() -> None:
    app = open_text("time,flow,running\n" + "\n".join(f"{t},{t % 7},{t % 2}" for t in range(60)))
    labelled(app.text_input, "Ignore while").set_value("running=0")
    check(labelled(app.button, AGAIN).click().run())
    assert current(app).dataset.columns.ignore == "running=0"
    labelled(app.text_input, "Ignore while").set_value("runing=0")
    check(labelled(app.button, AGAIN).click().run())
    assert len(app.error) == 1 and "nearest is 'running'" in app.error[0].value.replace("\\", "")
    assert current(app).dataset.columns.ignore == "running=0"


def test_uneven_steps_can_be_brought_onto_even_ones() -> None:
    app = open_text("time,flow\n" + "\n".join(f"{t * t},{t % 7}" for t in range(60)))
    assert current(app).dataset.columns.context == ("time since the last step",)
    labelled(app.selectbox, "Uneven steps").set_value("resample")
    labelled(app.number_input, "Step").set_value(100.0)
    check(labelled(app.button, AGAIN).click().run())
    assert current(app).dataset.columns.context == ()
    assert len(current(app).dataset.series[0]) < 60


@pytest.mark.parametrize(
    ("row", "role", "monitored", "context"),
    [(1, "context", ("b",), ("a",)), (1, "ignored", ("b",), ()), (2, "time", ("a",), ())],
)
def test_a_role_chosen_in_the_table_reads_the_tables_again(
    row: int, role: str, monitored: tuple[str, ...], context: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = opened_of(LONG.encode(), "file.csv")
    monkeypatch.setattr(st, "session_state", {"roles-0": {"edited_rows": {row: {"role": role}}}})
    _change_roles(opened, "roles-0")
    assert (opened.dataset.columns.monitored, opened.dataset.columns.context) == (monitored, context)
    assert opened.roles_read == 1 and opened.role_error is None


VANE = "time,WDIR,pump\n" + "\n".join(f"{t},{(350 + t % 17 + t % 5) % 360},{t // 9 % 2}" for t in range(90))


def test_the_table_shows_the_kind_of_each_channel() -> None:
    app = open_text(VANE)
    table = app.dataframe[0].value
    assert table["kind"].tolist() == ["—", "angle", "—"]
    assert any("monitoring WDIR (angle)" in one.value for one in app.markdown)
    assert any("'WDIR' as an angle" in one.value for one in app.text)


def test_a_kind_chosen_in_the_table_reads_the_tables_again_and_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = opened_of(VANE.encode(), "file.csv")

    def edit(row: int, **cells: str | None) -> None:
        key = f"roles-{opened.roles_read}"
        monkeypatch.setattr(st, "session_state", {key: {"edited_rows": {row: cells}}})
        _change_roles(opened, key)
        assert opened.role_error is None

    edit(1, kind="value")
    assert opened.dataset.columns.kinds == ("value",)
    assert opened.look.columns.set_index("column")["kind"].dropna().to_dict() == {"WDIR": "value"}
    edit(2, kind="state")  # context so far
    assert opened.dataset.columns.monitored == ("WDIR", "pump")
    assert opened.read.kinds == {"WDIR": "value", "pump": "state"}
    edit(2, role="context")
    assert (opened.dataset.monitored, opened.dataset.columns.context) == (("WDIR",), ("pump",))
    assert opened.dataset.columns.kinds == ("value",)
    edit(1, kind="—")
    assert (opened.dataset.columns.kinds, opened.read.kinds) == (("angle",), {})


def test_a_kind_of_what_cannot_be_monitored_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = opened_of(VANE.encode(), "file.csv")
    monkeypatch.setattr(st, "session_state", {"roles-0": {"edited_rows": {0: {"kind": "angle"}}}})
    _change_roles(opened, "roles-0")
    assert "'time'" in str(opened.role_error) and opened.dataset.columns.kinds == ("angle",)


def test_kinds_stay_where_the_panel_reads_again() -> None:
    app = open_text(VANE)
    current(app).read = current(app).read.model_copy(update={"kinds": {"WDIR": "value"}})
    labelled(app.text_input, "Ignore while").set_value("pump=1")
    check(labelled(app.button, AGAIN).click().run())
    assert current(app).dataset.columns.kinds == ("value",)
    labelled(app.multiselect, "Monitored channels").set_value(["pump"])
    labelled(app.multiselect, "Context").set_value(["WDIR"])
    labelled(app.text_input, "Ignore while").set_value("")
    check(labelled(app.button, AGAIN).click().run())
    assert (current(app).dataset.monitored, current(app).read.kinds) == (("pump",), {})


def test_roles_that_leave_nothing_to_monitor_are_refused_and_what_was_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = opened_of(sensor_csv(), "file.csv")
    before = opened.dataset
    edits = {row: {"role": "ignored"} for row in range(len(opened.look.columns))}
    monkeypatch.setattr(st, "session_state", {"roles-0": {"edited_rows": edits}})
    _change_roles(opened, "roles-0")
    assert opened.dataset is before and "no channel to monitor" in str(opened.role_error)


def test_a_public_data_set_is_opened_with_its_known_anomalies(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it had been downloaded."""

    def fetch(entry: Entry, folder: Path) -> list[Path]:
        files = {
            "machine.csv": "timestamp,value\n" + "\n".join(f"{t},{t % 7}" for t in range(60)),
            f"{entry.name}-known.csv": "start,end\n20,25\n",
            "combined_windows.json": "{}",
        }
        for name, text in files.items():
            (folder / name).write_text(text)
        return [folder / name for name in files]

    monkeypatch.setattr(catalogue, "get", fetch)
    app = open_app()
    check(labelled(app.button, "Download and open").click().run())
    dataset = current(app).dataset
    assert dataset.monitored == ("value",)
    assert dataset.series[0].labels is not None and dataset.series[0].labels.sum() == 6


def test_a_data_set_that_cannot_be_reached_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(entry: Entry, folder: Path) -> list[Path]:
        raise DataError("example.org could not be reached (no network): check the connection.")

    monkeypatch.setattr(catalogue, "get", fetch)
    app = open_app()
    check(labelled(app.button, "Download and open").click().run())
    assert len(app.error) == 1 and "could not be reached" in app.error[0].value


def test_the_lowest_and_the_highest_read_differently_where_they_differ() -> None:
    rows = (f"{t},{101_325 + t % 5},{10**15 + t % 7},5,{t % 9 / 8}" for t in range(60))
    table = open_text("time,pressure,count,still,small\n" + "\n".join(rows)).dataframe[0].value.set_index("column")
    assert table.loc["pressure", ["low", "high"]].tolist() == ["101325", "101329"]
    assert table.loc["count", ["low", "high"]].tolist() == ["1000000000000000", "1000000000000006"]
    assert table.loc["still", ["low", "high"]].tolist() == ["5", "5"]
    assert table.loc["small", ["low", "high"]].tolist() == ["0", "1"]


def test_the_columns_of_a_long_table_are_written_and_a_wrong_one_is_one_sentence() -> None:
    rows = [f"{t},{name},{t % k},{-t}" for t in range(60) for name, k in (("a", 5), ("b", 7))]
    app = open_text("\n".join(["time,who,much,other", *rows]))
    labelled(app.text_input, "Variable column").set_value("whom")
    labelled(app.text_input, "Value column").set_value("much")
    check(labelled(app.button, AGAIN).click().run())
    assert len(app.error) == 1 and "nearest is 'who'" in app.error[0].value.replace("\\", "")
    labelled(app.text_input, "Variable column").set_value("who")
    check(labelled(app.button, AGAIN).click().run())
    assert current(app).dataset.monitored == ("a", "b")


def test_a_code_for_missing_is_undone_in_the_columns() -> None:
    app = open_text("time,SpO2\n" + "\n".join(f"{t},{255 if 30 <= t < 40 else 94 + t % 4}" for t in range(90)))
    assert "10 cells of 'SpO2' are 255" in str(current(app).dataset.repairs)
    labelled(app.multiselect, "All numbers measured in").set_value(["SpO2"])
    check(labelled(app.button, AGAIN).click().run())
    assert current(app).dataset.series[0].values.max() == 255
    assert current(app).dataset.columns.measured == ("SpO2",)


def test_without_its_file_nothing_is_said_to_be_changed() -> None:
    dataset = make_dataset(sine_values(9))
    assert "changed" in describe(dataset) and "changed" not in describe(dataset, has_file=False)
