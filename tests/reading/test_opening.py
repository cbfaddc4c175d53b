"""An upload as a page gets it: looked at, and its cells set aside."""

from pathlib import Path

import pytest

from anomaly.domain import DataError, ReadSettings
from anomaly.reading import opening
from anomaly.reading.formats.files import read_table
from anomaly.reading.opening import look_again, open_upload, set_aside, take_up

TEXT = "\n".join(
    ["patient,time,flow,mode", *(f"P{step // 60},{step % 60},{step % 9},{'ab'[step % 2]}" for step in range(120))]
)
FILES = [(TEXT.encode(), "ward.csv"), (TEXT.replace("P", "Q").encode(), "ward-2.csv")]


@pytest.mark.parametrize("few", [0, opening.FEW_BYTES])
def test_tables_set_aside_come_back_as_they_were(few: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "FEW_BYTES", few)
    tables = [read_table(TEXT.encode(), "ward.csv"), read_table(b"a,b\n1,x\n2,\n", "b.csv")]
    kept = set_aside(tables, tmp_path)
    assert all(len(one.frame.columns) == 0 for one in kept) == (few == 0)
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    back = take_up(kept, tmp_path)
    assert all(one.frame.equals(other.frame) for one, other in zip(back, tables, strict=True))
    assert [(one.name, one.digest, one.line(1)) for one in back] == [
        (one.name, one.digest, one.line(1)) for one in tables
    ]


def test_where_there_is_no_room_cells_stay_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "FEW_BYTES", 0)
    tables = [read_table(TEXT.encode(), "ward.csv")]
    assert set_aside(tables, tmp_path / "gone")[0].frame.equals(tables[0].frame)


def test_a_cleared_temporary_folder_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "FEW_BYTES", 0)
    first = open_upload(FILES, None, tmp_path)
    again = look_again(first.tables, tmp_path, ReadSettings(channels=("flow",)))
    assert [one.name for one in again.dataset.series] == [
        "ward/P0", "ward/P1", "ward-2/Q0", "ward-2/Q1",
    ]  # fmt: skip
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(DataError, match="open it again"):
        look_again(first.tables, tmp_path, ReadSettings())


def test_an_upload_is_labelled_by_its_known_anomalies(tmp_path: Path) -> None:
    known = (b"start,end,record\n5,9,P1\n", "known.csv")
    assert open_upload(FILES[:1], known, None).dataset.has_labels
    assert not open_upload(FILES[:1], None, None).dataset.has_labels
