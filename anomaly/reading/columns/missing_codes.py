"""Numbers that mean missing, such as -999, 255 or 65535: recognised by lying far from all that was measured.

Nines alone are no measurement where they lie so far away that nothing between was ever measured, twice at least. The
ends of what a device can write (127, 255, 32767, 65535, also in tenths and hundredths), -1 and 1e30 are measurements
elsewhere. They count as missing only where all of this holds:

- nothing comes near them: they are further from the nearest other value than the others are from each other, from the
  least to the most. A converter that is driven to its limit, or a count that rises to it, has values on the way. -1
  may be nearer, where nothing else is negative or 0;
- they come in runs, as a sensor that is taken off does: most beside another, and three on end at least;
- the others are several, and the code is not most of the channel: else it is one of two states.
  What arrays are filled with, and -1 where all else lies far above 0, may stand alone, if it stands there again.

0 is what a machine shows that stands still, and a sensor that fails: the anomaly that is looked for. It is missing
only in a quantity that cannot be 0 while it is measured, told by name or unit (heart rate, SpO2, relative humidity,
glucose, air pressure, temperature in kelvin), and only in runs with nothing near it. The same quantities have bounds
beyond which any number is missing that comes in runs and lies clearly apart from the others.

Never empty is what a `measured` channel holds (`ReadSettings.measured`).
"""

import re
from collections.abc import Sequence

import numpy as np

from anomaly.domain import find_runs
from anomaly.reading.vocabulary.naming import words_of
from anomaly.reading.vocabulary.units import unit_in

_NINES = [float(f"{10**digits - 1}{part}") for digits in range(2, 8) for part in ("", ".9", ".99", ".999")]
_LIKELY = [*(-code for code in _NINES), *(code for code in _NINES if code >= 999)]
NINES = frozenset([*_LIKELY, *(float(np.float32(code)) for code in _LIKELY)])
"""nines alone, as loggers write them where nothing was measured: -99 and 999 to 9999999.999"""
FEWEST, FEWEST_OTHERS = 2, 10
FAR = 2.0
"""times the range of all other values: nines lie at least so far beyond them"""
_WHOLE = (32767, -32768, 65535, -65535, 2147483647, -2147483648, 4294967295)
_PARTS = [float(f"{whole * part:.2f}") for whole in (32767, -32768, 65535) for part in (0.1, 0.01)]
_FILLED = [sign * float(f"1e{power}") for power in range(19, 39) for sign in (1, -1)]
_MOST = [float(np.finfo(np.float32).max), 9.969209968386869e36, float(np.finfo(float).max)]
_STRONG = [*map(float, _WHOLE), *_PARTS, *_FILLED, *_MOST, *(-most for most in _MOST)]
_WEAK = [127.0, -127.0, -128.0, 255.0, 511.0, 8191.0]
LIMITS = frozenset([*_STRONG, *_WEAK, *(float(np.float32(code)) for code in _STRONG if abs(code) < 1e38)])
"""the ends of what a device can write, and what arrays are filled with"""
BEYOND = {**dict.fromkeys(LIMITS, 1.0), **dict.fromkeys(_WEAK, FAR)}
"""times the range of all other values that such a code lies at least beyond them; the small numbers further"""
BELOW = 0.25
"""as BEYOND, of -1 below what is else never negative, nor 0"""
LONGEST, IN_RUNS = 3, 0.5
"""steps on end at least, somewhere, and share of the code's steps that lie beside another"""
MOST_CODES = 0.5
FEWEST_KINDS = 3
FILLED_FROM, FILLED_AWAY = 1e19, 1e6
CLEAR, APART = 3.0, 0.1
"""times the largest step between values but the outermost, and share of their range: how far what cannot be is away"""
BOUNDS = (
    (r"spo2|sp o2|sao2|o2 ?sat|oxygen saturation|sauerstoffsättigung", "", 1.0, 100.0),
    (r"hr|heart ?rate|pulse?|pulse? ?rate|herzfrequenz|herzrate|bpm", "bpm|beats/min", 15.0, 250.0),
    (r"glucose|glukose|blutzucker|glycemia|glucosa", "", 0.1, 1_000.0),
    (r"(relative )?humidity|rh|luftfeuchte|luftfeuchtigkeit|feuchte|rel hum|relhum|humedad|humidité", "", 0.1, 100.0),
    (r"baro|barometer|barometric|barometric pressure|air pressure|atmospheric pressure|luftdruck", "", 0.1, np.inf),
    ("", "[Kk]elvin|K", 0.1, np.inf),
)
"""of quantities, by name or unit: what is less, or more, was not measured"""
NOISE = {
    "value",
    "val",
    "avg",
    "average",
    "mean",
    "mittel",
    "sensor",
    "patient",
    "reading",
    "measured",
    "ppg",
    "ecg",
    "raw",
}
"""words of a name that do not tell another quantity"""


def find_codes(parts: Sequence[np.ndarray], name: str = "", unit: str = "") -> list[float]:
    """The codes in the values of one channel, which may come in parts; none where they could be measurements."""
    low, high = _bounds(name, unit or unit_in(name))
    found: list[float] = []
    while True:
        code = _find_next(parts, low, high, found)
        if not code:
            return found
        found += code


def _find_next(parts: Sequence[np.ndarray], low: float, high: float, found: list[float]) -> list[float]:
    """What is a code beside those that were found."""
    rest = [part[~np.isin(part, found)] for part in parts] if found else parts
    ends = {float(end) for part in rest if len(part) for end in (np.fmin.reduce(part), np.fmax.reduce(part))}
    # What lies far from all others is the least or the most of them: most columns need no second look.
    if NINES & ends and (nines := _find_nines(rest)):
        return nines
    likely = [end for end in ends if end in LIMITS or end == -1 or (np.isfinite(end) and not low <= end <= high)]
    likely.sort(key=abs, reverse=True)
    return next(([code] for code in likely if _is_missing(parts, code, found, low, high)), [])


def _find_nines(parts: Sequence[np.ndarray]) -> list[float]:
    known = np.concatenate(parts)
    known = known[np.isfinite(known)]
    is_code = np.isin(known, list(NINES))
    others = known[~is_code]
    if len(others) < FEWEST_OTHERS:
        return []
    low, high = float(others.min()), float(others.max())
    codes, counts = np.unique(known[is_code], return_counts=True)
    return [
        float(code)
        for code, count in zip(codes, counts, strict=True)
        if count >= FEWEST and _is_far(float(code), low, high)
    ]


def _is_far(code: float, low: float, high: float) -> bool:
    if low == high and code > 0:
        return False  # but the other of two states
    return max(low - code, code - high) > FAR * (high - low or max(abs(low), 1.0))


def _is_missing(parts: Sequence[np.ndarray], code: float, found: list[float], low: float, high: float) -> bool:
    """Whether the end of a device's numbers, -1 or 0 stands for no value."""
    known = np.concatenate(parts)
    others = known[np.isfinite(known) & (known != code) & ~np.isin(known, found)]
    if code < 0 < low:
        others = others[others >= 0]  # some devices tell by -2 what they could not measure, by -1 what they did not
    count = int((known == code).sum())
    if len(others) < FEWEST_OTHERS or count > MOST_CODES * (count + len(others)):
        return False
    if code == -1 and low == -np.inf and others.min() <= 0:
        return False
    with np.errstate(over="ignore"):  # the gap of the largest numbers is more than any
        kinds = np.unique(others)
        extent = float(kinds[-1] - kinds[0])
        away = max(float(kinds[0]) - code, code - float(kinds[-1]))
        if len(kinds) < FEWEST_KINDS or away <= 0:
            return False
        if not _comes_in_runs(parts, code) and not _is_beyond_doubt(code, count, float(kinds[0]), away / extent):
            return False
        middle = kinds[(kinds >= np.quantile(others, 0.01)) & (kinds <= np.quantile(others, 0.99))]
        is_clear = away > CLEAR * float(np.diff(middle).max(initial=0.0))
        if not low <= code <= high and low <= np.median(others) <= high:
            return is_clear and away > APART * extent
        if code == -1:
            return is_clear and away > BELOW * extent
        return code in BEYOND and away > BEYOND[code] * extent


def _is_beyond_doubt(code: float, count: int, least: float, away: float) -> bool:
    """Whether a number is no measurement even where it stands alone: what arrays are filled with, and -1 where all
    else is far above 0. `away`: how many times the range of all others it lies beyond them."""
    if abs(code) >= FILLED_FROM:
        return count >= FEWEST and away > FILLED_AWAY
    return code == -1 and least > 0 and count >= LONGEST and away > FAR


def _comes_in_runs(parts: Sequence[np.ndarray], code: float) -> bool:
    # Steps at which only other channels were measured part no run.
    runs = [stops - starts for starts, stops in (find_runs(part[np.isfinite(part)] == code) for part in parts)]
    lengths = np.concatenate(runs)
    return bool(lengths.max(initial=0) >= LONGEST and lengths[lengths > 1].sum() >= IN_RUNS * lengths.sum())


def _bounds(name: str, unit: str) -> tuple[float, float]:
    """Between what a quantity lies, as far as its name or unit tells which it is."""
    bare = re.sub(r"[\[(].*", "", name)
    told = [word for word in words_of(bare)[1:] if word not in NOISE and not word.isdigit()]
    for names, units, low, high in BOUNDS:
        if told and names and re.fullmatch(names, " ".join(told)):
            return low, high
        if units and re.fullmatch(units, unit.strip()):
            return low, high
    return -np.inf, np.inf


def without_codes(parts: Sequence[np.ndarray], name: str = "", unit: str = "") -> list[np.ndarray]:
    """The parts with NaN for every code."""
    codes = find_codes(parts, name, unit)
    return [np.where(np.isin(part, codes), np.nan, part) for part in parts] if codes else list(parts)
