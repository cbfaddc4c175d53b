"""Small files that would become large tables: refused by what their headers say, in little memory."""

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.domain import DataError, ReadSettings
from anomaly.reading.assembly import shape_tables
from anomaly.reading.formats import budget
from anomaly.reading.formats.arrow_sizes import tell_size
from anomaly.reading.formats.files import read_files, read_table, read_tables
from tests.support.bombs import BOMBS, arrow, nested, packed, wfdb_record
from tests.support.checkout import ROOT
from tests.support.waveforms import edf_file
from tests.support.workbooks import of_rows

MEMORY = 1_500 << 20
"""bytes of address space in which all of them are refused"""

REFUSE = f"""
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
from anomaly.domain import DataError
from anomaly.reading.formats.files import read_files
for path in sys.argv[1:]:
    began = time.process_time()
    try:
        read_files([(path, None)])
    except DataError as error:
        told = str(error)
        assert "not enough memory" not in told and "MemoryError" not in told, (path, told)
        print(path, error)
    else:
        raise AssertionError(path)
    assert time.process_time() - began < 20, path
"""


def test_what_grows_is_refused_by_its_headers_in_little_memory(tmp_path: Path) -> None:
    for name, make in BOMBS.items():
        (tmp_path / name).write_bytes(make())
    ended = subprocess.run(
        [sys.executable, "-c", REFUSE, *(str(tmp_path / name) for name in BOMBS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.splitlines()) == len(BOMBS)


def test_the_files_of_one_upload_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "FEW_CELLS", 30)
    monkeypatch.setattr(budget, "GROWTH", 0)
    one = b"t,v\n" + b"".join(b"%d,%d\n" % (row, row % 3) for row in range(9))
    assert len(read_files([(one, "a.csv")])) == 1
    for files in (
        [(one, "a.csv"), (one, "b.csv")],
        [(packed({"a.csv": one, "b.zip": packed({"c.csv": one})}), "d.zip")],
    ):
        with pytest.raises(DataError, match="expected at most 30 cells"):
            read_files(files)
    # Each upload has its own.
    assert len(read_files([(one, "a.csv")])) == 1


def test_what_lies_beside_a_header_on_disk_counts_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "FEW_CELLS", 1_000)
    (tmp_path / "rec.hea").write_text("rec 1 100 9000\nrec.dat 16 200 16 0 0 0 0 a\n")
    (tmp_path / "rec.dat").write_bytes(np.arange(9_000, dtype=np.int16).tobytes())
    assert len(read_table(tmp_path / "rec.hea").frame) == 9_000
    # Uploaded, both are given.
    files = [((tmp_path / name).read_bytes(), name) for name in ("rec.hea", "rec.dat")]
    assert len(read_files(files)[0].frame) == 9_000


def test_what_archives_hold_is_counted_in_all_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MOST_MEMBERS", 3)
    two = packed({"a.csv": b"t,v\n1,2\n2,3\n", "b.csv": b"t,v\n1,2\n2,3\n"})
    assert len(read_tables(two, "x.zip")) == 2
    with pytest.raises(DataError, match="holds 2 files; expected at most 3 in all"):
        read_tables(packed({"x.zip": two, "y.zip": two}), "z.zip")


def test_files_of_other_columns_are_counted_as_they_are_laid_side_by_side() -> None:
    long = b"t,v\n" + b"1,2\n" * 300_000
    wide = ("t,v," + ",".join(f"c{n}" for n in range(1_900)) + "\n" + ("1,2," + "1," * 1_899 + "1\n") * 4).encode()
    with pytest.raises(DataError, match="would become 300,004 rows of 1,902 columns"):
        shape_tables(read_tables(packed({"a.csv": long, "b.csv": wide}), "x.zip"), ReadSettings())
    many = {
        f"{n}.csv": "".join(f"{c}{n}," for c in "abcde").encode() + b"t\n" + b"1,2,3,4,5,6\n" * 4 for n in range(401)
    }
    with pytest.raises(DataError, match=r"2,006 columns; expected at most 2,000"):
        shape_tables(read_tables(packed(many), "x.zip"), ReadSettings())


@pytest.mark.parametrize(
    "library", ["edfio.read_edf", "wfdb.rdheader", "python_calamine.CalamineWorkbook.from_filelike"]
)
def test_want_of_memory_is_not_told_as_damage(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError

    if library.startswith("python_calamine"):
        monkeypatch.setattr("python_calamine.CalamineWorkbook", SimpleNamespace(from_filelike=broken))
    else:
        monkeypatch.setattr(library, broken)
    content = {
        "e": lambda: edf_file(),
        "w": lambda: wfdb_record("rec 1 100 10\nseg.dat 16 200 16 0 0 0 0 a\n"),
        "p": lambda: of_rows([["t", "v"], [1, 2], [2, 3]]),
    }[library[0]]()
    with pytest.raises(DataError, match="There is not enough memory to open"):
        read_table(content, "pump")


@pytest.mark.parametrize("layers", [budget.MOST_LAYERS, budget.MOST_LAYERS + 1])
def test_archives_in_archives_are_opened_so_deep_and_no_deeper(layers: int) -> None:
    content = nested(layers)
    if layers == budget.MOST_LAYERS:
        assert len(read_table(content, "a.zip").frame) == 2
        return
    with pytest.raises(DataError, match="lies in archives within archives"):
        read_table(content, "a.zip")


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (MemoryError(), "There is not enough memory to open pump"),
        (pa.ArrowMemoryError("malloc of size 9 failed"), "There is not enough memory to open pump"),
        (RecursionError(), "pump is nested too deeply"),
        (pa.ArrowInvalid("two\nlines"), r"pump cannot be read \(two\): expected a sound file"),
    ],
)
def test_what_memory_depth_and_libraries_break_off_with_is_one_sentence(
    raised: BaseException, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise raised

    for reader in ("read_csv", "read_json"):
        monkeypatch.setattr(f"anomaly.reading.formats.files.{reader}", broken)
    for content in (b"t,v\n1,2\n", b'[{"a": 1}]'):
        with pytest.raises(DataError, match=said):
            read_table(content, "pump")


FRAME = pd.DataFrame({
    "t": pd.date_range("2025-01-01", periods=300, freq="s"), "v": np.arange(300) / 7, "n": np.arange(300) % 5,
    "word": ["on", "off", None] * 100, "kind": pd.Categorical(["a", "b", "c"] * 100), "is": [True, False] * 150,
})  # fmt: skip


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
@pytest.mark.parametrize("chunk", [7, 300])
def test_the_size_that_headers_tell_is_the_one_that_is_read(compression: str, chunk: int) -> None:
    FRAME.to_feather(buffer := io.BytesIO(), compression=compression, chunksize=chunk)
    table = feather.read_table(pa.BufferReader(buffer.getvalue()))
    told = tell_size(buffer.getvalue())
    assert told.rows == len(FRAME)
    # Each buffer may end on a boundary of 64 bytes.
    assert table.get_total_buffer_size() * 0.5 <= told.bytes <= table.get_total_buffer_size() + 64 * 40 * len(FRAME)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_headers_are_told_in_one_sentence(data: st.DataObject) -> None:
    FRAME.to_feather(buffer := io.BytesIO(), compression="lz4")
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(max(0, len(content) - 1_500), len(content) - 11))
        content[place] = data.draw(st.integers(0, 255))
    try:
        read_table(bytes(content), "pump.feather")
    except DataError as error:
        assert "\n" not in str(error)


def test_folded_columns_are_read_as_if_each_cell_stood_by_itself() -> None:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 5, 6], pa.int32()), pa.array(["a", None, "b"]))
    table = pa.table({
        "v": pa.RunEndEncodedArray.from_arrays(pa.array([4, 6], pa.int32()), pa.array([1.5, 2.5])), "word": runs,
        "kind": pa.array(list("xyxyxy")).dictionary_encode(), "view": pa.array(list("uvuvuv")).cast(pa.string_view()),
        "code": pa.DictionaryArray.from_arrays([0, 1, 0, 1, 0, None], [7, 8]),
    })  # fmt: skip
    frame = read_table(arrow(table), "pump.arrow").frame
    assert frame["v"].tolist() == [1.5] * 4 + [2.5] * 2
    assert frame["word"].fillna("").tolist() == ["a", "a", "", "", "", "b"]
    assert (frame["kind"] + frame["view"]).tolist() == ["xu", "yv"] * 3
    assert frame["code"].tolist()[:5] == [7, 8, 7, 8, 7] and np.isnan(frame["code"][5])
