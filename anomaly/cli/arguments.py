"""The flags of the commands, drawn from the settings: one for each field, with its limits, help and default."""

import argparse
from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Any, NoReturn, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from anomaly.domain import Settings, SettingsError

SINGLE = {"kinds": "kind"}
"""flags that may be given once for each"""


class Parser(argparse.ArgumentParser):
    """Whole names only: what today begins one flag alone begins two tomorrow. What is wrong is an AnomalyError."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message[0].upper()}{message[1:]}. See `{self.prog} --help`.")


def add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="CSV, Excel, ODS, Parquet, Feather, JSON, NumPy, WFDB or EDF file, packed or not; several are the records "
        "of one dataset; - is standard input",
    )


def add_flags(parser: argparse.ArgumentParser, *kinds: type[Settings]) -> None:
    for kind in kinds:
        group = parser.add_argument_group((kind.__doc__ or kind.__name__).splitlines()[0].rstrip("."))
        for name, field in kind.model_fields.items():
            default = "" if field.default is None else f" (default: {_show(field.default)})"
            group.add_argument(
                f"--{SINGLE.get(name, name).replace('_', '-')}",
                dest=name,
                action="append" if name in SINGLE else "store",
                metavar=_metavar(name, field),
                type=_reader(name, field),
                help=f"{field.description}{default}".replace("%", "%%"),
            )


def _metavar(name: str, field: FieldInfo) -> str:
    if dict in [get_origin(kind) for kind in _kinds(field)]:
        return "NAME=KIND" if name == "kinds" else "COL=X"
    choices = [choice for kind in _kinds(field) for choice in get_args(kind) if isinstance(choice, str)]
    if tuple in [get_origin(kind) for kind in _kinds(field)]:
        return {"horizons": "1,8", "holidays": "DE,DATE"}.get(name, "A,B")
    number = "N" if int in _kinds(field) else ""
    if choices:
        return "|".join([number, *choices] if number else choices)
    known = {"train_until": "TIME", "train_fraction": "F", "sheet": "SHEET", "ignore": "RULE"}
    return number or known.get(name, "X" if float in _kinds(field) else "COL")


def _reader(name: str, field: FieldInfo) -> Any:
    """A function that turns the flag's text into what the settings check; their sentence says what is wrong."""
    kinds = _kinds(field)

    def read(text: str) -> Any:
        if dict in [get_origin(kind) for kind in kinds]:
            return text
        if tuple in [get_origin(kind) for kind in kinds]:
            parts = [part.strip() for part in text.split(",") if part.strip()]
            return tuple(_number(part, name, int) for part in parts) if name == "horizons" else tuple(parts)
        if int in kinds and text not in _choices(kinds):
            return _number(text, name, int, _choices(kinds))
        return _number(text, name, float) if float in kinds else text

    return read


def _kinds(field: FieldInfo) -> tuple[Any, ...]:
    """The types a field takes, None aside."""
    if get_origin(field.annotation) in (Union, UnionType):
        return tuple(kind for kind in get_args(field.annotation) if kind is not NoneType)
    return (field.annotation,)


def _choices(kinds: Sequence[Any]) -> list[Any]:
    return [choice for kind in kinds for choice in get_args(kind)]


def _number(text: str, name: str, kind: type[int] | type[float], words: Sequence[str] = ()) -> float:
    try:
        return kind(text)
    except ValueError:
        wanted = " or ".join([*words, "a whole number" if kind is int else "a number"])
        raise SettingsError(f"--{name.replace('_', '-')}: expected {wanted}, found {text!r}.") from None


def _show(default: Any) -> str:
    if default in ({}, ()):
        return "none"
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
