"""Sensors, loggers and laboratory instruments."""

from tests.reading.devices.export import EPOCH, HUMID, ISO, POINTS, SPACED, WARM, WAVE, Export, comma, lines, stamps

AMERICAN, SHORT, SLASHES = (
    stamps("%m/%d/%Y %I:%M:%S.000 %p"),
    stamps("%m/%d/%y %I:%M:%S %p"),
    stamps("%d/%m/%y %H:%M:%S"),
)
HOBO = (
    '"Plot Title: Loft"\n"#","Date Time, GMT+01:00","Temp, °C (LGR S/N: 1034, SEN S/N: 1034)","RH, % (LGR S/N: '
    '1034, SEN S/N: 1034)","Host Connected (LGR S/N: 1034)","End Of File (LGR S/N: 1034)"'
)
TOA5 = (
    '"TOA5","Tower","CR1000","1234","CR1000.Std.31","CPU:tower.CR1","5432","Table1"\n'
    '"TIMESTAMP","RECORD","BattV_Min","AirTC_Avg","WindDir"\n"TS","RN","Volts","Deg C","degrees"\n'
    '"","","Min","Avg","Smp"'
)
IBUTTON = (
    "1-Wire/iButton Part Number: DS1922L-F50\n1-Wire/iButton Registration Number: 8A00000026\nIs Mission Active?  true"
    "\nMission Start:  Wed Mar 01 00:01:00 CET 2023\nSample Rate:  Every 300 second(s)\nNumber of Mission Samples: 120"
    "\nTemperature Logging\n\nDate/Time,Unit,Value"
)
ELITECH = (
    "Device Model: RC-5\nSerial Number: EF72\nLog Interval: 5min\nFirst Reading: 2023-03-01 00:01:00\n\n"
    "No.,Time,Temperature(°C),Humidity(%RH)"
)
NETATMO = 'Name;"";Living room\nLong;Lat\n13.4;52.5\nTimestamp;"Timezone : Europe/Berlin";Temperature;Humidity;CO2'

EXPORTS = {
    "HOBO (Onset HOBOware)": Export(
        lines(HOBO, lambda s: f"{s + 1},{SHORT[s]},{WARM[s]:.3f},{HUMID[s]:.2f},,"),
        ("Temp, °C (LGR S/N: 1034, SEN S/N: 1034)", "RH, % (LGR S/N: 1034, SEN S/N: 1034)"),
        units={"Temp, °C (LGR S/N: 1034, SEN S/N: 1034)": "°C"},
    ),
    "Campbell (TOA5)": Export(
        lines(TOA5, lambda s: f'"{SPACED[s]}",{s},{12.6 + s % 3 / 10:.1f},{WARM[s]:.2f},{WAVE[s] * 2 % 360:.1f}'),
        ("BattV_Min", "AirTC_Avg", "WindDir"),
        units={"BattV_Min": "Volts", "AirTC_Avg": "Deg C", "WindDir": "degrees"},
        kinds={"WindDir": "angle"},
    ),
    "Testo": Export(
        lines(
            '"Date/Time";"Temperature [°C]";"Humidity [%rF]"',
            lambda s: f'"{POINTS[s]}";"{comma(WARM[s], 1)}";"{comma(HUMID[s], 1)}"',
        ),
        ("Temperature [°C]", "Humidity [%rF]"),
        units={"Temperature [°C]": "°C"},
    ),
    "Elitech": Export(
        lines(ELITECH, lambda s: f"{s + 1},{SPACED[s]},{WARM[s]:.1f},{HUMID[s]:.1f}"),
        ("Temperature(°C)", "Humidity(%RH)"),
        units={"Temperature(°C)": "°C"},
    ),
    "Lascar EasyLog": Export(
        lines(
            "Fridge,Time,Celsius(°C),Humidity(%rh),Serial Number",
            lambda s: f"{s + 1},{SPACED[s]},{WARM[s]:.1f},{HUMID[s]:.1f}" + ",010012345" * (s == 0),
        ),
        ("Celsius(°C)", "Humidity(%rh)"),
        units={"Celsius(°C)": "°C"},
    ),
    "iButton": Export(lines(IBUTTON, lambda s: f"{SLASHES[s]},C,{WARM[s]:.2f}"), ("Value",)),
    "LogTag": Export(
        lines(
            '"Index","Date","Time","Temperature °C","Alarm"',
            lambda s: f'{s + 1},"{ISO[s][:10]}","{ISO[s][11:]}",{WARM[s]:.1f},{"*" if s > 110 else ""}',
        ),
        ("Temperature °C",),
    ),
    "RuuviTag": Export(
        lines(
            "Date,Temperature (°C),Relative humidity (%),Air pressure (hPa),RSSI (dBm),Voltage (V)",
            lambda s: f"{SPACED[s]},{WARM[s]:.2f},{HUMID[s]:.2f},{1013 + WAVE[s] / 8:.2f},{-70 - s % 5},2.9{s % 3}",
        ),
        ("Temperature (°C)", "Relative humidity (%)", "Air pressure (hPa)", "RSSI (dBm)", "Voltage (V)"),
        units={"Air pressure (hPa)": "hPa", "RSSI (dBm)": "dBm"},
    ),
    "Govee": Export(
        lines(
            "Timestamp for sample frequency every 5 min min,Temperature_Celsius,Relative_Humidity",
            lambda s: f"{SPACED[s]},{WARM[s]:.1f},{HUMID[s]:.1f}",
        ),
        ("Temperature_Celsius", "Relative_Humidity"),
    ),
    "Netatmo": Export(
        lines(
            NETATMO,
            lambda s: f'{EPOCH[s]};"{SPACED[s].replace("-", "/")}";{WARM[s]:.1f};{40 + s % 5};{600 + WAVE[s] * 5:.0f}',
        ),
        ("Temperature", "Humidity", "CO2"),
    ),
    "Keysight oscilloscope": Export(
        lines(
            "x-axis,1,2\nsecond,Volt,Volt",
            lambda s: f"{-1.2e-3 + s * 2e-5:+.9E},{WAVE[s] / 10:+.5E},{-WAVE[s] / 20:+.5E}",
        ),
        ("1", "2"),
        first=-0.0012,
        last=0.00118,
    ),
    "PicoScope": Export(
        lines(
            "Time,Channel A,Channel B\n(ms),(V),(mV)\n",
            lambda s: f"{-1 + s * 0.02:.8f},{WAVE[s] / 10:.8f},{WAVE[s]:.8f}",
        ),
        ("Channel A", "Channel B"),
        first=-1,
        last=1.38,
        units={"Channel A": "V", "Channel B": "mV"},
    ),
    "NI FlexLogger": Export(
        lines("Time,Dev1/ai0 (V),Dev1/ai1 (°C)", lambda s: f"{AMERICAN[s]},{WAVE[s] / 10:.6f},{WARM[s]:.4f}"),
        ("Dev1/ai0 (V)", "Dev1/ai1 (°C)"),
        units={"Dev1/ai0 (V)": "V"},
    ),
}
