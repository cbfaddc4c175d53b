"""Every choice a user can make: default, limits, help. Command-line flags and widgets are drawn from these."""

import re
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from anomaly.exceptions import SettingsError

FILE_ENDINGS = (
    "csv", "txt", "tsv", "dat", "gz", "zip", "parquet", "feather", "arrow", "json", "jsonl", "ndjson", "npy", "npz",
    "xlsx", "xlsm", "xlsb", "xls", "ods", "hea", "atr", "edf", "bdf",
)  # fmt: skip
"""what is offered when a file is chosen; what a file is, is told by its bytes"""
RULES = {
    "margin": "margin above the 99 % quantile",
    "budget": "alarms in the unit of time",
    "quantile": "quantile",
    "sigma": "robust standard deviations above the median",
    "pot": "share of steps that may alarm falsely",
    "ndt": "least drop between sequences that are kept",
    "best": "",
    "value": "score itself",
}
"""how the threshold can be set, and what `threshold` then means"""
HEALTHY_MARGIN = 1.5
"""the margin above a train span chosen to be healthy; 0 where all of the file was learnt from, anomalies too"""
DEFAULT_THRESHOLDS = {"budget": 1.0, "quantile": 0.995, "sigma": 6.0, "pot": 1e-4, "ndt": 0.13, "best": 0.0}
"""`threshold` when left out; the rule `value` has none"""
NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+")
LIMITS = {"quantile": 1.0, "pot": 1.0, "ndt": 1.0}
"""the most that `threshold` can be, under some rules; the least is 0, but for a margin, which can lie below"""


class Settings(BaseModel):
    """Frozen, checked on construction; a wrong value raises `SettingsError` with a sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(_sentence(error)) from None


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


class FitSettings(Settings):
    """How the forecaster is built and trained."""

    train_fraction: float | None = Field(
        None, gt=0, le=1, title="Train fraction", description="learn from this leading share of each record"
    )
    train_rows: int | None = Field(
        None, ge=1, title="Train rows", description="learn from this many leading steps of each record"
    )
    train_until: str | None = Field(None, title="Train until", description="learn from the steps before this time")
    cell: Literal["lstm", "gru", "rnn", "relu", "feedforward"] = Field(
        "lstm",
        title="Cell",
        description="lstm and gru have gates that keep what matters; rnn (tanh) and relu have none; feedforward has no "
        "memory but a fixed window",
    )
    hidden_units: int = Field(64, ge=1, le=2048, title="Hidden units", description="size of the hidden state")
    layers: int = Field(1, ge=1, le=4, title="Layers", description="recurrent layers, one on top of the other")
    bptt_steps: int = Field(
        64,
        ge=1,
        le=10_000_000,
        title="BPTT steps",
        description="steps the gradient travels back before it is cut (truncated backpropagation through time); the "
        "length of the record or more cuts nothing",
    )
    window_steps: int = Field(
        64, ge=1, le=10_000, title="Window steps", description="last steps that a feedforward network sees"
    )
    recurrent_init: Literal["auto", "uniform", "orthogonal", "identity", "glorot"] = Field(
        "auto",
        title="Recurrent weights",
        description="how the weights from state to state begin; auto takes identity for relu, orthogonal for rnn, "
        "uniform for the gated cells",
    )
    forget_bias: float | Literal["chrono"] = Field(
        0.0,
        title="Forget-gate bias",
        description="added to the gate that keeps the state: higher remembers longer; chrono spreads memories from 1 "
        "step to the BPTT steps",
    )
    horizons: tuple[int, ...] = Field(
        (1,), min_length=1, title="Horizons", description="how many steps ahead to predict (comma separated)"
    )
    learning_rate: float = Field(
        5e-3, gt=0, le=1, title="Learning rate", description="peak step size of the one-cycle schedule"
    )
    epochs: int = Field(60, ge=1, le=10_000, title="Epochs", description="most passes over the train span")
    most_steps: int = Field(
        6_000_000,
        ge=1,
        title="Most steps",
        description="most steps to learn from in all epochs together: long files get fewer epochs, but 8 at least",
    )
    patience: int = Field(
        8, ge=1, le=10_000, title="Patience", description="stop after this many epochs without a better validation loss"
    )
    weight_decay: float = Field(
        0.01, ge=0, le=1, title="Weight decay", description="how strongly weights are drawn to 0 (AdamW)"
    )
    dropout: float = Field(
        0.0, ge=0, lt=1, title="Dropout", description="share of hidden values left out between layers while training"
    )
    gradient_norm: float = Field(
        1.0, gt=0, title="Gradient norm", description="a gradient longer than this is cut to it before each update"
    )
    input_noise: float = Field(
        0.1,
        ge=0,
        le=1,
        title="Input noise",
        description="noise added to the inputs while training, in standard deviations; "
        "keeps the forecaster from copying the last value",
    )
    seed: int = Field(0, ge=0, lt=2**31, title="Seed", description="start of every random draw")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", title="Device", description="where to compute; auto takes a GPU when there is one"
    )

    @property
    def drawn_init(self) -> str:
        """`recurrent_init` with auto resolved."""
        if self.recurrent_init != "auto":
            return self.recurrent_init
        return {"relu": "identity", "rnn": "orthogonal"}.get(self.cell, "uniform")

    @property
    def names_train_span(self) -> bool:
        """Whether a part of the file was chosen to learn from, rather than all of it."""
        return any(getattr(self, name) is not None for name in ("train_fraction", "train_rows", "train_until"))

    @field_validator("horizons")
    @classmethod
    def _sort_horizons(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(horizons))

    @model_validator(mode="after")
    def _check_spans_and_horizons(self) -> Self:
        chosen = [name for name in ("train_fraction", "train_rows", "train_until") if getattr(self, name) is not None]
        if len(chosen) > 1:
            raise ValueError(f"expected at most one way to choose the train span, found {' and '.join(chosen)}")
        if min(self.horizons) < 1 or len(set(self.horizons)) != len(self.horizons):
            raise ValueError(f"horizons: expected different whole numbers from 1 up, found {self.horizons}")
        return self


class DetectSettings(Settings):
    """How scores become a threshold and events. Changing any of these never retrains."""

    smoothing: int | Literal["auto"] = Field(
        "auto",
        title="Smoothing",
        description="width in steps; auto takes the fewest dominant periods that make 40 steps, 1 turns it off",
    )
    smoothing_window: Literal["centred", "trailing"] = Field(
        "centred",
        title="Smoothing window",
        description="centred puts the flag where the anomaly is, and so looks ahead by a little over two widths; "
        "trailing looks back only",
    )
    threshold_rule: Literal["margin", "budget", "quantile", "sigma", "pot", "ndt", "best", "value"] = Field(
        "margin",
        title="Threshold rule",
        description="how the threshold is set: margin above the reference scores, alarm budget, quantile, sigma, "
        "peaks over threshold, nonparametric dynamic threshold, best F1 on the labels (which it sees), or a value",
    )
    threshold: float | None = Field(
        None,
        title="Threshold",
        description="the rule's number: " + ", ".join(f"{rule}: {text}" for rule, text in RULES.items() if text),
    )
    budget_per: Literal["1000 steps", "hour", "day", "week"] = Field(
        "1000 steps", title="Budget per", description="the unit of time of an alarm budget"
    )
    leave: float = Field(
        1.0,
        gt=0,
        le=1,
        title="Leave level",
        description="an event lasts until the score falls to this share of the threshold (hysteresis)",
    )
    merge_gap: int | Literal["auto"] = Field(
        "auto",
        title="Merge gap",
        description="join flagged runs at most this many steps apart; auto takes the smoothing width",
    )
    min_length: int = Field(1, ge=1, title="Minimum length", description="drop events of fewer steps than this")
    min_effect: dict[str, float] = Field(
        {},
        title="Minimum effect",
        description="drop events led by a channel that is never this far from what was expected, in its own units "
        "(comma separated: temperature=0.5,flow=2)",
    )

    @field_validator("min_effect", mode="before")
    @classmethod
    def _read_pairs(cls, effects: Any) -> Any:
        """ "flow=0.5,temperature=2" as names and numbers."""
        if not isinstance(effects, str):
            return effects
        pairs = [part.rpartition("=") for part in effects.split(",") if part.strip()]
        for name, equals, number in pairs:
            if not equals or not name.strip() or not NUMBER.fullmatch(number.strip()):
                raise ValueError(f"min_effect: expected CHANNEL=NUMBER, found {(name + equals + number).strip()!r}")
        return {name.strip(): float(number) for name, _, number in pairs}

    @model_validator(mode="after")
    def _check_threshold_fits_rule(self) -> Self:
        if isinstance(self.smoothing, int) and self.smoothing < 1:
            raise ValueError(f"smoothing: expected auto or a whole number from 1 up, found {self.smoothing}")
        if isinstance(self.merge_gap, int) and self.merge_gap < 0:
            raise ValueError(f"merge_gap: expected auto or a whole number from 0 up, found {self.merge_gap}")
        if any(effect < 0 for effect in self.min_effect.values()):
            raise ValueError(f"min_effect: expected numbers from 0 up, found {self.min_effect}")
        if self.threshold is None:
            if self.threshold_rule == "value":
                raise ValueError("threshold: the rule 'value' needs the score to use, for example 2.5")
            return self
        if self.threshold_rule == "best":
            raise ValueError("threshold: the rule 'best' finds its own and takes no number")
        most = LIMITS.get(self.threshold_rule, float("inf"))
        if (self.threshold < 0 and self.threshold_rule != "margin") or self.threshold > most:
            limits = "from 0 up" if most == float("inf") else f"from 0 to {most:g}"
            raise ValueError(
                f"threshold: the rule '{self.threshold_rule}' expects a number {limits}, found {self.threshold:g}"
            )
        return self

    def threshold_parameter(self, healthy: bool) -> float:
        """`threshold`, or the rule's default; `healthy`: whether the train span was chosen to be so."""
        if self.threshold is not None:
            return self.threshold
        if self.threshold_rule == "margin":
            return HEALTHY_MARGIN if healthy else 0.0
        return DEFAULT_THRESHOLDS[self.threshold_rule]


EXPECTED = {
    "literal_error": "{expected}",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "int": "a whole number",
    "float": "a number",
    "too_short": "at least {min_length}",
}
"""pydantic's kinds of error in our words, the limits as it names them"""

SettingsType = TypeVar("SettingsType", bound=Settings)


def pick(kind: type[SettingsType], values: dict[str, Any]) -> SettingsType:
    """The `kind` of settings whose fields stand in `values`; fields of other kinds and None are passed over."""
    return kind(**{name: values[name] for name in kind.model_fields if values.get(name) is not None})


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{message[0].upper()}{message[1:]}."
    if first["type"] == "extra_forbidden":
        return f"There is no setting called {name!r}."
    limit = first.get("ctx", {})
    expected = next((text.format(**limit) for kind, text in EXPECTED.items() if first["type"].startswith(kind)), None)
    if expected is None:
        return f"{name}: {message[0].lower()}{message[1:]}, found {first['input']!r}."
    return f"{name}: expected {expected}, found {first['input']!r}."
