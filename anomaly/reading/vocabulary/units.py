"""Units of measurement, told from what a file writes behind or below a column's name."""

import re

ATOM = (
    r"(?:°|º|[dD]eg[CFKTMN]?|[dD]egrees?|°?[CFK]|°C|°F|℃|℉|"
    r"(?:(?:[dD]eg(?:rees?|\.)?|°) ?)?(?:[cC]elsius|[fF]ahrenheit)|[kK]elvin|%|‰|pp[mbt]v?|pct|percent|rh|"
    r"[kMGmµμun]?(?:Pa|bar|V|A|W|Hz|N|J|g|L|l|m|s|VA|VAr|var|Wh|eV|Ω|[oO]hms?|[sS]iemens|mol|Eq|IU|bit|lx|lm|cd|Bq|Sv|Gy)|"
    r"[mµμun](?:F|H|T|S|M)|[kKMGT]i?B|S|T|U|"
    r"[cdh]m|dL|dl|cL|cl|hPa|kPa|mmHg|cmH2O|mmH2O|inHg|inH2O|psi[ag]?|atm|torr|bpm|rpm|spm|"
    r"kg|lb|lbs|oz|t|tonne|min|mins|minutes?|h|hr|hrs|hours?|mn|mo|mos|months?|d|dy|days?|sec|secs|seconds?|ms|us|ns|msec|"
    r"ft|inch|mi|mph|kn|knots?|gal|gpm|cfm|lpm|GPM|CFM|LPM|RPM|BPM|PSI|NTU|FNU|slpm|Nm3|Nm|km|ha|dB[Am]?|dBm|pH|"
    r"m³|m²|cm³|cm²|mm²|mm³|m3|m2|cells|beats|breaths|counts?|cts|rev|rad|mrad|adu|digits?|steps?|years?|yrs?)"
)
UNIT = re.compile(rf"1?/?{ATOM}(?:\s?(?:[/·*.⋅×^-]|per )?\s?(?:{ATOM}|[-+]?\d|[²³⁻¹]))*")
WORDS = re.compile(
    r"(seconds?|volts?|amps?|amperes?|watts?|joules?|newtons?|hertz|pascals?|grams?|met(er|re)s?)", re.IGNORECASE
)
"""what is a unit only where units are expected"""
NO_UNIT = {
    "-", "--", "1", "none", "n/a", "unitless", "[-]", "(-)", "", "no units", "no unit", "no_units", "dimensionless",
    "u.a.", "a.u.", "au", "arb.u.", "arb. units", "ohne", "sans unité", "sin unidad", "dimensionslos",
}  # fmt: skip
"""what stands in the place of a unit where there is none"""
TIME_FORM = re.compile(
    r"(?=.*[yYMdDhHmsS])[yYMdDhHmsSf0:/. T_-]{4,}|(utc|local|iso ?8601|timestamp|date|datetime|unix|epoch)",
    re.IGNORECASE,
)
"""the form of a time stamp, such as dd.mm.yyyy hh:mm, stands in a unit's place, too"""
IN_BRACKETS = re.compile(r".*\S\s*[\[(]\s*([^\[\]()]{1,20}?)\s*[\])]\s*", re.DOTALL)
BEHIND_COMMA = re.compile(r".*\S\s*,\s*([^,()]{1,20}?)\s*(?:\(.*\))?", re.DOTALL)
IN_SQUARE = re.compile(r".*\S\s*\[\s*([^\[\]]{1,20}?)\s*\]\s*", re.DOTALL)


def unit_in(name: str) -> str:
    """The unit a column's name ends with: "°C" of "Temp [°C]" and "Temp, °C (sensor 4)", "l" of "flow (l)"; else ""."""
    square = IN_SQUARE.fullmatch(name)
    if square:
        return "" if square[1].lower() in NO_UNIT else square[1]
    # Round brackets hold much else: "flow (mean)".
    round_ = IN_BRACKETS.fullmatch(name)
    if round_ and UNIT.fullmatch(round_[1]):
        return round_[1]
    behind = BEHIND_COMMA.fullmatch(name)
    return behind[1] if behind and UNIT.fullmatch(behind[1]) else ""


def looks_like_unit(cell: str) -> bool:
    """Whether a cell under a column's name is its unit, or says that there is none."""
    bare = _bare(cell)
    return cell.strip().lower() in NO_UNIT or any(form.fullmatch(bare) for form in (UNIT, WORDS, TIME_FORM))


def is_unit(cell: str) -> bool:
    """As `looks_like_unit`, but of units alone: "Date" may stand in the place of one."""
    return bool(UNIT.fullmatch(_bare(cell)))


def _bare(cell: str) -> str:
    """m/(s^2) as m/s^2, without the brackets round all of it."""
    return re.sub(r"\(([^()]*)\)", r"\1", _without_brackets(cell))


def _without_brackets(cell: str) -> str:
    outer = cell.strip()
    return outer[1:-1].strip() if re.fullmatch(r"\[.*\]|\([^()]*\)", outer) else outer


def clean_unit(cell: str) -> str:
    """ "°C" of "[°C]"; "" where there is no unit, or the form of a time stamp."""
    bare = _without_brackets(cell)
    return "" if bare.lower() in NO_UNIT or (TIME_FORM.fullmatch(bare) and not UNIT.fullmatch(bare)) else bare
