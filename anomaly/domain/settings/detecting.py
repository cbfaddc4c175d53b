"""How scores become a threshold and events."""

import re
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from anomaly.domain.settings.checking import Settings, read_pairs

RULES = {
    "rate": "false alarms to be expected in the unit",
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
"""default margin where the user chose a healthy train span; 0 where the whole file was learnt from, anomalies too"""
DEFAULT_THRESHOLDS = {
    "rate": 0.1,
    "budget": 1.0,
    "quantile": 0.995,
    "sigma": 6.0,
    "pot": 1e-4,
    "ndt": 0.13,
    "best": 0.0,
}
"""`threshold` when left out; the rule `value` has none"""
WIDEST = 10_000_000
"""steps that scores can be smoothed over: laying out more would take gigabytes"""
NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+")
LIMITS = {"quantile": 1.0, "pot": 1.0, "ndt": 1.0}
"""the most that `threshold` can be, under some rules; the least is 0, but for a margin, which can lie below"""


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
    threshold_rule: Literal["rate", "margin", "budget", "quantile", "sigma", "pot", "ndt", "best", "value"] = Field(
        "rate",
        title="Threshold rule",
        description="how the threshold is set: by the rate of false alarms, margin above the reference scores, alarm "
        "budget, quantile, sigma, peaks over threshold, nonparametric dynamic threshold, best F1 on the labels (which "
        "it sees), or a value",
    )
    threshold: float | None = Field(
        None,
        title="Threshold",
        description="the rule's number: " + ", ".join(f"{rule}: {text}" for rule, text in RULES.items() if text),
    )
    budget_per: Literal["auto", "file", "1000 steps", "hour", "day", "week"] = Field(
        "auto",
        title="Alarms per",
        description="the unit that alarms of the rules rate and budget are counted in; file is all that was given "
        "together, auto takes it for rate and 1000 steps for budget",
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
        pairs = read_pairs(effects, "min_effect", "NUMBER", NUMBER.fullmatch)
        return {channel: float(number) for channel, number in pairs.items()}

    @model_validator(mode="after")
    def _check_threshold_fits_rule(self) -> Self:
        if isinstance(self.smoothing, int) and not 1 <= self.smoothing <= WIDEST:
            raise ValueError(
                f"smoothing: expected auto or a whole number from 1 up to {WIDEST:,}, found {self.smoothing}"
            )
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

    @property
    def alarm_unit(self) -> str:
        """`budget_per` with auto resolved."""
        if self.budget_per != "auto":
            return self.budget_per
        return "file" if self.threshold_rule == "rate" else "1000 steps"

    def threshold_parameter(self, healthy: bool) -> float:
        """`threshold`, or the rule's default; `healthy`: whether the train span was chosen to be so."""
        if self.threshold is not None:
            return self.threshold
        if self.threshold_rule == "margin":
            return HEALTHY_MARGIN if healthy else 0.0
        return DEFAULT_THRESHOLDS[self.threshold_rule]
