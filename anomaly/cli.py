"""The command line: every flag drawn from the settings, every command a thin call of the pipeline."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, NoReturn, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from anomaly.exceptions import AnomalyError, SettingsError
from anomaly.settings import DetectSettings, FitSettings, ReadSettings, Settings, pick

if TYPE_CHECKING:  # --help should not wait for pandas, let alone torch
    from anomaly.domain import Dataset
    from anomaly.fitting import Fitted

BAD_INPUT = 2
INTERRUPTED = 130
LABEL_FILE = "CSV file of known anomalies to compare with: start,end and perhaps record, or TRAINSET's labels"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. 0: it worked; 2: one sentence on stderr says what is wrong with the input or settings."""
    try:
        chosen, unknown = _make_parser().parse_known_args(arguments)
        if unknown:
            raise SettingsError(
                f"Unrecognized arguments: {' '.join(unknown)}. See `python -m anomaly {chosen.run.__name__} --help`."
            )
        chosen.run(vars(chosen))
    except AnomalyError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def detect(values: dict[str, Any]) -> None:
    """Fit on the files and write what was found."""
    from anomaly.pipeline import check_settings

    # Every setting, and the folder, is checked before minutes of training.
    fit_settings, settings = pick(FitSettings, values), pick(DetectSettings, values)
    _check_folder(values["out"])
    dataset = _label(_read(values["files"], pick(ReadSettings, values)), values["labels_from"])
    check_settings(dataset, settings)
    _write(_fit(dataset, fit_settings), dataset, settings, values["out"], values["report"])


def fit(values: dict[str, Any]) -> None:
    """Fit on the files and keep the model."""
    from anomaly import storage

    settings = pick(FitSettings, values)
    _check_folder(values["model"])
    dataset = _read(values["files"], pick(ReadSettings, values))
    storage.save(_fit(dataset, settings), values["model"])
    print(f"Model kept in {values['model']}.")


def score(values: dict[str, Any]) -> None:
    """Score files with a kept model and write what was found."""
    from anomaly import storage
    from anomaly.drift import say_drift
    from anomaly.pipeline import same_columns

    settings = pick(DetectSettings, values)
    _check_folder(values["out"])
    fitted = storage.load(values["model"])
    known = same_columns(fitted)
    dataset = _read(values["files"], known.model_copy(update=pick(ReadSettings, values).model_dump(exclude_unset=True)))
    dataset = _label(dataset, values["labels_from"])
    moved = say_drift(fitted.drift(dataset))
    if moved:
        print(moved, file=sys.stderr)
    _write(fitted, dataset, settings, values["out"], values["report"])


def demo(values: dict[str, Any]) -> None:
    """Write a demonstration file."""
    from anomaly.synthetic import demo_csv

    content = demo_csv(values["name"])
    out = Path(values["out"])
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    except OSError as error:
        raise SettingsError(f"{out} cannot be written: {error.strerror}.") from None
    print(f"{out}: {content.count(10) - 1:,} rows.")


def datasets(values: dict[str, Any]) -> None:
    """List the public data sets, or download one."""
    from anomaly import catalogue

    if values["action"] == "list":
        for one in catalogue.entries():
            print(f"{one.name}\n  {one.title}. {one.labelled}\n  Licence: {one.licence}")
        return
    if values["name"] is None:
        raise SettingsError(f"datasets get: expected a NAME; `{catalogue.LIST_COMMAND}` lists them.")
    entry = catalogue.find(values["name"])
    folder = Path(values["out"] or entry.name)
    _check_folder(str(folder))
    for path in catalogue.get(entry, folder):
        print(path)
    for warning in catalogue.unchecked(entry, folder):
        print(warning)


def _check_folder(folder: str) -> None:
    """That a file stands where the results should go is said before minutes of training, not after."""
    nearest = next((path for path in (Path(folder), *Path(folder).parents) if path.exists()), None)
    if nearest is not None and not nearest.is_dir():
        raise SettingsError(f"{folder} cannot be written: expected a folder, but {nearest} is a file.")


def _read(files: list[str], settings: ReadSettings) -> "Dataset":
    from anomaly.pipeline import read

    dataset = read(files, settings)
    context = f" with {', '.join(dataset.columns.context)} as context" * bool(dataset.columns.context)
    records = f"{len(dataset.series):,} record{'s' * (len(dataset.series) > 1)}"
    print(f"{dataset.name}: {dataset.steps:,} steps, {records}, monitoring {', '.join(dataset.monitored)}{context}.")
    for repair in dataset.repairs:
        print(f"  {repair}.")
    return dataset


def _label(dataset: "Dataset", file: str | None) -> "Dataset":
    """The known anomalies of a file of their own."""
    if file is None:
        return dataset
    from anomaly.labelling import label_dataset
    from anomaly.reading import read_table

    labelled = label_dataset(dataset, read_table(file))
    for repair in labelled.repairs[len(dataset.repairs) :]:
        print(f"  {repair}.")
    return labelled


def _fit(dataset: "Dataset", settings: FitSettings) -> "Fitted":
    """Train with a progress bar; Ctrl-C once ends training and goes on with the best weights so far."""
    from anomaly.durations import say_duration
    from anomaly.fitting import estimate, fit
    from anomaly.memory import describe_memory, suggest_bptt
    from anomaly.progress import training_progress

    effort = estimate(dataset, settings)
    print(f"Training takes at most {effort.epochs:,} epochs, about {say_duration(effort.seconds)}.")
    suggested = suggest_bptt(dataset, settings)
    if suggested is not None:
        print(suggested[1])
    with training_progress() as (on_epoch, should_stop):
        fitted = fit(dataset, settings, on_epoch=on_epoch, should_stop=should_stop)
    print(fitted.ended, describe_memory(fitted, dataset))
    return fitted


def _write(fitted: "Fitted", dataset: "Dataset", settings: DetectSettings, out: str, with_report: bool = False) -> None:
    from anomaly import export, pipeline
    from anomaly.assessment import agree

    detection = pipeline.detect(fitted, dataset, settings)
    written = export.write_files(detection, fitted, out)
    if with_report:
        from anomaly.report import report_html

        written.append(Path(out) / "report.html")
        written[-1].write_bytes(report_html(detection, fitted))
    count = len(detection.events)
    print(f"{count:,} event{'s' * (count != 1)} above {detection.threshold.value:.6g}: {', '.join(map(str, written))}.")
    if detection.threshold.note:
        print(detection.threshold.note)
    if dataset.has_labels:
        _, events = agree(detection)
        known = events.found + events.missed
        alarms = f"{events.false:,} false alarm{'s' * (events.false != 1)}"
        print(f"{events.found:,} of {known:,} known anomalies found, {alarms}; more in run.json.")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message[0].upper()}{message[1:]}. See `{self.prog} --help`.")


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m anomaly",
        description="Find the unforeseen in time series: a recurrent forecaster, its surprises, and what made them.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    one = commands.add_parser("detect", help="fit on FILE... and write events.csv, points.csv and run.json to DIR")
    one.set_defaults(run=detect)
    _add_files(one)
    one.add_argument("--out", metavar="DIR", required=True, help="folder for the results")
    one.add_argument("--labels-from", metavar="FILE", help=LABEL_FILE)
    one.add_argument("--report", action="store_true", help="write report.html beside them: one page to send")
    _add_flags(one, ReadSettings, FitSettings, DetectSettings)

    one = commands.add_parser("fit", help="fit on FILE... and keep the model in DIR")
    one.set_defaults(run=fit)
    _add_files(one)
    one.add_argument("--model", metavar="DIR", required=True, help="folder for the model")
    _add_flags(one, ReadSettings, FitSettings)

    one = commands.add_parser("score", help="score FILE... with a kept model, without fitting again")
    one.set_defaults(run=score)
    _add_files(one)
    one.add_argument("--model", metavar="DIR", required=True, help="folder of the model")
    one.add_argument("--out", metavar="DIR", required=True, help="folder for the results")
    one.add_argument("--labels-from", metavar="FILE", help=LABEL_FILE)
    one.add_argument("--report", action="store_true", help="write report.html beside them: one page to send")
    _add_flags(one, ReadSettings, DetectSettings)

    one = commands.add_parser("demo", help="write a demonstration file: pump, ecg or ward")
    one.set_defaults(run=demo)
    one.add_argument("name", metavar="NAME", help="pump, ecg or ward")
    one.add_argument("--out", metavar="FILE", required=True, help="file to write")

    one = commands.add_parser("datasets", help="list public data sets with known anomalies, or get one by its NAME")
    one.set_defaults(run=datasets)
    one.add_argument("action", choices=["list", "get"], help="list them all, or download one")
    one.add_argument("name", metavar="NAME", nargs="?", help="as the list calls it")
    one.add_argument("--out", metavar="DIR", help="folder for the files (default: NAME)")
    return parser


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="CSV, Excel, ODS, Parquet, Feather, JSON, NumPy, WFDB or EDF file, packed or not; several are the records "
        "of one dataset",
    )


def _add_flags(parser: argparse.ArgumentParser, *kinds: type[Settings]) -> None:
    for kind in kinds:
        group = parser.add_argument_group((kind.__doc__ or kind.__name__).splitlines()[0].rstrip("."))
        for name, field in kind.model_fields.items():
            default = "" if field.default is None else f" (default: {_show(field.default)})"
            group.add_argument(
                f"--{name.replace('_', '-')}",
                dest=name,
                metavar=_metavar(name, field),
                type=_reader(name, field),
                help=f"{field.description}{default}".replace("%", "%%"),
            )


def _metavar(name: str, field: FieldInfo) -> str:
    if dict in [get_origin(kind) for kind in _kinds(field)]:
        return "COL=X"
    choices = [choice for kind in _kinds(field) for choice in get_args(kind) if isinstance(choice, str)]
    if tuple in [get_origin(kind) for kind in _kinds(field)]:
        return "1,8" if name == "horizons" else "A,B"
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
    if default == {}:
        return "none"
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
