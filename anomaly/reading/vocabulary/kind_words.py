"""Names and units that tell what the numbers of a channel are: a direction, a meter, a state, how many."""

import re

from anomaly.reading.vocabulary.naming import words_of

DIRECTION = re.compile(
    r"direction|direcci[oó]n|dire[cç][aã]o|direzione|richtung|richting|riktning|retning|suunta|kierunek|направлени|風向|风向|"
    r"풍향|heading|azimut|compass|kompass|wind_?dir|wnd_?dir|wdir"
)
"""parts of names of directions"""
DIRECTION_WORDS = {"hdg", "drct", "mwd", "twd", "awd", "rumbo"}
TURNING = {
    "dir", "dd", "wd", "wvd", "course", "cog", "cap", "kurs", "bearing", "yaw", "azi", "az", "vane", "angle",
    "winkel", "phasenwinkel", "orientation", "rotation", "phase", "pan", "theta", "phi",
}  # fmt: skip
"""words of what may be an angle: the numbers must show it as well"""
OF_A_DIRECTION = {
    "std", "stdev", "sd", "sigma", "variance", "var", "deviation", "error", "err", "rate", "speed", "velocity",
    "gust", "temperature", "temp", "vibration", "acceleration", "acc", "accel", "rms", "pressure", "current",
    "voltage", "power", "torque", "force", "count", "counts", "number", "quality", "status", "state", "flag",
    "change", "delta", "lat", "lon", "lng", "latitude", "longitude",
}  # fmt: skip
"""words of what is measured beside an angle, or of it, and is none"""
DEGREES = re.compile(r"(deg|degs|degrees?|°|º|grad|grados?|graus?|gradi|degrés?|arc ?deg)", re.IGNORECASE)
BEARINGS = re.compile(
    r"(deg|degs|degrees?|°|º)[ ._]*\(?(t|true|true north|m|mag|magnetic|n|from north|from true north)\)?", re.IGNORECASE
)
"""degrees from north, which nothing but a direction has"""

METERED = {
    "total", "totals", "totalizer", "totaliser", "cumulative", "cumulated", "cumul", "cum", "accumulated",
    "accumulation", "accum", "counter", "meter", "odometer", "mileage", "kilometerstand", "energy", "energie",
    "energia", "energía", "énergie", "wh", "kwh", "mwh", "gwh", "varh", "kvarh", "zählerstand", "zaehlerstand",
    "zähler", "zaehler", "compteur", "contador", "contatore", "meterstand", "index", "bytes", "octets", "packets",
    "pulses", "runtime", "hourmeter", "betriebsstunden", "rain", "rainfall", "precip", "precipitation",
    "niederschlag", "regen", "today", "daily", "lifetime", "yield", "m3", "m³", "cbm", "litres", "liters", "gallons",
}  # fmt: skip
"""words of what meters count up"""
METER_NAME = re.compile(r"(?<![a-z])[kmg]?(wh|varh)(?![a-z])|_total$|stand$|z[äa]e?hler|total_increasing")
METER_UNIT = re.compile(r"[kMGT]?(Wh|VAh|varh|VArh|J)|m³|m3|kWh/.*|[kMGT]?i?B|bytes?|km|mi", re.IGNORECASE)

MODES = {
    "mode", "modes", "modus", "modo", "betriebsart", "state", "status", "stato", "estado", "zustand", "état", "etat",
    "tila", "stan", "gear", "gang", "marcha", "stage", "stufe", "switch", "phase", "alarm", "code", "step", "recipe",
    "program", "programm", "tariff", "position",
}  # fmt: skip
"""words of what is in one of few states"""

COUNTED = {
    "count", "counts", "steps", "requests", "passengers", "visits", "visitors", "calls", "clicks", "hits", "errors",
    "messages", "orders", "arrivals", "departures", "trips", "rentals", "rides", "vehicles", "cars", "trucks",
    "bikes", "pedestrians", "cyclists", "people", "persons", "customers", "patients", "admissions", "births",
    "deaths", "cases", "tickets", "transactions", "events", "sessions", "logins", "users", "packets", "tweets",
    "mentions", "views", "downloads", "incidents", "failures", "defects", "rejects", "pieces", "anzahl", "stückzahl",
    "fahrgäste", "besucher", "fahrzeuge", "aufrufe", "cantidad", "conteo", "visitas", "pasajeros", "aantal", "antal",
    "liczba", "numero", "número", "quantidade", "lukumäärä", "conteggio", "visites", "passagers", "voyageurs",
}  # fmt: skip
COUNT_NAME = re.compile(r"^(n|nb|nr|num)_[a-z]{3,}|number[ _]of|^nombre[ _]d|anzahl|(?<=[a-zа-я])[_ ]?count$")
NO_COUNTS = {"rate", "ratio", "percent", "pct", "share", "mean", "avg", "average", "time", "latency", "duration", "per"}

COMMANDS = {
    "cmd", "command", "commanded", "setpoint", "set", "sp", "target", "demand", "sollwert", "soll", "vorgabe",
    "consigne", "consigna", "control", "manual", "schedule", "scheduled", "planned", "plan", "holiday", "holidays",
    "feiertag", "ferien", "weekend", "weekday", "workday", "workingday", "season", "dst", "summer", "winter", "train",
    "test", "split", "fold", "group", "site", "sex", "gender", "male", "female", "batch", "experiment", "session",
    "segment", "lap", "trip", "period", "cohort", "treatment", "class", "truth", "gt", "y", "annotation", "attack",
}  # fmt: skip
"""words of what people set, plan, know beforehand or marked afterwards: context, however rarely it changes"""
ALARMS = {
    "alarm", "alarme", "alarma", "fault", "faults", "störung", "stoerung", "fehler", "défaut", "defaut", "fallo",
    "falla", "error", "tripped", "warning", "contact", "kontakt", "leak", "smoke", "door", "tamper",
    "emergency", "interlock", "failure", "relay",
}  # fmt: skip
"""words of what is to be watched, however shortly it stands"""
ON_OFF = {
    "on", "off", "open", "opened", "closed", "close", "true", "false", "yes", "no", "active", "inactive", "idle",
    "high", "low", "running", "stopped", "stop", "start", "run", "detected", "clear", "cleared", "present", "absent",
    "ein", "aus", "an", "auf", "zu", "offen", "geschlossen", "ja", "nein", "marche", "arrêt", "arret", "ouvert",
    "fermé", "ferme", "oui", "non", "abierto", "cerrado", "encendido", "apagado", "si", "sí", "home", "not_home",
    "wet", "dry", "locked", "unlocked", "enabled", "disabled", "tripped", "set", "reset", "up", "down", "connected",
    "disconnected",
}  # fmt: skip
"""words of a contact or relay"""


def names_direction(name: str, unit: str) -> bool:
    """Whether name and unit leave no doubt that numbers in degrees are a direction."""
    words = set(words_of(name))
    if words & OF_A_DIRECTION:
        return False
    if BEARINGS.fullmatch(unit):
        return True
    is_named = bool(DIRECTION.search(name.lower()) or words & DIRECTION_WORDS)
    return is_named and (not unit or is_degrees(unit))


def may_turn(name: str, unit: str) -> bool:
    """Whether numbers may be an angle: in degrees of anything, or by name, where the unit says nothing else."""
    words = set(words_of(name))
    if words & OF_A_DIRECTION:
        return False
    return is_degrees(unit) or (not unit and bool(words & TURNING))


def is_degrees(unit: str) -> bool:
    """Degrees of a circle, those of temperature aside."""
    return bool(DEGREES.fullmatch(unit.strip()) or BEARINGS.fullmatch(unit.strip()))


def names_meter(name: str, unit: str) -> bool:
    """Whether a channel is called, or measured, as what a meter counts up."""
    lower = name.strip().lower()
    return bool(set(words_of(name)) & METERED or METER_NAME.search(lower) or METER_UNIT.fullmatch(unit))


def names_mode(name: str) -> bool:
    return bool(set(words_of(name)) & MODES)


def names_count(name: str) -> bool:
    """Whether a channel is called as how many of something there were."""
    words = set(words_of(name))
    return not words & NO_COUNTS and bool(words & COUNTED or COUNT_NAME.search(name.strip().lower()))


def names_command(name: str) -> bool:
    return bool(set(words_of(name)) & COMMANDS)


def names_alarm(name: str) -> bool:
    return bool(set(words_of(name)) & ALARMS)
