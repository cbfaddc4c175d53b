"""Files -> Dataset: bytes to tables, which column is what, times, records, and what was repaired on the way.

In: paths, uploads or bytes. Out: a `Dataset` that lists its repairs; a look at every column.
Begin in `assembly.py`, which takes tables (`formats/files.py` opens them) through all rooms in order: `vocabulary/`
(words for columns, units, months), `formats/` (a module a family; how numbers are written, decimal comma and all,
in `formats/delimited/numerals.py`), `times/`, `columns/` (what each is: time, channel, label), `records/` (long to
wide, who is who), then `cleaning.py` and `sampling.py`. Beside them known anomalies from a file, demonstrations,
public data.
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.reading import catalogue
    from anomaly.reading.assembly import assemble, assemble_shaped, shape_tables, sheets_of
    from anomaly.reading.catalogue import Entry
    from anomaly.reading.columns.inspection import ROLES, inspect_columns, inspect_records
    from anomaly.reading.formats.files import Source, read_files, read_table
    from anomaly.reading.formats.table import Table
    from anomaly.reading.labelling import label_dataset
    from anomaly.reading.sampling import SINCE, find_breaks, find_outages
    from anomaly.reading.synthetic import DEMOS, Demo, demo_csv


__getattr__, __all__ = open_face(__name__, __file__)
