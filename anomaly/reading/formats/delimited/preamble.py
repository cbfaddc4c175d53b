"""What lines above a table say of it: when it starts, how often it was measured, in which unit; or its first two rows,
of which one is the start and one the rate."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from anomaly.reading.formats.table import Told
from anomaly.reading.vocabulary.preamble_words import (
    CLOCK_KEY,
    DATE_KEY,
    INTERVAL_KEY,
    OTHER_MOMENT,
    PER_ROW,
    RATE_KEY,
    SECONDS_IN,
    START_KEY,
    UNIT_KEY,
)
from anomaly.reading.vocabulary.units import UNIT

PAIR = re.compile(r"(?P<key>[^:=,;\t|]*[^\W\d_][^:=,;\t|]*?)\s*(?:[:=,;\t|]|\s{2,})\s*(?P<value>\S.*)")
SPACED = re.compile(r"(?P<key>\D*?[^\W\d]\)?)\s+(?P<value>[-+\d.].*)")
HOURS_FORM = re.compile(r"\s*[(\[]h+:m+(?::s+)?[)\]]")
"""of a key, how the duration behind it is written"""
IN_KEY = re.compile(r"\s*[\[(]([^\])]*)[\])]\s*$")
AMOUNT = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\W\d_]*(?:/[^\W\d_]+)?|1/s|/s)(?![\w.:])"
)
DURATION = re.compile(r"(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?\s*$")
DAY = r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d\d)\b|\d{1,2}[ -][A-Za-z]{3,9}[ ,-]+\d{4})"
CLOCK = r"\d{1,2}:\d{1,2}(?::\d{1,2}(?:[.,]\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?(?:\s?(?:Z|UTC|[+-]\d\d:?\d\d))?"
STAMP = re.compile(rf"(?P<day>{DAY})(?:(?:[T ,;\t]|\sat\s)\s*(?P<clock>{CLOCK}))?|(?P<alone>{CLOCK})")
EPOCH = re.compile(r"\d{9,10}(?:\.\d+)?|\d{13}|\d{16}|\d{19}")
IN_PASSING = re.compile(r"(?:\bat\s+|@\s*|,\s*)(\d+(?:\.\d+)?)\s*(Hz|kHz|sps|samples per second)\b", re.IGNORECASE)
ORDER = re.compile(r"date format:?\s*([Md])", re.IGNORECASE)
FULL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?")
MAINS = (1 / 50, 1 / 60)
FASTEST, SLOWEST = 1e-6, 31_622_400.0
"""seconds from row to row"""
FAR, FAR_BELOW = 30, 100
"""rows above a table that are looked at; times that a start, counted from 1970, is more than any value below it"""


def read_preamble(lines: Sequence[str]) -> Told | None:
    """What the lines above a table tell; None where they tell neither a rate nor a start, nor a unit."""
    found: dict[str, str] = {}
    steps: dict[int, tuple[float, str]] = {}
    for line in lines:
        for key, value in _pairs(line):
            part, rank, step = _read_pair(key, value)
            if step is not None:
                steps.setdefault(rank, (step, f"{key.strip()} {value.strip()}"[:60]))
            elif part:
                found.setdefault(part, value)
        passing = IN_PASSING.search(line)
        if passing and (step := _rate(passing[1], passing[2])):
            steps.setdefault(9, (step, passing[0].strip(" ,@")))
    step, shown = steps[min(steps)] if steps else (0.0, "")
    order = next((match[1] for line in lines if (match := ORDER.search(line))), "")
    start = _start(found) or (_only_stamp(lines) if step else "")
    first: Literal["day", "month"] | None = "month" if order == "M" else "day" if order == "d" else None
    told = Told(start, step, found.get("unit", ""), shown, first)
    return told if told.start or told.step or told.unit else None


def is_told(row: Sequence[str]) -> bool:
    """Whether a row but says when a table starts or how often it was measured: a key, and a value to it."""
    cells = [cell for cell in row if cell.strip()]
    if not 0 < len(cells) <= 3 or row[0].lstrip().startswith("{"):
        return False
    return any(
        step is not None or part in ("start", "start day", "start clock")
        for key, value in _pairs("\t".join(cells))
        for part, _, step in [_read_pair(key, value)]
    )


def is_pair(row: Sequence[str]) -> bool:
    """Whether a row is some key and its value, or a line."""
    text = "\t".join(cell for cell in row if cell.strip())
    return not re.search(r"\w", text) or any(True for _ in _pairs(text))


def read_first_rows(rows: Sequence[Sequence[str]]) -> Told | None:
    """The start and the rate, where they are the first two values of each column; None where they are values."""
    if len(rows) < 4:
        return None
    (start, *starts), (rate, *rates) = ([cell.strip() for cell in row] for row in rows[:2])
    if any(cell != start for cell in starts) or any(cell != rate for cell in rates):
        return None
    values = [number for row in rows[2:] for cell in row if (number := _number(cell.replace(",", "."))) is not None]
    step = _rate(rate, "Hz")
    is_day = bool(FULL.match(start.replace("/", "-")))
    if not values or not step or not (is_day or EPOCH.fullmatch(start)):
        return None
    if not is_day and max(map(abs, values)) * FAR_BELOW > float(start):
        return None
    return Told(start, step, "", f"{start} and {rate} in the first two rows")


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    """The keys of a line and their values."""
    text = HOURS_FORM.sub("", line).strip().lstrip("#%/*;'-! ").replace('"', "").strip(" ,;\t-")
    if "{" in line:
        yield from _json_pairs(line)
        return
    for chunk in dict.fromkeys([text, *re.split(r"[,;\t|]\s*", text)]):
        for form in (PAIR, SPACED):
            if match := form.fullmatch(chunk):
                yield match["key"].strip(), match["value"].strip()


def _json_pairs(line: str) -> Iterator[tuple[str, str]]:
    try:
        waiting = [json.loads(line[line.index("{") :])]
    except (ValueError, RecursionError):
        return
    while waiting:
        one = waiting.pop()
        for key, value in one.items() if isinstance(one, dict) else []:
            if isinstance(value, dict):
                waiting.append(value)
            elif isinstance(value, str | int | float):
                yield str(key), str(value)


def _read_pair(key: str, value: str) -> tuple[str, int, float | None]:
    """What a pair tells, how much it is to be preferred, and the seconds from row to row."""
    in_key = IN_KEY.search(key)
    words = " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", IN_KEY.sub("", key)))).lower()
    unit = in_key[1] if in_key else ""
    if (per := PER_ROW.fullmatch(words)) and (step := _interval(value, per[1])):
        return "", 0, step
    if INTERVAL_KEY.fullmatch(words) and (step := _interval(value, unit)):
        return "", 0, step
    if (rank := RATE_KEY.fullmatch(words)) and (step := _interval(value, unit) or _rate_of(value, unit)):
        # What a mains plug has is no rate of measurement.
        is_mains = words.startswith(("freq", "frek")) and any(abs(step - one) < 1e-9 for one in MAINS)
        return ("", 9, None) if is_mains else ("", 1 if rank[1] else 2, step)
    if UNIT_KEY.fullmatch(words) and UNIT.fullmatch(value):
        return "unit", 0, None
    if OTHER_MOMENT.search(words) or not (STAMP.match(value) or EPOCH.fullmatch(value)):
        return "", 0, None
    stamp = STAMP.match(value)
    if START_KEY.fullmatch(words):
        kind = "" if stamp is None or stamp["clock"] else " clock" if stamp["alone"] else " day"
        return f"start{kind}", 0, None
    if DATE_KEY.fullmatch(words):
        return "day" if stamp is None or not stamp["alone"] else "clock", 0, None
    return ("clock" if CLOCK_KEY.fullmatch(words) and stamp is not None else ""), 0, None


def _start(found: dict[str, str]) -> str:
    """The text of the moment that the first row was measured."""
    if "start" in found:
        return _stamp(found["start"])
    day = found.get("start day") or found.get("day", "")
    clock = found.get("start clock") or found.get("clock", "")
    written = _stamp(day)
    match = STAMP.match(written)
    if not written or (match and match["clock"]) or not clock:
        return written
    return f"{written} {_stamp(clock)}"


def _stamp(value: str) -> str:
    if EPOCH.fullmatch(value):
        return value
    match = STAMP.match(value)
    if match is None:
        return ""
    # "9:5:0" is how programs write it that count, not people.
    clock = re.sub(r"(?<![\d.,])(\d)(?=[:.,]|$)", r"0\1", match["alone"] or match["clock"] or "")
    return f"{match['day'] or ''} {clock}".strip()


def _only_stamp(lines: Sequence[str]) -> str:
    """The only whole time stamp of lines that speak of no other moment."""
    own = [line for line in lines if not OTHER_MOMENT.search(line.lower())]
    stamps = {match[0] for line in own for match in FULL.finditer(line)}
    return next(iter(stamps)) if len(stamps) == 1 else ""


def _interval(value: str, unit: str) -> float | None:
    if match := DURATION.match(value):
        hours, minutes, seconds = int(match[1]), int(match[2]), float(match[3] or 0)
        if match[3] is None and unit.lower() in ("mm:ss", "min:s", "m:s"):
            hours, minutes, seconds = 0, hours, minutes
        return _sound(3_600.0 * hours + 60.0 * minutes + seconds)
    match = AMOUNT.match(value)
    size = SECONDS_IN.get((match["unit"] or unit).lower()) if match else None
    if match and not match["unit"] and not unit and float(match["number"].replace(",", ".")) < 1:
        size = 1.0  # whoever writes less than 1 without a unit counts seconds
    return _sound(float(match["number"].replace(",", ".")) * size) if match and size else None


def _rate_of(value: str, unit: str) -> float | None:
    match = AMOUNT.match(value)
    return _rate(match["number"].replace(",", "."), match["unit"] or unit or "Hz") if match else None


def _rate(number: str, unit: str) -> float | None:
    """Seconds from row to row at a rate; None where it is none."""
    times = {"khz": 1e3, "ksps": 1e3, "mhz": 1e6, "/min": 1 / 60, "samples/min": 1 / 60, "cpm": 1 / 60}
    known = unit.lower() in times or re.fullmatch(
        r"hz|hertz|sps|1?/s(ec)?|s/s|sa/s|samples?(/s(ec)?| per second)?|scans?/s(ec)?|frames?/s(ec)?|fps|pts/s",
        unit.lower(),
    )
    rate = _number(number)
    return _sound(1 / (rate * times.get(unit.lower(), 1.0))) if known and rate and rate > 0 else None


def _sound(step: float) -> float | None:
    return step if FASTEST <= step <= SLOWEST else None


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
