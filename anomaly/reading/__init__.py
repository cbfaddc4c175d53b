"""Files -> Dataset: bytes to tables, times, records, the role of each column, and repairs.

In: paths, uploads or bytes. Out: a `Dataset` that lists its repairs; a line on every column.
Begin in `formats/files.py`, which makes tables of bytes (a module per format; the decimal sign, the German comma too,
is in `formats/delimited/numerals.py`), then `assembly.py`: `times/`, `records/` (long tables to wide ones, whose rows
these are), `columns/` (roles: time, channel, label; kinds), `cleaning.py` (repairs), `sampling.py` (uneven steps).
`opening.py`: all of it for a page, in a process of its own (`apart/`). `vocabulary/`: words for columns, units, months.
Beside them `labelling.py` (known anomalies), `demos.py`, `synthetic.py`, `catalogue.py` (public data).
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.reading import catalogue
    from anomaly.reading.apart.asking import prepare_reader, read_apart
    from anomaly.reading.assembly import assemble
    from anomaly.reading.catalogue import Entry
    from anomaly.reading.columns.inspection import ROLES, inspect_columns, inspect_records
    from anomaly.reading.columns.kinds import kinds_among
    from anomaly.reading.columns.states import tells
    from anomaly.reading.demos import DEMOS, Demo
    from anomaly.reading.formats.files import Source, read_files, read_table
    from anomaly.reading.formats.table import Table
    from anomaly.reading.labelling import label_dataset
    from anomaly.reading.opening import Look, Opening, look_again, look_at, open_labels, open_like, open_upload
    from anomaly.reading.sampling import SINCE, find_breaks, find_outages
    from anomaly.reading.synthetic import demo_csv


__getattr__, __all__ = open_face(__name__, __file__)
