"""The demonstrations: what each shows and what is hidden in it. Light for the first page; `synthetic.py` makes them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Demo:
    """One demonstration file and what is hidden in it."""

    name: str
    title: str
    description: str
    train_fraction: float | None
    """the leading share known to be healthy, which the app learns from; None where anomalies end every record"""
    planted: tuple[str, ...]


DEMOS: dict[str, Demo] = {
    demo.name: demo
    for demo in (
        Demo(
            name="pump",
            title="Water pump",
            description="Six weeks of flow, pressure, vibration and bearing temperature of a pump, every ten minutes.",
            train_fraction=0.45,
            planted=(
                "Pressure spike: one row at 2025-03-23T12:00:00, as from a water hammer.",
                "Bearing fault: from 2025-03-26T04:30:00 vibration creeps up while the pump runs, then the bearing "
                "temperature; repaired at 22:30, warm until 2025-03-27T00:50:00.",
                "Stuck sensor: pressure is flat from 2025-04-01T08:00:00 to 19:50 while the pump stops and starts.",
                "Drift: the flow sensor reads less and less, 16 % at last, from 2025-04-05T18:00:00 to "
                "2025-04-07T05:50:00.",
                "Vibration spike: two rows from 2025-04-10T18:30:00.",
                "Not labelled: 40 rows are missing after 2025-03-29T09:50:00, and the cells of flow and vibration are "
                "empty from 2025-04-03T13:00:00 to 16:50.",
            ),
        ),
        Demo(
            name="ecg",
            title="Heartbeat",
            description="One hundred seconds of a one-lead electrocardiogram, a hundred samples a second.",
            train_fraction=0.45,
            planted=(
                "Premature ventricular beats, early and wide, each followed by a compensatory pause: labelled from "
                "45.85, 55.01, 63.42, 80.07 and 90.18 s for about a second each.",
                "Pause: no beat for 2.5 s; labelled from 71.18 s, where the next one was due, to 72.83 s.",
            ),
        ),
        Demo(
            name="ward",
            title="Hospital ward",
            description="Hourly vital signs of forty patients, with stays of unequal length and missing measurements.",
            train_fraction=None,
            planted=(
                "Deterioration: P04, P11, P17, P22, P28, P33 and P39 worsen over the last 8 to 15 hours of their stay "
                "(heart rate, breathing and temperature up, oxygen and blood pressure down), labelled from the onset.",
                "Not labelled: 9 % of the cells are empty, P14 never has a temperature, and times are uneven.",
            ),
        ),
    )
}
