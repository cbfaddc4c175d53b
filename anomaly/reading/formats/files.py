"""Files, uploads and bytes -> tables."""

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from anomaly.domain import FILE_ENDINGS, DataError, Repair
from anomaly.reading.formats import archives, columnar, strangers
from anomaly.reading.formats.budget import add_given, in_one_sentence, one_layer_down, within_budget
from anomaly.reading.formats.delimited.csv import read_csv
from anomaly.reading.formats.delimited.dialect import in_utf8
from anomaly.reading.formats.json import looks_like_json, read_json
from anomaly.reading.formats.spreadsheets import workbook as spreadsheets
from anomaly.reading.formats.table import Table, load

__all__ = ["Source", "Table", "read_files", "read_table", "read_tables"]

Source = str | Path | bytes
WFDB_HEADER, WFDB_PARTS = ".hea", (".dat", ".atr", ".qrs", ".ann")
EDF = (b"0       ", b"\xffBIOSEMI")
MAGIC = (*EDF, archives.GZIP, archives.ZIP, spreadsheets.OLE2, columnar.PARQUET, columnar.ARROW, columnar.FEATHER,
         columnar.NUMPY)  # fmt: skip
"""first bytes of known formats: such a file is data, damaged or not"""


def read_table(source: Source, name: str | None = None) -> Table:
    """The cells of a file (a path) or of its bytes (then `name` is what to call it), which hold one table."""
    tables = read_tables(source, name)
    if len(tables) > 1:
        raise DataError(
            f"{tables[0].name} and {len(tables) - 1} more tables came from one file: expected one. "
            "Give the file with that table alone."
        )
    return tables[0]


def read_tables(source: Source, name: str | None = None) -> list[Table]:
    """As `read_table`; a zip archive holds a table for each of its files, a workbook one for each of its sheets."""
    return read_files([(source, name)])


def read_files(files: Sequence[tuple[Source, str | None]]) -> list[Table]:
    """As `read_tables`, of several files and what to call them. Those that belong together are read together: a WFDB
    header with its signals and annotations, beside it in the list or in its folder."""
    given = sum(len(source) if isinstance(source, bytes) else _size(source) for source, _ in files)
    with within_budget(given):
        return _read_all(files, _read)


def _size(path: str | Path) -> int:
    """Zero where there is none, which is said when it is read."""
    try:
        return Path(path).stat().st_size
    except (OSError, ValueError):
        return 0


def _read_all(files: Sequence[tuple[Source, str | None]], read_one: Callable[[bytes, str], list[Table]]) -> list[Table]:
    called = [str(source) if name is None and not isinstance(source, bytes) else name or "" for source, name in files]
    given = {Path(whole).name: one for one, whole in zip(files, called, strict=True)}
    records = {
        place: _collect_record(whole, source, given)
        for place, ((source, _), whole) in enumerate(zip(files, called, strict=True))
        if _is_header(whole)
    }
    # What one record is made of is no table of its own: the header of a segment is that of no record either.
    parts = {part for place, record in records.items() for part in record if part != Path(called[place]).name}
    stems = {Path(called[place]).stem for place in records}
    tables: list[Table] = []
    for place, ((source, name), whole) in enumerate(zip(files, called, strict=True)):
        short = Path(whole).name
        if short in parts or (Path(whole).stem in stems and short.lower().endswith(WFDB_PARTS)):
            continue
        with in_one_sentence(short):
            if place in records:
                import anomaly.reading.formats.waveforms.wfdb as wfdb

                tables.append(wfdb.read_wfdb(records[place], short))
                continue
            content, stem = load(source, name)
            if content.startswith(archives.GZIP):
                content, stem = archives.unpack_gzip(content, stem), _inner_name(stem)
            elif short.lower().endswith(WFDB_PARTS):
                strangers.refuse_lone_part(content, stem, Path(whole).suffix)
            tables += read_one(content, stem)
    return tables


def _read_zip(content: bytes, name: str) -> list[Table]:
    """The tables of the files in an archive; of those, a manual or a licence among them holds none, and is named."""
    members, passed = archives.unpack_zip(content, name), []

    def read_or_pass(member: bytes, short: str) -> list[Table]:
        try:
            tables = _read(member, short)
        except DataError:
            if not _is_prose(member):
                raise
            tables = []
        if any(len(table.frame.select_dtypes("number").columns) for table in tables):
            return tables
        passed.append(next((whole for _, whole in members if Path(whole).stem == short), short))
        return []

    tables = _read_all(members, read_or_pass)
    if not tables:
        return read_files(members)
    if passed:
        holds = "holds" if len(passed) == 1 else "hold"
        note = Repair(f"{name}: {', '.join(map(repr, passed))} {holds} no table: passed over", len(passed))
        tables[0] = replace(tables[0], repairs=(*tables[0].repairs, note))
    return tables


def _is_prose(content: bytes) -> bool:
    """Whether a file is no data that is damaged: of no known format, and few of its lines hold a number."""
    if content.startswith(MAGIC) or looks_like_json(content):
        return False
    try:
        lines = [line for line in in_utf8(content, "").decode(errors="replace").splitlines() if line.strip()]
    except DataError:
        return True
    return sum(any(word[:1].isdigit() for word in re.split(r"[\s,;|]+", line)) for line in lines) < 0.5 * len(lines)


def _is_header(name: str) -> bool:
    return name.lower().endswith(WFDB_HEADER)


def _collect_record(header: str, source: Source, given: Mapping[str, tuple[Source, str | None]]) -> dict[str, bytes]:
    """The files of a record, from the folder of its header or from those that were given along with it."""
    import anomaly.reading.formats.waveforms.wfdb as wfdb

    def find(name: str) -> bytes | None:
        if not isinstance(source, bytes) and (beside := Path(source).with_name(name)).is_file():
            content = load(beside, name)[0]
            add_given(0 if name in given else len(content))
            return content
        return load(*given[name])[0] if name in given else None

    return wfdb.collect_record(find, Path(header).name)


def _read(content: bytes, name: str) -> list[Table]:
    if spreadsheets.looks_like_workbook(content):
        return spreadsheets.read_workbook(content, name)
    if content.startswith(archives.ZIP):
        if _is_npz(content):
            return [columnar.read_numpy(content, name)]
        with one_layer_down(name):
            return _read_zip(content, name)
    if content.startswith(EDF):
        import anomaly.reading.formats.waveforms.edf as edf

        return [edf.read_edf(content, name)]
    for magic, read in (
        (columnar.PARQUET, columnar.read_parquet),
        (columnar.ARROW, columnar.read_feather),
        (columnar.FEATHER, columnar.read_feather),
        (columnar.NUMPY, columnar.read_numpy),
    ):
        if content.startswith(magic):
            return [read(content, name)]
    strangers.refuse_document(content, name)
    return [read_json(content, name) if looks_like_json(content) else read_csv(content, name)]


def _inner_name(name: str) -> str:
    """ "pump.csv", what is left of "pump.csv.gz", as "pump"."""
    return Path(name).stem if Path(name).suffix.lstrip(".").lower() in FILE_ENDINGS else name


def _is_npz(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)
