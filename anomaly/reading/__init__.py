"""Files, uploads and bytes -> tables."""

import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from anomaly.exceptions import DataError
from anomaly.reading import archives, columnar, spreadsheets
from anomaly.reading.csv import read_csv
from anomaly.reading.json import looks_like_json, read_json
from anomaly.reading.table import Table, load
from anomaly.settings import FILE_ENDINGS

__all__ = ["Source", "Table", "read_files", "read_table", "read_tables"]

Source = str | Path | bytes
WFDB_HEADER, WFDB_PARTS = ".hea", (".dat", ".atr", ".qrs", ".ann")
EDF = (b"0       ", b"\xffBIOSEMI")


def read_table(source: Source, name: str | None = None) -> Table:
    """The cells of a file (a path) or of its bytes (then `name` is what to call it), which hold one table."""
    tables = read_tables(source, name)
    if len(tables) > 1:
        raise DataError(f"{tables[0].name} and {len(tables) - 1} more tables came from one file: expected one.")
    return tables[0]


def read_tables(source: Source, name: str | None = None) -> list[Table]:
    """As `read_table`; a zip archive holds a table for each of its files, a workbook one for each of its sheets."""
    return read_files([(source, name)])


def read_files(files: Sequence[tuple[Source, str | None]]) -> list[Table]:
    """As `read_tables`, of several files and what to call them. Those that belong together are read together: a WFDB
    header with its signals and annotations, beside it in the list or in its folder."""
    called = [str(source) if name is None and not isinstance(source, bytes) else name or "" for source, name in files]
    headers = {Path(name).stem for name in called if _is_header(name)}
    tables: list[Table] = []
    for (source, name), whole in zip(files, called, strict=True):
        if _is_header(whole):
            parts = {
                Path(other_name).name: load(other, other_name)[0]
                for (other, _), other_name in zip(files, called, strict=True)
                if Path(other_name).stem == Path(whole).stem
            }
            parts |= {} if isinstance(source, bytes) else _parts_in_folder(Path(source))
            import anomaly.reading.waveforms as waveforms

            tables.append(waveforms.read_wfdb(parts, Path(whole).name))
        elif Path(whole).stem not in headers or not whole.lower().endswith(WFDB_PARTS):
            content, short = load(source, name)
            if content.startswith(archives.GZIP):
                content, short = archives.unpack_gzip(content, short), _inner_name(short)
            tables += _read(content, short)
    return tables


def _is_header(name: str) -> bool:
    return name.lower().endswith(WFDB_HEADER)


def _parts_in_folder(header: Path) -> dict[str, bytes]:
    """The header and the files beside it that are called alike."""
    try:
        return {path.name: path.read_bytes() for path in sorted(header.parent.iterdir()) if path.stem == header.stem}
    except OSError:
        return {header.name: load(header, None)[0]}


def _read(content: bytes, name: str) -> list[Table]:
    if spreadsheets.looks_like_workbook(content):
        return spreadsheets.read_workbook(content, name)
    if content.startswith(archives.ZIP):
        if _is_npz(content):
            return [columnar.read_numpy(content, name)]
        return read_files(archives.unpack_zip(content, name))
    if content.startswith(EDF):
        import anomaly.reading.waveforms as waveforms

        return [waveforms.read_edf(content, name)]
    for magic, read in (
        (columnar.PARQUET, columnar.read_parquet),
        (columnar.ARROW, columnar.read_feather),
        (columnar.FEATHER, columnar.read_feather),
        (columnar.NUMPY, columnar.read_numpy),
    ):
        if content.startswith(magic):
            return [read(content, name)]
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
