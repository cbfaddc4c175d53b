"""The forms that dates, times of day and durations are written in, as patterns (RE2, whose digits are 0 to 9)."""

from anomaly.reading.vocabulary.time_words import MONTH_OF, WEEKDAYS, ZONE_OF

_MONTH = r"(?P<word>" + "|".join(sorted(MONTH_OF, reverse=True)) + r")\.?"
_FRACTION = r"(?:[.,](?P<fraction>\d{1,9}))?"
_PART = _FRACTION.replace(".,", ".,:")
"""as _FRACTION, behind a colon, too"""
_ZONE = r"[+-]\d{2}:?\d{2}|" + "|".join(ZONE_OF)
_CLOCK = (
    r"(?P<hour>\d{1,2})(?:[:h](?P<minute>\d{2})(?::(?P<second>\d{2})" + _PART + r")?)?(?:\s*(?P<half>[ap])\.?m\.?)?"
    r"(?:\s*uhr)?(?:\s*(?P<zone>" + _ZONE + "))?"
)
_DIGITS = (
    r"(?:[T _.-]?(?P<hour>\d{2})(?:[:.-]?(?P<minute>\d{2})(?:[:.-]?(?P<second>\d{2})" + _PART + r")?)?(?P<zone>z)?)?"
)
_BETWEEN = r"(?:\s*[T,_@:.-]\s*|\s+um\s+|\s+)"
_THEN = r"(?:" + _BETWEEN + _CLOCK + ")?"
_PARTED = (
    r"(?P<hour>\d{1,2})[._-](?P<minute>\d{2})(?:[._-](?P<second>\d{2})(?:[.,_-](?P<fraction>\d{3,9}))?)?"
    r"(?:\s*uhr)?(?:\s*(?P<zone>" + _ZONE + "))?"
)
"""a time of day parted by points, dashes or lines"""
_FIRST = (
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})" + _PART + r")?(?:\s*(?P<half>[ap])\.?m\.?)?"
    r"(?:\s*uhr)?(?:\s*(?P<zone>" + _ZONE + r"))?(?:\s*[,_-]\s*|\s+(?:am\s+|on\s+|le\s+)?)"
)
"""a time of day in front of its date"""
_WEEKDAY = r"(?:(?:" + "|".join(WEEKDAYS) + r")[a-z]*[,.]*\s+)?"
_DAY, _YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<year>\d{4}|\d{2})"
_PLACES = r"(?P<first>\d{1,2})#\s?(?P<other>\d{1,2})#\s?" + _YEAR
_DATES = {
    "slash": _PLACES.replace("#", "/"),
    "dot": _PLACES.replace("#", r"\."),
    "dash": _PLACES.replace("#", "-"),
    "year": r"(?P<year>\d{4})[/._:-](?P<month>\d{1,2})[/._:-](?P<day>\d{1,2})",
    "day, name": _WEEKDAY + _DAY + r"[ ./-]*" + _MONTH + r"[ ,./-]*" + _YEAR,
    "name, day": _WEEKDAY + _MONTH + r"[ -]*" + _DAY + r"[ ,-]+(?P<year>\d{4})",
    "year, name": r"(?P<year>\d{4})[ ./-]*" + _MONTH + r"[ ./-]*" + _DAY,
    "day of year": r"(?P<year>\d{4})[ ./:_-]?(?P<place>\d{3})",
}
FORMS = {
    name: rf"(?i)^{pattern}$"
    for name, pattern in {
        **{name: date + _THEN for name, date in _DATES.items()},
        "day of year, compact": r"(?P<year>\d{4})(?P<place>\d{3})" + _DIGITS,
        "compact": r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})" + _DIGITS,
        "name, day, clock": _WEEKDAY + _MONTH + r"\s+" + _DAY + r"\s+" + _CLOCK + r"\s+(?P<year>\d{4})",
        "log": _DAY + "[/-]?" + _MONTH + r"[/-]?(?P<year>\d{4}):" + _CLOCK,
        "elapsed": (
            r"(?:(?P<days>-?\d{1,6})\s*d(?:ays?)?,?\s*\+?)?(?P<hour>\d{1,6}):(?P<minute>\d{2})"
            r"(?::(?P<second>\d{2})" + _FRACTION + r")?(?:\s*(?P<half>[ap])\.?m\.?)?(?:\s*uhr)?"
        ),
        **{f"clock, {name}": _FIRST + date for name, date in _DATES.items()},
        **{f"{name}, parted": date + _BETWEEN + _PARTED for name, date in _DATES.items()},
    }.items()
}
"""a name for each form, and what its cells match"""
