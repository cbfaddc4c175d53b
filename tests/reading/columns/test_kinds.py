"""What the numbers of a channel are: told from name, unit and course together, a value where there is doubt."""

import numpy as np
import pandas as pd
import pytest

from anomaly.domain.exceptions import SettingsError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.reading import ReadSettings
from anomaly.pipeline import read
from anomaly.reading.columns.kinds import propose_kind
from anomaly.reading.vocabulary.units import unit_in

ROWS = 2_000
STEP = np.arange(ROWS)
RNG = np.random.default_rng(0)
NORTH = np.mod(355 + 25 * np.sin(STEP / 180) + 4 * RNG.standard_normal(ROWS), 360).round(1)
SOUTH = np.mod(NORTH + 180, 360)
SIGNED = np.where(SOUTH > 180, SOUTH - 360, SOUTH)
NOISE = 20 + 5 * np.sin(STEP / 100) + RNG.standard_normal(ROWS)
USE = np.abs(RNG.normal(0.4, 0.3, ROWS)).round(3)
TOTAL = np.cumsum(USE)
BY_DAY = np.concatenate([np.cumsum(day) for day in np.split(USE, 20)])
MANY = RNG.poisson(12, ROWS)
MODE = np.repeat(RNG.integers(0, 5, 20), 100)
ON_OFF = np.repeat([0, 3.3, 0, 3.3], ROWS // 4)


@pytest.mark.parametrize(
    ("name", "unit", "values"),
    [
        ("wind direction [deg]", None, NORTH),
        ("WDIR", "degT", np.where(STEP % 90 == 0, 999, NORTH)),
        ("MWD", "degT", SOUTH),
        ("Wind Direction (°)", None, NORTH),
        ("winddirection_10m (°)", None, NORTH),
        ("WindDir_D1_WVT", "Deg", SOUTH),
        ("Windrichtung", "", NORTH),
        ("dirección del viento", "", NORTH),
        ("drct", "", np.round(NORTH, -1)),
        ("heading", "deg", np.where(NORTH > 180, NORTH - 360, NORTH)),
        ("DD", "", NORTH),
        ("COG", "", NORTH),
        ("yaw", "", SIGNED),
        ("phase_angle", "deg", SIGNED),
        ("Vane position 1+2 (°)", None, NORTH),
    ],
)
def test_a_direction_is_an_angle(name: str, unit: str | None, values: np.ndarray) -> None:
    assert kind(name, values, unit) == "angle"


@pytest.mark.parametrize(
    ("name", "unit", "values"),
    [
        ("elbow [deg]", None, 90 + 80 * np.sin(STEP / 20)),
        ("Temp [deg]", None, NOISE),
        ("temperature [°C]", None, NOISE),
        ("Wind Dir (10s deg)", None, np.round(NORTH / 10)),
        ("wind_direction_std", "deg", NOISE),
        ("yaw", "rad", np.deg2rad(SIGNED)),
        ("yaw", "", np.deg2rad(SIGNED)),
        ("yaw_rate", "deg/s", SIGNED),
        ("bearing temperature", "", NOISE + 30),
        ("Bearing 1", "", NOISE + 30),
        ("dir", "", np.abs(10 * NOISE)),
        ("direct_radiation", "W/m²", np.abs(10 * NOISE)),
        ("latitude", "deg", NOISE),
        ("longitude", "deg", SIGNED),
        ("cap", "", NOISE),
        ("phase", "", NOISE),
        ("direction", "", np.where(STEP % 7 == 0, 500, NORTH)),
        ("value", "", NORTH),
    ],
)
def test_what_has_degrees_or_a_like_name_alone_is_none(name: str, unit: str | None, values: np.ndarray) -> None:
    assert kind(name, values, unit) == "value"


@pytest.mark.parametrize(
    ("name", "unit", "values"),
    [
        ("energy_kwh", "", TOTAL),
        ("1-0:1.8.0", "kWh", BY_DAY),
        ("energy_today", "", BY_DAY),
        ("Zählerstand", "m³", TOTAL),
        ("odometer", "km", TOTAL),
        ("http_requests_total", "", np.cumsum(MANY)),
        ("bytes_in", "", np.cumsum(MANY) % 20_000),
        ("daily rain", "mm", np.cumsum((MANY < 8) * 0.2)),
        ("error count", "", np.cumsum(MANY > 20)),
        ("runtime", "h", np.cumsum(STEP % 300 < 200)),
        ("value", "", TOTAL),
        ("energy_kwh", "", np.where(STEP == 900, 0, TOTAL)),
        ("energy_kwh", "", np.where(STEP == 900, TOTAL * 0.7, TOTAL)),
        ("energy_kwh", "", np.where(STEP > 900, TOTAL + 1e4, TOTAL)),
    ],
)
def test_a_meter_that_only_rises_but_for_resets_is_a_counter(name: str, unit: str, values: np.ndarray) -> None:
    assert kind(name, values, unit) == "counter"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("level", np.tile(np.linspace(0, 10, 20), 100) + 0.01 * USE),
        ("saw", BY_DAY),
        ("progress", STEP * 0.1),
        ("energy setting", STEP * 0.1),
        ("ramp", STEP * 0.1 + 0.001 * USE),
        ("coarse ramp", STEP // 3),
        ("charge", 1 - np.exp(-STEP / 900)),
        ("interpolated", np.interp(STEP, [0, 1000, 1999], [0, 300, 500])),
        ("trend", 0.01 * STEP + NOISE),
        ("total power", NOISE),
        ("energy", TOTAL[:40]),
        ("x", TOTAL[:400]),
        ("leap", np.where(STEP > 900, TOTAL + 1e4, TOTAL)),
    ],
)
def test_ramps_sawteeth_and_trends_are_no_counters(name: str, values: np.ndarray) -> None:
    assert kind(name, values) == "value"


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("valve", ON_OFF, "state"),
        ("temperature", np.where(MODE > 2, 20.5, 20.0), "value"),
        ("supply", np.where(MODE > 2, 65, 55), "state"),
        ("mode", MODE, "state"),
        ("Betriebsart", MODE, "state"),
        ("gear", np.repeat(RNG.integers(1, 7, 200), 10), "state"),
        ("mode", MANY % 5, "value"),
        ("x", MODE, "value"),
        ("room status", 20 + MODE / 2, "value"),
        ("status", np.zeros(ROWS), "value"),
        ("n_cars", MANY, "count"),
        ("passengers", MANY, "count"),
        ("Anzahl Fahrzeuge", MANY, "count"),
        ("ride_count", MANY, "count"),
        ("nombre de visites", MANY, "count"),
        ("requests per second", MANY, "value"),
        ("count", MANY + 0.5, "value"),
        ("heart_rate", MANY, "value"),
        ("count", MANY - 6, "value"),
    ],
)
def test_states_and_counts_are_told_by_few_values_and_names(name: str, values: np.ndarray, expected: str) -> None:
    assert kind(name, values) == expected


def test_resets_are_looked_for_within_each_record() -> None:
    parts = [np.cumsum(part) + 500 for part in np.split(USE, 4)]
    assert propose_kind("energy", "kWh", parts) == "counter"
    assert propose_kind("energy", "kWh", [np.concatenate(parts)]) == "counter"
    dips = np.where(np.isin(STEP, (300, 600, 900)), TOTAL * 0.9, TOTAL)
    assert propose_kind("energy", "kWh", [dips]) == "value"


def test_the_kinds_stand_beside_the_channels_in_the_order_of_time() -> None:
    newest_first = file(direction=NORTH, flow=NOISE, energy_kwh=TOTAL).splitlines()
    dataset = opened("\n".join([newest_first[0], *newest_first[:0:-1]]))
    assert dataset.monitored == ("direction", "flow", "energy_kwh")
    assert dataset.columns.kinds == ("angle", "value", "counter")
    notes = [str(repair) for repair in dataset.repairs if "plain values" in str(repair)]
    assert len(notes) == 1
    assert "'direction' as an angle (359° is next to 1°), 'energy_kwh' as a counter" in notes[0]


def test_codes_beyond_the_circle_are_no_directions() -> None:
    coded = np.where(STEP % 90 == 0, 999, np.where(STEP % 91 == 0, 990, NORTH))
    dataset = opened(file(WDIR=coded, flow=NOISE))
    assert dataset.columns.kinds == ("angle", "value")
    np.testing.assert_array_equal(np.isnan(dataset.series[0].values[:, 0]), coded > 360)
    assert any("'WDIR' are 990 or 999, which is no direction" in str(repair) for repair in dataset.repairs)


def test_what_is_chosen_holds_and_is_not_noted() -> None:
    dataset = opened(file(direction=NORTH, flow=NOISE), kinds={"direction": "value", "flow": "count"})
    assert dataset.columns.kinds == ("value", "count")
    assert not any("plain values" in str(repair) for repair in dataset.repairs)


def test_a_column_of_words_has_one_kind() -> None:
    text = file(flow=NOISE, mode=np.array(["off", "low", "high"])[MODE % 3])
    dataset = opened(text, kinds={"mode": "state", "flow": "value"})
    assert dict(zip(dataset.monitored, dataset.columns.kinds, strict=True)) == {
        "flow": "value",
        "mode=high": "state",
        "mode=low": "state",
        "mode=off": "state",
    }
    assert dataset.columns.context == ()


def test_a_channel_of_a_chosen_kind_is_monitored() -> None:
    text = file(flow=NOISE, pump=STEP // 20 % 2)
    assert opened(text).columns.context == ("pump",)
    chosen = opened(text, kinds={"pump": "state"}).columns
    assert (chosen.monitored, chosen.context, chosen.kinds) == (("flow", "pump"), (), ("value", "state"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kinds": {"flwo": "angle"}}, "no column 'flwo'; the nearest is 'flow'"),
        ({"kinds": {"pump": "state"}, "channels": ("flow",)}, "'pump' is named as state, but is not monitored"),
        ({"kinds": {"pump": "state"}, "context": ("pump",)}, "'pump' is named as context and as channel of a kind"),
    ],
)
def test_a_kind_of_what_is_no_channel_is_refused(settings: dict, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        opened(file(flow=NOISE, pump=STEP // 20 % 2), **settings)


def kind(name: str, values: np.ndarray, unit: str | None = "") -> str:
    return propose_kind(name, unit_in(name) if unit is None else unit, [np.asarray(values, float)])


def file(**columns: np.ndarray) -> str:
    times = pd.date_range("2025-03-01", periods=ROWS, freq="10min").strftime("%Y-%m-%d %H:%M")
    return pd.DataFrame({"time": times, **columns}).to_csv(index=False)


def opened(text: str, **settings) -> Dataset:
    return read(text.encode(), ReadSettings(**settings), name="file.csv")
