"""Exports of every device, damaged: each is read, or refused with one sentence, within seconds.

`ANOMALY_DAMAGED_FILES=2000 pytest tests/reading/devices/test_damaged_exports.py` tries as many; the suite a few.
"""

import os
import random
import time
import warnings

import anomaly
from anomaly.domain.exceptions import AnomalyError
from tests.reading.devices.test_devices import EXPORTS

FILES = int(os.environ.get("ANOMALY_DAMAGED_FILES", "50"))
SLOW = 20.0
"""seconds, on a machine that does much else"""
CONTENTS = [export.content for export in EXPORTS.values()]
NASTY = (
    "\0", "\ufeff", '"', "'", "\n\n", "\r", ",", ";", "\t", "|", "=1+1", "<b>", "1e400", "-inf", "NaN", "0000-00-00",
    "9999-12-31", "99999999999999999999", "-99999999999999999999", "1677628860000", "\u202e", "\U0001f4a5", "{", "[]",
    "#", "%", "--", "----+----", " - ", "T24:00:00Z", "32.13.2023 25:61", "[65]", "$1", "12:00:00AM", "GiB", "on",
)  # fmt: skip


def damage(content: str, chance: random.Random) -> str:
    """One fault of those that copying, editing and transmitting make."""
    content = content or " "
    rows = content.split("\n")
    place = chance.randrange(len(content) + 1)
    match chance.randrange(11):
        case 0:
            return content[:place]
        case 1:
            chance.shuffle(rows)
            return "\n".join(rows)
        case 2:
            return content.replace(chance.choice(",;\t| "), chance.choice(",;\t| "))
        case 3:
            other = chance.choice(CONTENTS)
            return content[:place] + other[chance.randrange(len(other)) :]
        case 4:
            del rows[chance.randrange(len(rows)) :: chance.randrange(2, 9)]
            return "\n".join(rows)
        case 5:
            return content.replace(chance.choice("0123456789.:-\"'"), chance.choice(NASTY))
        case 6:
            cells = [row.split(",") for row in rows]
            return "\n".join(",".join(row[: chance.randrange(1, 9)]) for row in cells)
        case 7:
            at = chance.randrange(len(rows))
            return "\n".join(rows[at:] + rows[:at])
        case 8:
            return "\n".join(chance.choice(rows) for _ in rows)
        case 9:
            return content[place:]
        case _:
            return content[:place] + chance.choice(NASTY) + content[place:]


def encode(content: str, chance: random.Random) -> bytes:
    """In one encoding, or in one that changes on the way."""
    if chance.random() < 0.7:
        return content.encode("utf-8", "replace")
    place = chance.randrange(len(content) + 1)
    one, other = (chance.choice(["utf-8", "cp1252", "utf-16", "utf-16-be", "latin-1"]) for _ in range(2))
    return content[:place].encode(one, "replace") + content[place:].encode(other, "replace")


def test_a_damaged_export_is_a_dataset_or_one_sentence() -> None:
    for number in range(FILES):
        chance = random.Random(number)
        content = chance.choice(CONTENTS)
        for _ in range(chance.randint(1, 3)):
            content = damage(content, chance)
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                dataset = anomaly.read(encode(content, chance), name="export.csv")
                assert dataset.steps >= 2 and all(len(one.values) == len(one.times) for one in dataset.series)
            except AnomalyError as error:
                assert "\n" not in str(error).strip() and "Traceback" not in str(error), number
            except Exception as error:
                raise AssertionError(f"file {number}") from error
        assert time.perf_counter() - start < SLOW, number
