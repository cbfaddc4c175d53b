"""Words in the lines above a table: what a rate, an interval, a start and a unit are called in several languages."""

import re

_SAMPLING = (
    r"(?:data |signal |raw )?(?:sampl(?:e|es|ing)|acquisition|acq|scan(?:ning)?|log(?:ging|ger)?|record(?:ing)?|"
    r"measure(?:ment|d)?|storage|data|update|report(?:ing)?|digiti[sz]ation|output|trace)"
)
INTERVAL_KEY = re.compile(
    rf"(?:{_SAMPLING} )?(?:interval|period|time step|timestep|time interval|step time|increment|resolution time)"
    r"(?: time| duration| length| hh mm ss)?|epoch (?:period|length|duration|time|hh mm ss)|epoch|dt|delta ?[tx]|"
    r"x ?increment|"
    r"(?:abtast|mess|aufzeichnungs|speicher|log|sample|zeit|erfassungs)?-?intervall|abtastzeit|messtakt|"
    r"intervalle(?: de mesure| d echantillonnage)?|periode d échantillonnage|intervalo(?: de (?:muestreo|registro))?|"
    r"intervallo(?: di campionamento)?|meetinterval|interval de temps"
)
PER_ROW = re.compile(r"(\w+) (?:per|between) (?:samples?|readings?|rows?|points?|scans?)")
"""of an interval, with its unit"""
RATE_KEY = re.compile(
    rf"({_SAMPLING} (?:rate|frequency|freq|speed|fs)|samplerate|samplingrate|sampling|fs|sfreq|srate|samp rate|"
    r"samples? per (?:second|sec|s)|samples s|hz|sps|abtast(?:rate|frequenz)|mess(?:rate|frequenz)|"
    r"fr[eé]quence d ?[eé]chantillonnage|frecuencia de muestreo|frequenza di campionamento|"
    r"taxa de amostragem|bemonsteringsfrequentie)(?: in)?(?: hz| hertz)?|rate|frequency|freq|frequenz"
)
_BEGIN = r"(?:start(?:ed|ing)?|begin(?:ning)?|began|first (?:sample|reading|record|scan|point)|onset|trigger(?:ed)?)"
_WHEN = r"(?: (?:date|time|timestamp|datetime|date ?time|date and time|at|on|utc|local))"
_RUN = r"(?:test|session|trial|experiment|collected|measured|recorded)"
START_KEY = re.compile(
    rf"{_BEGIN}(?: of (?:recording|measurement|test|log|logging))?{_WHEN}*|"
    rf"(?:{_SAMPLING}|{_RUN}|file|log|signal|t) {_BEGIN}{_WHEN}*|(?:{_SAMPLING}|{_RUN}){_WHEN}+|"
    r"recorded|collected|t0|"
    r"start(?:zeit|datum|zeitpunkt)|beginn|(?:mess|aufnahme|aufzeichnungs)-?(?:beginn|start|datum|zeit)|"
    r"(?:date|heure) de d[eé]but|d[eé]but|(?:fecha|hora) de inicio|inicio|data di inizio|inizio"
)
DATE_KEY = re.compile(r"date|datum|fecha|data|date ?time|date and time|timestamp|day")
CLOCK_KEY = re.compile(r"time|uhrzeit|zeit|hora|heure|ora|clock|time of day")
OTHER_MOMENT = re.compile(
    r"export|download|print|creat|report|calib|birth|geburt|\bend|\bstop|\blast|\bfinish|modif|install|expir|sav|"
    r"generat|upload|updat|process|edit|zone|\bdue|admi"
)
"""of moments that are not when the first row was measured"""
UNIT_KEY = re.compile(
    r"(?:y |vertical |data |signal |channel |measurement |value |physical )?(?:units?|einheit|unidad|unit[eé]|unit[aà])"
)
_SECOND = ("s", "sec", "secs", "second", "seconds", "sekunde", "sekunden", "sek", "seconde", "secondes", "segundos")
_MINUTE = ("min", "mins", "minute", "minutes", "minuten", "minutos", "mn")
_HOUR = ("h", "hr", "hrs", "hour", "hours", "std", "stunde", "stunden", "heure", "heures", "hora", "horas")
SECONDS_IN = {
    **dict.fromkeys(_SECOND, 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds", "millisekunden"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "microseconds"), 1e-6),
    **dict.fromkeys(_MINUTE, 60.0),
    **dict.fromkeys(_HOUR, 3_600.0),
    **dict.fromkeys(("d", "day", "days", "tag", "tage"), 86_400.0),
}
