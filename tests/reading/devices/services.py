"""Databases, monitoring and web services."""

import json

from tests.reading.devices.export import EPOCH, ISO, SPACED, STEPS, WAVE, Export, lines, long, stamps

CPU = (30 + WAVE).round(2)
BOTH = {"cpu": CPU, "mem": CPU / 2}
HOSTS = {"a": CPU, "b": CPU / 2}
MOMENTS, HALF_MEM = stamps("%b %-d, %Y @ %H:%M:%S.000"), CPU / 2
FLUX = (
    "#group,false,false,true,true,false,false,true\n#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,"
    "dateTime:RFC3339,double,string\n#default,_result,,,,,,\n,result,table,_start,_stop,_time,_value,_field"
)
DAY = "2023-03-01T00:00:00Z,2023-03-02T00:00:00Z"

EXPORTS = {
    "InfluxDB (annotated CSV)": Export(
        long(FLUX, lambda s, n, v: f",,{len(n) % 2},{DAY},{ISO[s]}Z,{v:.2f},{n}", {"usage": CPU, "idle": 100 - CPU}),
        ("usage", "idle"),
    ),
    "Prometheus": Export(
        json.dumps(
            {"status": "success", "data": {"resultType": "matrix", "result": [
                {"metric": {"__name__": "load", "instance": f"{name}:9100"},
                 "values": [[EPOCH[s], f"{of[s]}"] for s in range(STEPS)]} for name, of in HOSTS.items()]}}
        ),
        ("a:9100", "b:9100"),
    ),
    "Grafana (one column a series)": Export(
        lines('"Time","cpu","mem"', lambda s: f"{SPACED[s]},{CPU[s]} %,{HALF_MEM[s]:.2f} GiB"),
        ("cpu", "mem"),
        units={"cpu": "%", "mem": "GiB"},
    ),
    "Grafana (series as rows)": Export(
        long("Series;Time;Value", lambda s, n, v: f"{n};{ISO[s]}+00:00;{v:.2f}", BOTH),
        ("cpu", "mem"),
        settings={"variable": "Series"},
    ),
    "Zabbix": Export(
        json.dumps(
            {"jsonrpc": "2.0", "id": 1, "result": [
                {"itemid": item, "clock": str(EPOCH[s]), "value": f"{CPU[s] / k:.4f}", "ns": "123456789"}
                for item, k in (("23296", 1), ("23297", 3)) for s in range(STEPS)]}
        ),
        ("23296", "23297"),
    ),
    "ThingSpeak": Export(
        lines(
            "created_at,entry_id,field1,field2,latitude,longitude,elevation,status",
            lambda s: f"{SPACED[s]} UTC,{s + 1},{CPU[s]},{HALF_MEM[s]:.2f},,,,",
        ),
        ("field1", "field2"),
    ),
    "ThingsBoard": Export(
        json.dumps(
            {name: [{"ts": EPOCH[s] * 1000, "value": f"{CPU[s] / k:.2f}"} for s in reversed(range(STEPS))]
             for name, k in (("temperature", 1), ("humidity", 2))}
        ),
        ("humidity", "temperature"),
    ),
    "The Things Stack": Export(
        "\n".join(
            json.dumps(
                {"result": {"end_device_ids": {"device_id": "s1"}, "received_at": f"{ISO[s]}Z", "uplink_message": {
                    "f_port": 1, "decoded_payload": {"temperature": float(CPU[s]), "battery": 3.6 - s % 3 / 10}}}}
            )
            for s in range(STEPS)
        ),
        ("temperature", "battery"),
    ),
    "Adafruit IO": Export(
        lines("id,value,feed_id,created_at,lat,lon,ele", lambda s: f"0F{s:03},{CPU[s]},2345,{SPACED[s]} UTC,,,"),
        ("value",),
    ),
    "Amazon CloudWatch": Export(
        json.dumps(
            {"Label": "CPUUtilization", "Datapoints": [
                {"Timestamp": f"{ISO[s * 7 % STEPS]}+00:00", "Average": float(CPU[s * 7 % STEPS]), "Unit": "Percent"}
                for s in range(STEPS)]}
        ),
        ("Average",),
    ),
    "Azure Monitor": Export(
        json.dumps(
            {"interval": "PT5M", "value": [{"name": {"value": "Percentage CPU"}, "timeseries": [{"data": [
                {"timeStamp": f"{ISO[s]}Z", "average": float(CPU[s])} for s in range(STEPS)]}]}]}
        ),
        ("average",),
    ),
    "Datadog": Export(
        json.dumps(
            {"status": "ok", "series": [
                {"metric": "system.cpu.user", "scope": f"host:{name}",
                 "pointlist": [[EPOCH[s] * 1000.0, float(of[s])] for s in range(STEPS)]} for name, of in HOSTS.items()]}
        ),
        ("host:a", "host:b"),
    ),
    "Graphite (CSV)": Export(
        long("", lambda s, n, v: f"servers.{n}.cpu,{SPACED[s]},{v:.2f}", HOSTS).lstrip(),
        ("servers.a.cpu", "servers.b.cpu"),
    ),
    "Graphite (JSON)": Export(
        json.dumps(
            [{"target": f"servers.{name}.cpu", "datapoints": [[None if s == 9 else float(of[s]), EPOCH[s]]
                                                            for s in range(STEPS)]} for name, of in HOSTS.items()]
        ),
        ("servers.a.cpu", "servers.b.cpu"),
        missing=2,
    ),
    "Kibana": Export(
        lines('"@timestamp","system.cpu.total.pct","host.name"', lambda s: f'"{MOMENTS[s]}","{CPU[s]}","web-1"'),
        ("system.cpu.total.pct",),
    ),
    "PostgreSQL, TimescaleDB": Export(
        long(
            "time,device_id,cpu,mem",
            lambda s, n, v: f"{SPACED[s]}+00,{n},{v:.2f},{v / 3:.2f}",
            {"a1": CPU, "a2": CPU + 1},
        ),
        ("cpu", "mem"),
        steps=2 * STEPS,
        records=2,
    ),
    "psql": Export(
        lines(
            "        time         |  cpu  |  mem  \n---------------------+-------+-------",
            lambda s: f" {SPACED[s]} | {CPU[s]:5.2f} | {HALF_MEM[s]:5.2f}",
        )
        + f"({STEPS} rows)\n",
        ("cpu", "mem"),
    ),
}  # fmt: skip
