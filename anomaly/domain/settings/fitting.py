"""How the forecaster is built and trained."""

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from anomaly.domain.days_off import check_day_off
from anomaly.domain.settings.checking import Settings


class FitSettings(Settings):
    """How the forecaster is built and trained."""

    train_fraction: float | None = Field(
        None, gt=0, le=1, title="Train fraction", description="learn from this leading share of each record"
    )
    train_rows: int | None = Field(
        None, ge=1, title="Train rows", description="learn from this many leading steps of each record"
    )
    train_until: str | None = Field(None, title="Train until", description="learn from the steps before this time")
    calendar: Literal["auto", "off"] = Field(
        "auto",
        title="Calendar",
        description="hour of day and day of week as inputs; auto gives the forecaster those that the train span shows "
        "to matter, where it has time stamps over several days or weeks",
    )
    holidays: tuple[str, ...] = Field(
        (),
        title="Holidays",
        description="days off, which are expected to be like Sundays: a country (DE), a part of it (DE-BY), or dates "
        "(2024-02-12), comma separated",
    )
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

    @field_validator("holidays", mode="before")
    @classmethod
    def _check_holidays(cls, entries: Any) -> Any:
        """ "DE-BY, 2024-02-12" as well as a list of both; as they are kept, none twice."""
        parts = entries.split(",") if isinstance(entries, str) else entries
        if not isinstance(parts, list | tuple):
            return entries
        texts = [str(part).strip() for part in parts]
        return tuple(dict.fromkeys(check_day_off(text) for text in texts if text))

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
