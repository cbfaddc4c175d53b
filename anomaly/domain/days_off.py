"""Days off: dates a person lists, and the public holidays of a country (library `holidays`)."""

import difflib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # both take a while: `--help` needs neither, and few name a country
    import numpy as np
    from holidays import HolidayBase

SUNDAY, FRIDAY = 6, 4
"""days of the week, Monday being 0"""
MOST_NAMED = 5


def check_day_off(text: str) -> str:
    """One date ("2024-02-12") or country ("DE", "DE-BY") as it is kept. Raises ValueError with a sentence."""
    if text[:1].isdigit():
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise ValueError(
                f"holidays: expected dates such as 2024-02-12, or a country such as DE, found {text!r}"
            ) from None
    country, _, part = text.partition("-")
    found = _find_country(country, text)
    return f"{found}-{_find_part(found, part, text)}" if part else found


def _find_country(country: str, text: str) -> str:
    from holidays import list_supported_countries
    from holidays.registry import COUNTRIES

    codes = list(list_supported_countries())
    if country.upper() in codes:
        return country.upper()
    # By name too: a class such as ("Germany", "DE", "DEU") for each country.
    named = {names[0].casefold(): names[1] for names in COUNTRIES.values()}
    wanted = country.casefold().replace(" ", "")
    near = [named[name] for name in difflib.get_close_matches(wanted, named, MOST_NAMED)]
    near += difflib.get_close_matches(country.upper(), [code for code in codes if len(code) == 2], MOST_NAMED, 0.5)
    raise ValueError(
        f"holidays: expected the code of a country, such as {', '.join(dict.fromkeys(near)) or 'DE, FR, US'}, "
        f"or dates such as 2024-02-12, found {text!r}"
    )


def _find_part(country: str, part: str, text: str) -> str:
    from holidays import list_supported_countries

    parts = list_supported_countries().get(country, [])
    for known in parts:
        if known.casefold() == part.casefold():
            return known
    near = difflib.get_close_matches(part, parts, MOST_NAMED) or parts[:MOST_NAMED]
    raise ValueError(
        f"holidays: expected a part of {country}, such as {', '.join(f'{country}-{known}' for known in near)}, "
        f"found {text!r}"
        if parts
        else f"holidays: no parts of {country} are known, found {text!r}; give {country} alone"
    )


def find_days_off(entries: Iterable[str], years: Sequence[int]) -> "np.ndarray":
    """The days off that checked `entries` make, sorted datetime64[D]; of a country, those in `years`."""
    import numpy as np

    days = []
    for entry in entries:
        if entry[:1].isdigit():
            days.append(date.fromisoformat(entry))
        else:
            days += list(_holidays_of(entry, years))
    return np.unique(np.array(days, "datetime64[D]"))


def find_rest_day(entries: Iterable[str]) -> int:
    """The day of the week, Monday being 0, that days off are like: Sunday, or Friday where that is in the weekend and
    Sunday is not."""
    weekends = [_holidays_of(entry, ()).weekend for entry in entries if not entry[:1].isdigit()]
    return FRIDAY if any(FRIDAY in weekend and SUNDAY not in weekend for weekend in weekends) else SUNDAY


def _holidays_of(entry: str, years: Sequence[int]) -> "HolidayBase":
    from holidays import country_holidays

    country, _, part = entry.partition("-")
    return country_holidays(country, subdiv=part or None, years=list(years))
