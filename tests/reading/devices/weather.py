"""Weather and environment."""

import json

import numpy as np

from tests.reading.devices.export import EPOCH, ISO, SPACED, STEPS, WAVE, Export, lines, long, stamps

WIND = np.mod(350 + WAVE * 2, 360).round()
AIR = (10 + WAVE / 4).round(1)
MINUTES, HOURS, FIGURES = stamps("%Y-%m-%dT%H:%M"), stamps("%Y-%m-%dT%H:%M:%S", "1h"), stamps("%Y%m%d%H", "1h")
APART, ON_THE_HOUR = stamps("%Y %m %d %H %M"), stamps("%Y-%m-%d,%-H", "1h")
DAYS, SLASHES = stamps("%Y-%m-%d", "1D"), stamps("%d/%m/%y\t%H:%M")
POLLUTANTS = {"pm25": 12 + WAVE / 4, "no2": 30 + WAVE}
USGS = (
    "# Data provided for site 01646500\n#            TS   parameter     Description\n"
    "#        69928       00060     Discharge, cubic feet per second\n#\n"
    "agency_cd\tsite_no\tdatetime\ttz_cd\t69928_00060\t69928_00060_cd\n5s\t15s\t20d\t6s\t14n\t10s"
)
NDBC = "#YY  MM DD hh mm WDIR WSPD GST  PRES   ATMP\n#yr  mo dy hr mn degT m/s  m/s  hPa    degC"

EXPORTS = {
    "DWD": Export(
        lines(
            "STATIONS_ID;MESS_DATUM;QN_9;TT_TU;RF_TU;eor",
            lambda s: f"      44;{FIGURES[s]};    3;{-999 if s in (50, 51) else AIR[s]:>6};{60 + WAVE[s]:6.1f};eor",
        ),
        ("TT_TU", "RF_TU"),
        first="2023-03-01T00:00:00",
        last="2023-03-05T23:00:00",
        missing=2,
    ),
    "NDBC buoys": Export(
        lines(
            NDBC,
            lambda s: f"{APART[s]} {WIND[s]:3.0f} {5 + WAVE[s] / 10:4.1f} {7 + WAVE[s] / 8:4.1f} "
            f"{1013 + WAVE[s] / 9:.1f} {999.0 if s in (7, 8) else AIR[s]:6.1f}",
        ),
        ("WDIR", "WSPD", "GST", "PRES", "ATMP"),
        units={"WSPD": "m/s", "PRES": "hPa"},
        kinds={"WDIR": "angle"},
        missing=2,
    ),
    "NOAA LCD": Export(
        lines(
            '"STATION","DATE","REPORT_TYPE","HourlyDryBulbTemperature","HourlyWindDirection"',
            lambda s: f'"72530094846","{HOURS[s]}","FM-15","{AIR[s] * 2 + 30:.0f}{"s" * (s == 9)}","{WIND[s]:03.0f}"',
        ),
        ("HourlyDryBulbTemperature", "HourlyWindDirection"),
        last="2023-03-05T23:01:00",
        kinds={"HourlyWindDirection": "angle"},
        missing=1,
    ),
    "NOAA Daily Summaries": Export(
        lines(
            '"STATION","DATE","TMAX","TMIN"', lambda s: f'"GME00102380","{DAYS[s]}","{AIR[s]:.1f}","{AIR[s] - 6:.1f}"'
        ),
        ("TMAX", "TMIN"),
        first="2023-03-01T00:00:00",
        last="2023-06-28T00:00:00",
    ),
    "Open-Meteo (CSV)": Export(
        lines(
            "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n"
            "52.52,13.419,38.0,0,GMT,GMT\n\ntime,temperature_2m (°C),wind_direction_10m (°)",
            lambda s: f"{MINUTES[s]},{AIR[s]},{WIND[s]:.0f}",
        ),
        ("temperature_2m (°C)", "wind_direction_10m (°)"),
        units={"temperature_2m (°C)": "°C"},
        kinds={"wind_direction_10m (°)": "angle"},
    ),
    "Open-Meteo (JSON)": Export(
        json.dumps(
            {"latitude": 52.52, "longitude": 13.419, "hourly_units": {"time": "iso8601", "temperature_2m": "°C"},
             "hourly": {"time": MINUTES, "temperature_2m": AIR.tolist(), "wind_direction_10m": WIND.tolist()}}
        ),
        ("temperature_2m", "wind_direction_10m"),
        units={"temperature_2m": "°C"},
        kinds={"wind_direction_10m": "angle"},
    ),
    "OpenAQ": Export(
        long(
            "location_id,sensors_id,location,datetime,parameter,units,value",
            lambda s, n, v: "\n".join(
                f"{i},{i}{len(n)},Site {i},{ISO[s]}+00:00,{n},µg/m³,{v + i:.1f}" for i in (7, 8)
            ),
            POLLUTANTS,
        ),
        ("pm25", "no2"),
        steps=2 * STEPS,
        records=2,
        units={"no2": "µg/m³"},
    ),
    "USGS (rdb)": Export(
        lines(USGS, lambda s: f"USGS\t01646500\t{SPACED[s][:16]}\tEST\t{5_000 + WAVE[s] * 20:.0f}\tP"),
        ("69928_00060",),
    ),
    "Davis WeatherLink": Export(
        lines(
            "\t\t Temp\tHi\t Out\tWind\tWind\n Date\tTime\t Out\tTemp\tHum\tSpeed\tDir",
            lambda s: f"{SLASHES[s]}\t{AIR[s]}\t{AIR[s] + 0.2:.1f}\t{60 + s % 9}\t{3 + s % 4}\tN{'NE' * (s % 3 > 1)}",
        ),
        ("Temp Out", "Hi Temp", "Out Hum", "Wind Speed"),
        settings={"date_order": "day"},
        states=("Wind Dir=NNE",),
    ),
    "Iowa Environmental Mesonet": Export(
        lines(
            "station,valid,tmpf,drct,sknt",
            lambda s: f"AMW,{SPACED[s][:16]},{AIR[s] * 2 + 30:.2f},{'M' if s % 50 == 3 else f'{WIND[s]:.2f}'},"
            f"{8 + WAVE[s] / 5:.2f}",
        ),
        ("tmpf", "drct", "sknt"),
        kinds={"drct": "angle"},
        missing=3,
    ),
    "Meteostat": Export(
        lines(
            "date,hour,temp,rhum,prcp,snow,wdir,wspd",
            lambda s: f"{ON_THE_HOUR[s]},{AIR[s]},{60 + s % 9},0.0,,{WIND[s]:.0f},{10 + s % 8}",
        ),
        ("temp", "rhum", "wdir", "wspd"),
        first="2023-03-01T00:00:00",
        last="2023-03-05T23:00:00",
        kinds={"wdir": "angle"},
    ),
    "PurpleAir": Export(
        lines(
            "time_stamp,sensor_index,humidity,temperature,pm2.5_atm",
            lambda s: f"{EPOCH[s]},1234,{40 + s % 5},{70 + s % 7},{12 + WAVE[s] / 4:.2f}",
        ),
        ("humidity", "temperature", "pm2.5_atm"),
    ),
}  # fmt: skip
