"""JSON whose table lies deeper: each form as some service writes it, found by its shape."""

import json
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anomaly
from anomaly.domain import DataError
from anomaly.domain.times import format_times, to_calendar

pairs = partial(zip, strict=True)
STAMPS = pd.date_range("2023-03-01 00:01", periods=30, freq="1min")
ISO = [f"{stamp}Z" for stamp in STAMPS.strftime("%Y-%m-%dT%H:%M:%S")]
SECONDS = [int(stamp.timestamp()) for stamp in STAMPS]
A = [70 + n % 7 for n in range(30)]
B = [20.5 + n % 5 for n in range(30)]


def read(data: Any) -> anomaly.Dataset:
    return anomaly.read(json.dumps(data).encode())


FORMS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "wristband": ([{"dateTime": t, "value": {"bpm": a, "q": b}} for t, a, b in pairs(ISO, A, B)], ("bpm", "q")),
    "matrix": (
        {"status": "success", "data": {"resultType": "matrix", "result": [
            {"metric": {"__name__": "up", "instance": name},
             "values": [[s + 0.7, str(v)] for s, v in pairs(SECONDS, of)]}
            for name, of in (("a:90", A), ("b:90", B))]}},
        ("a:90", "b:90"),
    ),
    "one series": (
        {"data": {"result": [{"metric": {"x": "y"}, "values": [[s, str(v)] for s, v in pairs(SECONDS, A)]}]}},
        ("value",),
    ),
    "time-series database": (
        {"results": [{"statement_id": 0, "series": [
            {"name": "cpu", "columns": ["time", "user", "idle"], "values": [list(row) for row in pairs(ISO, A, B)]}]}]},
        ("user", "idle"),
    ),
    "search hits": (
        {"took": 3, "hits": {"total": {"value": 30}, "hits": [
            {"_index": "m", "_id": f"x{n}", "_score": None,
             "_source": {"@timestamp": t, "temp": a, "host": {"load": b}}}
            for n, (t, a, b) in enumerate(pairs(ISO, A, B))]}},
        ("temp", "load"),
    ),
    "channel and feeds": (
        {"channel": {"id": 9, "name": "Garden", "field1": "Soil", "field2": "Air"},
         "feeds": [{"created_at": t, "entry_id": n, "field1": str(a), "field2": str(b)}
                   for n, (t, a, b) in enumerate(pairs(ISO, A, B))]},
        ("Soil", "Air"),
    ),
    "gauges": (
        {"name": "ns1", "value": {"queryInfo": {"note": [{"value": "x", "title": "y"}] * 2}, "timeSeries": [
            {"sourceInfo": {"siteName": "CREEK", "siteCode": [{"value": "01646500"}]},
             "variable": {"variableName": name, "unit": {"unitCode": "ft"}},
             "values": [{"value": [{"value": str(v), "qualifiers": ["P"], "dateTime": t} for t, v in pairs(ISO, of)],
                         "method": [{"methodID": n}]}]} for n, (name, of) in enumerate((("Stage", A), ("Flow", B)))]}},
        (),
    ),
    "weather": (
        {"latitude": 52.5, "hourly_units": {"time": "iso8601", "temperature_2m": "°C", "rain": "mm"},
         "hourly": {"time": [t[:16] for t in ISO], "temperature_2m": B, "rain": A}},
        ("temperature_2m", "rain"),
    ),
    "weather in seconds": (
        {"generationtime_ms": 0.1, "minutely": {"time": SECONDS, "wind": A},
         "daily": {"time": SECONDS[:2], "max": A[:2]}},
        ("wind",),
    ),
    "ring": (
        {"data": [{"bpm": a, "source": "awake", "timestamp": t} for t, a in pairs(ISO, A)], "next_token": None},
        ("bpm",),
    ),
    "by moment": (
        {"status": 0, "body": {"series": {str(s): {"hr": a, "rr": b} for s, a, b in pairs(SECONDS, A, B)}}},
        ("hr", "rr"),
    ),
    "points": (
        {"Data Source": "x", "Data Points": [
            {"fitValue": [{"value": {"fpVal": a}}], "endTimeNanos": s * 10**9, "dataTypeName": "hr"}
            for s, a in pairs(SECONDS, A)]},
        ("fpVal",),
    ),
    "rows and names": (
        {"meta": {"n": 30}, "columns": ["time", "flow"], "data": [[t, a] for t, a in pairs(ISO, A)]}, ("flow",),
    ),
    "grid of a panel": (
        {"results": {"A": {"frames": [{"schema": {"fields": [{"name": "time"}, {"name": "flow"}]},
                                       "data": {"values": [[s * 1000 for s in SECONDS], A]}}]}}},
        (),
    ),
    "days": (
        {"activities": [{"day": "x", "samples": [{"t": t, "hr": a} for t, a in pairs(ISO[:15], A[:15])]},
                        {"day": "y", "samples": [{"t": t, "hr": a} for t, a in pairs(ISO[15:], A[15:])]}]},
        ("hr",),
    ),
    "places": (
        {"type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [8.5, 47.25]},
             "properties": {"time": s * 1000, "mag": b}} for s, b in pairs(SECONDS, B)]},
        ("mag",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name, (_, channels) in FORMS.items() if channels])
def test_the_table_is_found_by_its_shape(name: str) -> None:
    data, channels = FORMS[name]
    dataset = read(data)
    calendar = to_calendar(dataset.series[0].times, dataset.time_axis).astype("datetime64[s]")
    assert calendar[0] == np.datetime64("2023-03-01T00:01")
    assert sum(map(len, dataset.series)) == 30
    assert set(channels) <= set(dataset.monitored)
    wanted = {"a:90": A, "b:90": B}.get(channels[0], A if name != "weather" and name != "places" else B)
    values = np.concatenate([one.values[:, dataset.monitored.index(channels[0])] for one in dataset.series])
    np.testing.assert_allclose(values, wanted)
    assert any("the table under" in str(repair) for repair in dataset.repairs) or name == "rows and names"


def test_series_are_called_by_what_is_said_of_them() -> None:
    dataset = read(FORMS["gauges"][0])
    assert set(dataset.monitored) | {one.name for one in dataset.series} >= {"Stage", "Flow"}
    assert str(format_times(dataset.series[0].times, dataset.time_axis)[0]) == "2023-03-01T00:01:00Z"


def test_units_beside_the_table_are_those_of_its_columns() -> None:
    assert dict(read(FORMS["weather"][0]).units) == {"temperature_2m": "°C", "rain": "mm"}


def test_histories_of_several_sensors_are_one_long_table() -> None:
    data = [[{"entity_id": name, "state": str(v), "last_changed": t} for t, v in pairs(ISO, of)]
            for name, of in (("sensor.a", A), ("sensor.b", B))]  # fmt: skip
    dataset = read(data)
    assert {one.name for one in dataset.series} | set(dataset.monitored) >= {"sensor.a", "sensor.b"}


@pytest.mark.parametrize("data", [{"a": {"b": [1, 2, 3]}, "c": 4}, {"x": {"y": {"z": "w"}}, "k": [1]}])
def test_what_is_no_table_is_refused_with_its_longest_list(data: Any) -> None:
    with pytest.raises(DataError, match=r"its longest list is '(a\.b|k)'.* Save the list"):
        read(data)


def test_a_rate_beside_the_lists_makes_their_times() -> None:
    dataset = read({"sampling_rate": 4, "start": "2023-03-01T00:01:00", "ecg": B, "resp": A})
    times = format_times(dataset.series[0].times, dataset.time_axis)
    assert list(times[:2]) == ["2023-03-01T00:01:00.000", "2023-03-01T00:01:00.250"]


@pytest.mark.parametrize(
    "data",
    [
        {
            "activities-heart": [{"dateTime": "2023-03-01"}],
            "activities-heart-intraday": {"dataset": [
                {"time": f"{stamp:%H:%M:%S}", "value": a} for stamp, a in pairs(STAMPS, A)]},
        },
        {
            "descriptors": [{"key": "timestamp", "index": 0}, {"key": "heartrate", "index": 1}],
            "heartRateValues": [[1000 * s, a] for s, a in pairs(SECONDS, A)],
        },
    ],
    ids=["a day", "names"],
)  # fmt: skip
def test_a_short_table_beside_a_long_list_but_tells_of_it(data: Any) -> None:
    dataset = read(data)
    assert dataset.columns.time == "time" and dataset.series[0].values[:, 0].tolist() == A
