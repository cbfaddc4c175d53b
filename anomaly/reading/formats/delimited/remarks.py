"""A last column of remarks, which some programs write in those rows alone that have one."""

import csv
import io
from collections.abc import Sequence

import pyarrow.csv as arrow_csv

from anomaly.reading.formats.delimited.figures import is_figure

REMARK = "comment"
LOOKED_AT = 100


def has_remarks(ragged: Sequence[arrow_csv.InvalidRow], rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Whether rows of another length, one cell shorter or longer, differ from the others by a remark at their end.

    `rows`: of the sample, of any length.
    """
    lengths = {row.actual_columns - row.expected_columns for row in ragged[: LOOKED_AT * LOOKED_AT]}
    if lengths == {1}:
        cells = [
            next(csv.reader([row.text], delimiter=delimiter))[-1] for row in ragged[:LOOKED_AT] if row.text.strip()
        ]
    elif lengths == {-1}:
        cells = [row[-1] for row in rows if len(row) == ragged[0].expected_columns]
        if len(cells) == 1 and len(ragged) >= LOOKED_AT // 5:
            return True  # the number of the device, say, in the first row alone
    else:
        return False
    words = [cell for cell in cells if cell.strip()]
    return bool(words) and not any(map(is_figure, words))


def fill_up(body: bytes, delimiter: str, width: int) -> bytes:
    """The rows with an empty cell where one of them has no remark."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    for row in csv.reader(io.StringIO(body.decode("utf-8", errors="replace"), newline=""), delimiter=delimiter):
        writer.writerow([*row, ""] if len(row) == width - 1 else row)
    return out.getvalue().encode()
