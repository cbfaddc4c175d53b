"""Column names: the words that tell a column's role."""

import re
from collections.abc import Collection

TIME_NAMES = (
    "time",
    "timestamp",
    "datetime",
    "date",
    "date_time",
    "ts",
    "seconds",
    "step",
    "index",
    "t",
    "epoch",
    "unix",
    "charttime",
    "storetime",
    "zeit",
    "datum",
    "uhrzeit",
    "zeitstempel",
    "horodatage",
    "fecha",
)
MOMENT_NAMES = {
    *TIME_NAMES,
    "ms",
    "uptime",
    "elapsed",
    "clock",
    "millis",
    "micros",
    "secs",
    "sec",
    "unixtime",
    "tick",
    "ticks",
    "milliseconds", "microseconds", "nanoseconds", "minutes", "hours", "days", "datenum", "jd", "mjd", "julian",
    "serial", "excel", "posix", "monotonic", "tow", "utc", "gmt",
}  # fmt: skip
"""words of columns that may tell the time once more"""
EPOCH_NAMES = {
    *MOMENT_NAMES,
    "at",
    "created",
    "updated",
    "received",
    "recorded",
    "measured",
    "logged",
    "sent",
    "taken",
    "dt",
    "utc",
    "utime",
    "nanos",
    "moment",
    "changed",
    "start",
    "begin",
}
"""words of columns of numbers that may count from 1970"""
CYCLE_NAMES = ("cycle", "cycles", "zyklus", "takt")
"""what counts the time where nothing else tells it"""
HOUR_NAMES = ("hour", "hr", "hh", "stunde", "std", "hora", "heure")
CLOCK_NAMES = (*HOUR_NAMES, "time", "clock", "hhmm", "hhmmss", "uhrzeit", "zeit")
"""what times of day are called that are written as numbers"""
OTHER_DAYS = {"birth", "dob", "born", "geburtsdatum", "geburtstag", "admission", "admitted", "aufnahme", "discharge"}
"""words of a date that is no time of measurement"""
COUNTER_NAMES = (
    "",
    "index",
    "id",
    "nr",
    "no",
    "row",
    "number",
    "idx",
    "unnamed",
    "column",
    "record",
    "sample",
    "samples",
    "packet",
    "frame",
    "seq",
    "sequence",
    "line",
    "entry",
    "counter", "num", "nummer", "lfd", "lfdnr", "zeile", "rownum", "rowid", "obs", "scan", "pk", "numero", "número",
    "numéro", "ligne", "fila", "riga",
)  # fmt: skip
"""what a column of row numbers is called"""
RECORD_NAMES = (
    "record",
    "patient",
    "subject",
    "unit",
    "machine",
    "device",
    "series",
    "stay",
    "id",
    "engine",
    "asset",
    "mrn",
    "encounter",
    "case",
    "bed",
    "fallnummer",
    "patientennummer",
    "pat",
    "maschine",
    "serial",
    "seriennummer",
)
VARIABLE_NAMES = (
    "variable", "parameter", "param", "item", "itemid", "measure", "measurement", "metric", "sensor", "signal",
    "channel", "tag", "tagname", "attribute", "observation", "vital", "analyte", "quantity", "feature", "label", "name",
    "test", "code", "messgröße", "messgroesse", "messstelle", "kanal", "var", "varname", "field", "point", "entity",
    "datapoint", "pointname", "itemname", "element", "datatype", "pollutant", "species", "characteristic", "measurand",
    "determinand", "topic", "key", "oid", "obis", "register", "messpunkt", "datenpunkt", "kenngröße", "kenngroesse",
    "bezeichnung", "größe", "groesse", "komponente", "schadstoff", "tagid", "property", "propertyid",
    "paramètre", "parametre", "grandeur", "señal",
)  # fmt: skip
"""what the column that names what was measured is called, in a table of a row for each measurement"""
VALUE_NAMES = (
    "value", "values", "val", "valuenum", "reading", "result", "amount", "wert", "messwert", "varvalue", "state",
    "payload", "ergebnis", "valor", "valeur", "waarde", "datavalue", "resultvalue", "floatvalue",
    "presentvalue",
)  # fmt: skip
UNIT_NAMES = ("unit", "units", "uom", "valueuom", "einheit", "unité", "unidad", "eenheid")
JOINT = " / "
"""between the columns, and the names, of a record that several columns name together"""
RECORD_ENDS = (*RECORD_NAMES, "nr", "no", "number", "name", "key", "code")
LABEL_NAMES = ("label", "labels", "is_anomaly", "anomaly", "is_outlier")


STAMP_FORM = re.compile(
    r"(y{2}|y{4}|j{4}|a{4})[ ._/-]?mm[ ._/-]?(dd|tt|jj)[T ._-]?(hh([:._-]?(mm|mi|nn)([:._-]?ss)?)?)?"
)


def names_stamp(column: str) -> bool:
    """Whether a column is called by the form of its time stamps: YYYYMMDDHH."""
    return STAMP_FORM.fullmatch(column.strip().lower()) is not None


def names_records(column: str) -> bool:
    """Whether a column is called as what tells records apart: "patient id", "unit nr" and "hadm_id" are; "machine
    temperature" and "patient_heart_rate" are not."""
    words = words_of(column)
    return bool(set(words) & set(RECORD_NAMES)) and words[-1] in RECORD_ENDS


def parts_of(column: str | None, columns: Collection[str]) -> list[str]:
    """The columns that name a record together; none where a column names it alone."""
    parts = (column or "").split(JOINT)
    return parts if len(parts) > 1 and all(part in columns for part in parts) else []


def names_counter(column: str) -> bool:
    """Whether a column is called as one of row numbers: "", "Unnamed: 0" and "column_1" are."""
    return column.strip() == "" or all(word in COUNTER_NAMES or word.isdigit() for word in words_of(column)[1:])


def names_other_day(column: str) -> bool:
    """Whether a column is called as a date of birth or admission: no time of measurement."""
    return bool(set(words_of(column)) & OTHER_DAYS)


def words_of(column: str) -> list[str]:
    """The words of a column's name, in lower case: "Patient ID", "patient_id" and "PatientID" -> patient, id."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    # The name whole as well: "TimeStamp" and "date_time" are in the lists as they stand.
    return [column.strip().lower(), *re.findall(r"[^\W_]+", apart.lower())]
