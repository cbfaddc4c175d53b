"""Seeded demonstration series with planted, labelled anomalies. Everything here is simulated; nobody was measured.

`datasets/` holds what `demo_csv` writes. Values are rounded far above the last bit in which the mathematical functions
of two platforms may differ, so the same bytes come out everywhere.
"""

import difflib

import numpy as np
import pandas as pd

from anomaly.domain import DataError
from anomaly.reading.demos import DEMOS

Waves = tuple[tuple[float, float, float], ...]

ISO = "%Y-%m-%dT%H:%M:%S"

PUMP_START = "2025-03-03T00:00:00"
PUMP_DAYS = 42
PUMP_ROWS_PER_DAY = 144
PUMP_PROGRAMME = ((4.5, 9.0), (11.0, 14.5), (17.0, 22.5))
"""hours of the day during which the pump runs"""

ECG_RATE = 100
ECG_SECONDS = 100
ECG_EARLY_BEATS = (46.0, 55.0, 63.5, 80.0, 90.5)
"""seconds: the first beat after each is a premature ventricular one"""
ECG_PAUSE = 71.0
ECG_PAUSE_SECONDS = 2.5
SINUS_WAVES: Waves = (
    (-0.17, 0.025, 0.12),
    (-0.028, 0.010, -0.11),
    (0.0, 0.012, 1.05),
    (0.03, 0.011, -0.24),
    (0.27, 0.05, 0.3),
)
"""P, Q, R, S, T as (seconds from the R peak, width in seconds, height in mV), after McSharry et al. 2003"""
VENTRICULAR_WAVES: Waves = ((-0.01, 0.042, 1.25), (0.085, 0.04, -0.5), (0.3, 0.07, -0.35))
"""no P wave, a wide QRS, and a T wave that points the other way"""

WARD_PATIENTS = 40
WARD_DETERIORATING = (4, 11, 17, 22, 28, 33, 39)
WARD_WITHOUT_TEMPERATURE = 14
WARD_MISSING_SHARE = 0.08
VITALS = ("heart_rate", "resp_rate", "spo2", "systolic_bp", "temperature")
# One row per vital sign, in that order.
VITALS_BASELINE = np.array([78.0, 16.0, 96.4, 124.0, 36.8])
VITALS_BETWEEN_PATIENTS = np.array([9.0, 1.6, 1.0, 13.0, 0.2])
VITALS_CIRCADIAN = np.array([4.0, 0.7, 0.2, 5.0, 0.25])
VITALS_STRAIN = np.array([3.5, 0.9, -0.35, 3.5, 0.08])
VITALS_NOISE = np.array([2.2, 0.8, 0.5, 3.5, 0.1])
VITALS_DETERIORATION = np.array([34.0, 10.0, -7.5, -30.0, 1.7])


def make_demo(name: str) -> pd.DataFrame:
    """The table of one demo, as its file says it: times as text, NaN = empty cell. Raises DataError if unknown."""
    if name not in DEMOS:
        nearest = difflib.get_close_matches(name.lower(), DEMOS, n=1, cutoff=0.4)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        raise DataError(f"There is no demo called {name!r}; expected one of {', '.join(DEMOS)}.{hint}")
    return MAKERS[name]()


def demo_csv(name: str) -> bytes:
    """The bytes of `datasets/<name>.csv`. Raises DataError if there is no such demo."""
    return make_demo(name).to_csv(index=False, lineterminator="\n", float_format="%.10g").encode("utf-8")


def make_cues(steps: int, delay: int, seed: int = 0) -> pd.DataFrame:
    """A long-range dependence and nothing else: now and then `value` jumps up or down, and `delay` steps later, when
    `due` is 1, it jumps the same way again. Between them lies noise: a model that forgot the sign can only guess."""
    rng = np.random.default_rng(seed)
    value, due = 0.05 * rng.standard_normal(steps), np.zeros(steps, int)
    at = 10
    while at + delay < steps:
        sign = rng.choice([-1.0, 1.0])
        value[at] += sign
        value[at + delay] += sign
        due[at + delay] = 1
        at += delay + int(rng.integers(20, 60))
    return _written(pd.DataFrame({"value": value, "due": due}), value=4)


def _make_pump() -> pd.DataFrame:
    """A clock-driven water pump, one row every ten minutes."""
    rng = np.random.default_rng(2025)
    rows = PUMP_DAYS * PUMP_ROWS_PER_DAY
    hour = np.arange(rows) % PUMP_ROWS_PER_DAY * 24 / PUMP_ROWS_PER_DAY
    running = np.any([(start <= hour) & (hour < stop) for start, stop in PUMP_PROGRAMME], axis=0)
    fault = _span(_pump_row(23, 4.5), hours=18)
    severity = np.zeros(rows)
    severity[fault] = np.linspace(0, 1, fault.stop - fault.start)

    daily = np.cos(2 * np.pi * (hour - 19) / 24)
    demand = 1 + 0.05 * daily + _wandering(rng, rows, memory=0.95, spread=0.02)
    true_flow = 42 * demand * running
    # Pump curve: the head falls with the square of the flow. At rest the column of water above is what is left.
    head = np.where(running, 6.3 - 0.0009 * true_flow**2, 1.9 + _wandering(rng, rows, memory=0.97, spread=0.02))
    roughness = 1 + _wandering(rng, rows, memory=0.8, spread=0.04)
    ambient = 17 + 3.5 * np.cos(2 * np.pi * (hour - 15) / 24) + _wandering(rng, rows, memory=0.995, spread=1.2)
    # Wear shows in the vibration first; the heat it makes has to get through the housing.
    vibration = np.where(running, (2.1 + 0.9 * severity) * roughness, 0.18)
    bearing = _lagged(ambient + running * (23 + 13 * severity**1.5), steps=11)
    frame = pd.DataFrame(
        {
            "timestamp": pd.date_range(PUMP_START, periods=rows, freq="10min").strftime(ISO),
            "flow_m3h": np.abs(true_flow + rng.normal(0, np.where(running, 0.3, 0.04))),
            "pressure_bar": head + rng.normal(0, 0.02, rows),
            "vibration_mms": np.abs(vibration + rng.normal(0, np.where(running, 0.07, 0.015))),
            "bearing_temp_c": bearing + rng.normal(0, 0.12, rows),
            "running": running.astype(int),
            "label": 0,
        }
    )
    # The bearing stays too warm for a while after its repair at the end of the evening run.
    frame.loc[fault.start : _span(fault.stop, hours=2.5).stop - 1, "label"] = 1
    return _written(_break_pump_sensors(frame), flow_m3h=2, pressure_bar=3, vibration_mms=3, bearing_temp_c=2)


def _break_pump_sensors(frame: pd.DataFrame) -> pd.DataFrame:
    """Spikes, a stuck sensor and a drift, all labelled; then the drop-outs, which are not anomalies of the pump."""
    column = {name: frame[name].to_numpy(copy=True) for name in frame.columns[1:]}
    hammer = _span(_pump_row(20, 12), hours=1 / 6)
    knock = _span(_pump_row(38, 18.5), hours=2 / 6)
    stuck = _span(_pump_row(29, 8), hours=12)
    drift = _span(_pump_row(33, 18), hours=36)
    column["pressure_bar"][hammer] += 1.3
    column["vibration_mms"][knock] += (1.9, 1.2)
    column["pressure_bar"][stuck] = column["pressure_bar"][stuck.start]
    column["flow_m3h"][drift] *= 1 - np.linspace(0, 0.16, drift.stop - drift.start)
    for span in (hammer, knock, stuck, drift):
        column["label"][span] = 1
    empty = _span(_pump_row(31, 13), hours=4)
    column["flow_m3h"][empty] = column["vibration_mms"][empty] = np.nan
    lost = _span(_pump_row(26, 10), hours=40 / 6)
    return frame.assign(**column).drop(index=range(lost.start, lost.stop)).reset_index(drop=True)


def _pump_row(day: int, hour: float) -> int:
    """Before anything is lost: the row `hour` hours into day `day`, the first being 0."""
    return day * PUMP_ROWS_PER_DAY + round(hour * PUMP_ROWS_PER_DAY / 24)


def _span(start: int, hours: float) -> slice:
    return slice(start, start + round(hours * PUMP_ROWS_PER_DAY / 24))


def _make_ecg() -> pd.DataFrame:
    """One lead of an electrocardiogram at 100 Hz."""
    rng = np.random.default_rng(1903)
    seconds = np.arange(ECG_SECONDS * ECG_RATE) / ECG_RATE
    beats, windows = _ecg_beats(rng)
    signal = np.zeros(len(seconds))
    for peak, interval, waves in beats:
        height = 1 + 0.04 * np.sin(2 * np.pi * 0.24 * peak + 1) + rng.normal(0, 0.01)
        for offset, width, amplitude in waves:
            # Repolarisation keeps pace with the heart (Bazett 1920): the T wave comes later in slow beats.
            centre = peak + (offset * np.sqrt(interval) if offset > 0.1 else offset)
            signal += height * amplitude * np.exp(-0.5 * ((seconds - centre) / width) ** 2)
    breathing = 0.05 * np.sin(2 * np.pi * 0.24 * seconds) + _wandering(rng, len(seconds), memory=0.998, spread=0.04)
    signal += breathing + rng.normal(0, 0.012, len(seconds))
    label = np.zeros(len(seconds), int)
    for start, stop in windows:
        label[(seconds >= start) & (seconds < stop)] = 1
    return _written(pd.DataFrame({"seconds": seconds, "ecg_mv": signal, "label": label}), seconds=2, ecg_mv=3)


def _ecg_beats(rng: np.random.Generator) -> tuple[list[tuple[float, float, Waves]], list[tuple[float, float]]]:
    """Beats as (R peak in s, interval in s, waves), and the labelled windows as (start, stop) in s."""
    beats: list[tuple[float, float, Waves]] = []
    windows: list[tuple[float, float]] = []
    early, pauses = list(ECG_EARLY_BEATS), [ECG_PAUSE]
    peak = 0.35
    while peak < ECG_SECONDS + 1:
        # Breathing in quickens the heart: respiratory sinus arrhythmia.
        interval = 0.84 + 0.045 * np.sin(2 * np.pi * 0.24 * peak) + rng.normal(0, 0.012)
        beats.append((peak, interval, SINUS_WAVES))
        following = peak + interval
        if early and following >= early[0]:
            early.pop(0)
            premature = peak + rng.uniform(0.56, 0.64) * interval
            beats.append((premature, interval, VENTRICULAR_WAVES))
            # A full compensatory pause: the sinus beat that was due is lost, the next one comes in its own time.
            following = peak + 2 * interval
            windows.append((premature - 0.14, following - 0.25))
        elif pauses and following >= pauses[0]:
            pauses.pop(0)
            windows.append((following - 0.25, peak + ECG_PAUSE_SECONDS - 0.25))
            following = peak + ECG_PAUSE_SECONDS
        peak = following
    return beats, windows


def _make_ward() -> pd.DataFrame:
    """Vital signs of forty patients, taken about every hour."""
    rng = np.random.default_rng(1859)
    lengths = rng.permutation(np.linspace(12, 160, WARD_PATIENTS).round().astype(int))
    stays = [_make_stay(rng, number, int(lengths[number - 1])) for number in range(1, WARD_PATIENTS + 1)]
    frame = pd.concat(stays, ignore_index=True)
    return _written(frame, heart_rate=0, resp_rate=0, spo2=0, systolic_bp=0, temperature=1)


def _make_stay(rng: np.random.Generator, number: int, rows: int) -> pd.DataFrame:
    """One patient: `rows` measurements, at least 60 where the patient deteriorates."""
    deteriorates = number in WARD_DETERIORATING
    rows = max(rows, 60) if deteriorates else rows
    breaks = np.where(rng.random(rows) < 0.04, rng.uniform(2, 6, rows), 0)
    gaps = np.clip(rng.normal(1, 0.18, rows), 0.4, 1.8) + breaks
    minutes = np.round((rng.uniform(0, 45 * 24) + np.cumsum(gaps)) * 60)
    hours = minutes / 60
    # Everyone has a strain of their own that moves all channels together, beside what each channel does alone.
    strain = _wandering(rng, rows, memory=0.85, spread=1.0)
    own = np.stack([_wandering(rng, rows, memory=0.6, spread=spread) for spread in VITALS_NOISE], 1)
    circadian = np.cos(2 * np.pi * (hours - 17) / 24)
    values = VITALS_BASELINE + rng.normal(0, 1, len(VITALS)) * VITALS_BETWEEN_PATIENTS + own
    values += circadian[:, None] * VITALS_CIRCADIAN + strain[:, None] * VITALS_STRAIN
    onset = hours[-1] - rng.uniform(8, 15)
    label = (hours >= onset) & deteriorates
    course = np.clip((hours - onset) / (hours[-1] - onset), 0, 1) ** 1.2 * deteriorates
    # No two patients worsen in the same way: each channel takes part to its own degree.
    values += course[:, None] * VITALS_DETERIORATION * rng.uniform(0.4, 1.1, len(VITALS))
    values[:, 2] = np.minimum(values[:, 2], 100)
    values[rng.random(values.shape) < WARD_MISSING_SHARE] = np.nan
    if number == WARD_WITHOUT_TEMPERATURE:
        values[:, 4] = np.nan
    times = pd.Timestamp("2025-01-06") + pd.to_timedelta(minutes, unit="min")
    return pd.DataFrame(
        {"patient_id": f"P{number:02}", "time": times.strftime(ISO)}
        | dict(zip(VITALS, values.T, strict=True))
        | {"label": label.astype(int)}
    )


def _wandering(rng: np.random.Generator, steps: int, memory: float, spread: float) -> np.ndarray:
    """(steps,) stationary AR(1) noise: each value keeps `memory` of the one before; standard deviation `spread`."""
    shocks = rng.normal(0, 1, steps)
    shocks[1:] *= np.sqrt(1 - memory**2)
    values, last = np.empty(steps), 0.0
    for step, shock in enumerate(shocks):
        values[step] = last = memory * last + shock
    return spread * values


def _lagged(target: np.ndarray, steps: float) -> np.ndarray:
    """(T,) Newton's law of heating and cooling towards `target`, with a time constant of `steps`."""
    values, last = np.empty(len(target)), target[0]
    for step, goal in enumerate(target):
        values[step] = last = last + (goal - last) / steps
    return values


def _written(frame: pd.DataFrame, **decimals: int) -> pd.DataFrame:
    """The table with these columns rounded; adding 0 turns -0 into 0."""
    return frame.assign(**{name: frame[name].round(places) + 0.0 for name, places in decimals.items()})


MAKERS = {"pump": _make_pump, "ecg": _make_ecg, "ward": _make_ward}
