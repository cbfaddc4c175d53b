"""How files are read: which column plays which part."""

from typing import Any, Literal, get_args

from pydantic import Field, field_validator

from anomaly.domain.settings.checking import Settings, read_pairs

FILE_ENDINGS = (
    "csv", "txt", "tsv", "dat", "gz", "zip", "parquet", "feather", "arrow", "json", "jsonl", "ndjson", "npy", "npz",
    "xlsx", "xlsm", "xlsb", "xls", "ods", "hea", "atr", "edf", "bdf",
)  # fmt: skip
"""what is offered when a file is chosen; what a file is, is told by its bytes"""

Kind = Literal["value", "angle", "counter", "state", "count"]
"""what the numbers of a channel are: a quantity; a direction, where 359 is next to 1; a meter that only rises, but for
resets; one of few states; how many of something happened"""
KINDS: tuple[Kind, ...] = get_args(Kind)


class ReadSettings(Settings):
    """Which column plays which part. What is left out is proposed by looking at the file; "" means none."""

    time: str | None = Field(None, title="Time column", description="column that orders the rows")
    record: str | None = Field(None, title="Record column", description="column naming the record a row belongs to")
    channels: tuple[str, ...] | None = Field(
        None, title="Monitored channels", description="columns to forecast and score (comma separated)"
    )
    context: tuple[str, ...] | None = Field(
        None, title="Context channels", description="columns the forecaster sees but that are not scored"
    )
    labels: str | None = Field(None, title="Label column", description="column of known anomalies (never learnt from)")
    ignore: str | None = Field(
        None,
        title="Ignore while",
        description="rule on one column, such as running=0 or speed<5: steps where it holds are neither learnt nor "
        "scored",
    )
    sheet: str | None = Field(None, title="Sheet", description="sheet of a workbook; left out: the one with most rows")
    date_order: Literal["day", "month"] | None = Field(
        None,
        title="Date order",
        description="what comes first in dates such as 03/04/2025; left out: told by the whole column",
    )
    sampling: Literal["auto", "keep", "resample"] = Field(
        "auto",
        title="Uneven steps",
        description="keep makes the time since the last step an input, resample brings the rows onto even steps; auto "
        "looks at the file",
    )
    step: float | None = Field(
        None, gt=0, title="Step", description="even step in seconds, or in the unit of the time column, to resample to"
    )
    layout: Literal["auto", "wide", "long"] = Field(
        "auto",
        title="Layout",
        description="wide has a column for each channel, long a row for each measurement (time, variable, value)",
    )
    variable: str | None = Field(
        None, title="Variable column", description="column of a long table that names what was measured; makes it long"
    )
    value: str | None = Field(
        None, title="Value column", description="column of a long table that holds what was measured; makes it long"
    )
    measured: tuple[str, ...] | None = Field(
        None,
        title="All numbers measured in",
        description="channels (comma separated) all of whose numbers are measurements, also those that look like a "
        "code for missing, such as -999, 255 or 65535",
    )
    kinds: dict[str, Kind] = Field(
        {},
        title="Kinds",
        description="what the numbers of a channel are (comma separated: wind_direction=angle,energy=counter): value, "
        "angle, counter, state or count",
    )

    @field_validator("kinds", mode="before")
    @classmethod
    def _read_pairs(cls, kinds: Any) -> Any:
        """ "wind=angle,energy=counter", or a sequence of such, as names and kinds."""
        if isinstance(kinds, dict):
            return kinds
        text = kinds if isinstance(kinds, str) else ",".join(map(str, kinds))
        return read_pairs(text, "kinds", f"KIND, the kind one of {', '.join(KINDS)}", KINDS.__contains__)
