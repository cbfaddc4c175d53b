"""What all settings share: they are frozen, checked when they are made, and refused in a sentence."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from anomaly.domain.exceptions import SettingsError


class Settings(BaseModel):
    """Frozen, checked on construction; a wrong value raises `SettingsError` with a sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(_sentence(error)) from None


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


def read_pairs(text: str, name: str, value: str, is_value: Callable[[str], object]) -> dict[str, str]:
    """ "flow=0.5,temperature=2" -> names and values. Raises ValueError for a part that is no channel with a value;
    `value` says what is expected."""
    pairs = [part.rpartition("=") for part in text.split(",") if part.strip()]
    for channel, equals, found in pairs:
        if not equals or not channel.strip() or not is_value(found.strip()):
            raise ValueError(f"{name}: expected CHANNEL={value}, found {(channel + equals + found).strip()!r}")
    return {channel.strip(): found.strip() for channel, _, found in pairs}


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{message[0].upper()}{message[1:]}."
    if first["type"] == "extra_forbidden":
        return f"There is no setting called {name!r}."
    # A setting that takes a word or a number has an error for each.
    ways = [_expected(one) for one in error.errors() if one["loc"][:1] == first["loc"][:1]]
    expected = " or ".join(way for way in ways if way is not None)
    if not expected:
        return f"{name}: {message[0].lower()}{message[1:]}, found {first['input']!r}."
    return f"{name}: expected {expected}, found {first['input']!r}."


def _expected(error: Any) -> str | None:
    limits = error.get("ctx", {})
    return next((text.format(**limits) for kind, text in EXPECTED.items() if error["type"].startswith(kind)), None)
