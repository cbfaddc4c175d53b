"""Plants, control systems and buildings."""

import json

from tests.reading.devices.export import (
    EPOCH,
    HUMID,
    ISO,
    POINTS,
    RISE,
    SPACED,
    STEPS,
    WARM,
    WAVE,
    Export,
    comma,
    lines,
    long,
    stamps,
)  # fmt: skip

USE = abs(WAVE) / 20
BOTH = {"Pressure": 5 + WAVE / 10, "Level": 60 + WAVE}
DOOR = [("off", "on")[s // 9 % 2] for s in range(STEPS)]
SHORT, HALVES, IN_WORDS = (
    stamps("%d-%b-%y %H:%M:%S"), stamps("%d-%b-%y %I:%M:%S %p CET"), stamps("%a %b %d %H:%M:%S CET %Y"),
)  # fmt: skip
SLASHES, TO_MINUTE = stamps("%d/%m/%Y %H:%M"), stamps("%d.%m.%Y %H:%M")
HOURLY, QUARTERS = stamps("%Y-%m-%d,%H:00,%H:59", "1h"), [*stamps("%d.%m.%Y %H:%M", "15min"), "02.03.2023 06:01"]
HALF_HOURS = [*stamps("%Y-%m-%dT%H:%M:%S+00:00", "30min"), "2023-03-03T12:01:00+00:00"]
HOME = sorted(
    [
        (f"{ISO[s]}.120Z", "sensor.living_room", "unavailable" if s in (50, 51) else f"{WARM[s]:.2f}")
        for s in range(STEPS)
    ]
    + [(f"{ISO[s]}.250Z", "binary_sensor.door", DOOR[s]) for s in range(0, STEPS, 9)]
)
GREEN_BUTTON = (
    'Name,ADA DOE\nAddress,"1 MAIN ST, OAKLAND CA"\nAccount Number,1234567890\nService,Service 1\n\n'
    "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES"
)

EXPORTS = {
    "WinCC panel": Export(
        long(
            '"VarName";"TimeString";"VarValue";"Validity";"Time_ms"',
            lambda s, n, v: f'"{n}";"{POINTS[s]}";{comma(v, 3)};1;{comma(44_986_000_694 + s * 1e6 / 288, 4)}',
            BOTH,
        )
        + '"$RT_OFF$";"03.03.2023 00:00:00";0;2;44988000000,0\n',
        ("Pressure", "Level"),
    ),
    "AVEVA PI (DataLink)": Export(
        long(
            "Tag,Timestamp,Value,Status",
            lambda s, n, v: f"{n},{SHORT[s]},Bad,Bad" if s == 40 else f"{n},{SHORT[s]},{v:.3f},Good",
            BOTH,
        ),
        ("Pressure", "Level"),
        missing=2,
    ),
    "AVEVA PI (Web API)": Export(
        json.dumps(
            {"Links": {}, "Items": [{"Timestamp": f"{ISO[s]}Z", "Value": round(float(WARM[s]), 3), "Good": True,
                                     "UnitsAbbreviation": "bar", "Questionable": False} for s in range(STEPS)]}
        ),
        ("Value",),
    ),
    "Ignition (wide)": Export(
        lines(
            '"t_stamp","Line1/Pressure","Line1/Level"', lambda s: f'"{IN_WORDS[s]}","{WARM[s]:.3f}","{HUMID[s]:.2f}"'
        ),
        ("Line1/Pressure", "Line1/Level"),
    ),
    "Ignition (sqlt_data)": Export(
        long(
            "tagid,intvalue,floatvalue,stringvalue,datevalue,dataintegrity,t_stamp",
            lambda s, n, v: f"{n},,{v:.4f},,,192,{EPOCH[s] * 1000}",
            {"3": WARM, "4": HUMID},
        ),
        ("3", "4"),
    ),
    "OPC UA historian": Export(
        long(
            "NodeId,SourceTimestamp,ServerTimestamp,Value,StatusCode",
            lambda s, n, v: f"ns=2;s={n},{ISO[s]}.000Z,{ISO[s]}.010Z,{v:.3f},{'Bad' if s == 30 else 'Good'}",
            BOTH,
        ),
        ("ns=2;s=Pressure", "ns=2;s=Level"),
        missing=2,
    ),
    "Kepware": Export(
        long("Timestamp,TagName,Value,Quality", lambda s, n, v: f"{SPACED[s]}.000,PLC.{n},{v:.3f},192", BOTH),
        ("PLC.Pressure", "PLC.Level"),
    ),
    "Niagara": Export(
        lines(
            "history:/Station/AHU1_SupplyTemp\nTimestamp,Trend Flags,Status,Value (°C)",
            lambda s: f"{HALVES[s]},{{ }},{{ok}},{WARM[s]:.2f}",
        ),
        ("Value (°C)",),
        units={"Value (°C)": "°C"},
    ),
    "Home Assistant": Export(
        "\n".join(["entity_id,state,last_changed", *(f"{entity},{state},{time}" for time, entity, state in HOME), ""]),
        ("sensor.living_room",),
        first="2023-03-01T00:01:00.120",
        last="2023-03-01T09:56:00.120",
        steps=134,
        states=("binary_sensor.door=on",),
        missing=16,
    ),
    "openHAB": Export(
        json.dumps(
            {"name": "Boiler", "datapoints": str(STEPS),
             "data": [{"time": EPOCH[s] * 1000, "state": f"{50 + WAVE[s]:.1f}"} for s in range(STEPS)]}
        ),
        ("state",),
    ),
    "Shelly": Export(
        lines(
            "timestamp,Forward active energy (Wh),Returned active energy (Wh),Min V,Max V",
            lambda s: f"{SLASHES[s]},{0.5 + s % 5:.2f},0,{229 + s % 3}.1,{231 + s % 4}.2",
        ),
        ("Forward active energy (Wh)", "Min V", "Max V"),
        settings={"date_order": "day"},
    ),
    "Tasmota": Export(
        "\n".join(
            json.dumps(
                {"Time": ISO[s], "ENERGY": {"TotalStartTime": "2023-01-01T00:00:00", "Voltage": 230 + s % 3,
                                            "Total": round(100 + float(RISE[s]) / 100, 3), "Power": int(50 + WAVE[s])}}
            )
            for s in range(STEPS)
        ),
        ("Voltage", "Total", "Power"),
        kinds={"Total": "counter"},
    ),
    "Fronius Solar.web": Export(
        lines(
            "Date and time,Energy | Symo 8.2-3-M,PV production\n[dd.MM.yyyy HH:mm],[Wh],[Wh]",
            lambda s: f"{TO_MINUTE[s]},{100 + WAVE[s]:.2f},{110 + WAVE[s]:.2f}",
        ),
        ("Energy | Symo 8.2-3-M", "PV production"),
        units={"PV production": "Wh"},
    ),
    "Green Button": Export(
        lines(GREEN_BUTTON, lambda s: f"Electric usage,{HOURLY[s]},{USE[s]:.2f},kWh,$0.{10 + s % 9},"),
        ("USAGE", "COST"),
        first="2023-03-01T00:00:00",
        last="2023-03-05T23:00:00",
    ),
    "German smart meter": Export(
        lines(
            "Datum;von;bis;Verbrauch [kWh];Status",
            lambda s: f"{QUARTERS[s].replace(' ', ';')};{QUARTERS[s + 1][-5:]};{comma(USE[s], 3)};gemessen",
        ),
        ("Verbrauch [kWh]",),
        last="2023-03-02T05:46:00",
        units={"Verbrauch [kWh]": "kWh"},
    ),
    "Octopus Energy": Export(
        lines(
            "Consumption (kwh),Estimated Cost Inc. Tax (p),Start,End",
            lambda s: f"{USE[s]:.3f},{USE[s] * 30:.2f},{HALF_HOURS[s]},{HALF_HOURS[s + 1]}",
        ),
        ("Consumption (kwh)", "Estimated Cost Inc. Tax (p)"),
        last="2023-03-03T11:31:00",
    ),
    "ENTSO-E": Export(
        lines(
            '"MTU (CET/CEST)","Actual Total Load [MW] - BZN|DE-LU"',
            lambda s: f'"{QUARTERS[s]} - {QUARTERS[s + 1]}","{50_000 + WAVE[s] * 100:.0f}"',
        ),
        ("Actual Total Load [MW] - BZN|DE-LU",),
        last="2023-03-02T05:46:00",
    ),
}  # fmt: skip
