"""The commands, each a thin call of what the pages and `import anomaly` call too."""

import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anomaly.cli.terminal import say
from anomaly.domain import (
    DetectSettings,
    FitSettings,
    ReadSettings,
    SettingsError,
    pick,
    remove_left_behind,
    shipped,
)

if TYPE_CHECKING:  # --help should not wait for pandas, let alone torch
    from anomaly.domain import Dataset
    from anomaly.forecasting import Fitted


def app(values: dict[str, Any]) -> None:
    """Start the app, until it is ended."""
    remove_left_behind()
    # Its settings lie in the folder .streamlit beside it.
    command = [sys.executable, "-m", "streamlit", "run", str(shipped("app.py")), *values["unknown"]]
    ended = subprocess.run(command, check=False)
    if ended.returncode > 0:
        raise SettingsError("The app did not start: what Streamlit says stands above.")


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
    from anomaly.forecasting import storage

    settings = pick(FitSettings, values)
    _check_folder(values["model"])
    dataset = _read(values["files"], pick(ReadSettings, values))
    storage.save(_fit(dataset, settings), values["model"])
    say(f"Model kept in {values['model']}.")


def score(values: dict[str, Any]) -> None:
    """Score files with a kept model and write what was found."""
    from anomaly.forecasting import say_drift, storage
    from anomaly.pipeline import same_columns
    from anomaly.reading import kinds_among

    settings = pick(DetectSettings, values)
    _check_folder(values["out"])
    fitted = storage.load(values["model"])
    known = same_columns(fitted)
    given = pick(ReadSettings, values)
    kinds = kinds_among(given.channels or known.channels or (), known.kinds) | given.kinds
    changed = given.model_dump(exclude_unset=True) | {"kinds": kinds}
    dataset = _read(values["files"], known.model_copy(update=changed))
    dataset = _label(dataset, values["labels_from"])
    moved = say_drift(fitted.drift(dataset))
    if moved:
        say(moved, sys.stderr)
    _write(fitted, dataset, settings, values["out"], values["report"])


def demo(values: dict[str, Any]) -> None:
    """Write a demonstration file."""
    from anomaly.reading import demo_csv

    content = demo_csv(values["name"])
    out = Path(values["out"])
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    except OSError as error:
        raise SettingsError(f"{out} cannot be written: {error.strerror}.") from None
    say(f"{out}: {content.count(10) - 1:,} rows.")


def datasets(values: dict[str, Any]) -> None:
    """List the public data sets, or download one."""
    from anomaly.reading import catalogue

    if values["action"] == "list":
        for one in catalogue.entries():
            for line in (one.name, f"  {one.title}. {one.labelled}", f"  Licence: {one.licence}"):
                say(line)
        return
    if values["name"] is None:
        raise SettingsError(f"datasets get: expected a NAME; `{catalogue.LIST_COMMAND}` lists them.")
    entry = catalogue.find(values["name"])
    folder = Path(values["out"] or entry.name)
    _check_folder(str(folder))
    for path in catalogue.get(entry, folder):
        say(str(path))
    for warning in catalogue.unchecked(entry, folder):
        say(warning)


def _check_folder(folder: str) -> None:
    """What cannot be written is said before minutes of training, not after: it is tried, and nothing of it left."""
    nearest = next((path for path in (Path(folder), *Path(folder).parents) if _is_there(path)), None)
    if nearest is not None and not nearest.is_dir():
        raise SettingsError(f"{folder} cannot be written: expected a folder, but {nearest} is a file.")
    made = [path for path in (Path(folder), *Path(folder).parents) if not _is_there(path)]
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as tried:
            tried.write(b"x")
    except OSError as error:
        raise SettingsError(f"{folder} cannot be written: {error.strerror}.") from None
    finally:
        for path in made:
            with suppress(OSError):
                path.rmdir()


def _is_there(path: Path) -> bool:
    """Not where the system refuses to look, as for a name that is too long."""
    try:
        return path.exists()
    except OSError:
        return False


def _read(files: list[str], settings: ReadSettings) -> "Dataset":
    from anomaly.pipeline import read

    if "-" in files and len(files) > 1:
        raise SettingsError("- is standard input, which is one file: expected no others beside it.")
    dataset = read(sys.stdin.buffer.read(), settings, name="stdin") if files == ["-"] else read(files, settings)
    context = f" with {', '.join(dataset.columns.context)} as context" * bool(dataset.columns.context)
    records = f"{len(dataset.series):,} record{'s' * (len(dataset.series) > 1)}"
    say(f"{dataset.name}: {dataset.steps:,} steps, {records}, monitoring {', '.join(dataset.monitored)}{context}.")
    for repair in dataset.repairs:
        say(f"  {repair}.")
    return dataset


def _label(dataset: "Dataset", file: str | None) -> "Dataset":
    """The known anomalies of a file of their own."""
    if file is None:
        return dataset
    from anomaly.reading import label_dataset, read_table

    labelled = label_dataset(dataset, read_table(file))
    for repair in labelled.repairs[len(dataset.repairs) :]:
        say(f"  {repair}.")
    return labelled


def _fit(dataset: "Dataset", settings: FitSettings) -> "Fitted":
    """Train with a progress bar; Ctrl-C once ends training and goes on with the best weights so far."""
    from anomaly.cli.progress import training_progress
    from anomaly.detecting import propose_train_span
    from anomaly.domain import say_duration
    from anomaly.forecasting import describe_calendar, describe_memory, estimate, fit

    effort = estimate(dataset, settings)
    say(f"Training takes at most {effort.epochs:,} epochs, with the forecast about {say_duration(effort.seconds)}.")
    with training_progress(effort) as (on_epoch, should_stop):
        fitted = fit(dataset, settings, on_epoch=on_epoch, should_stop=should_stop)
    say(f"{fitted.ended} {describe_memory(fitted, dataset)}")
    healthy = None if settings.names_train_span else propose_train_span(dataset)
    if healthy is not None:
        say(f"{healthy.reason} --train-rows {healthy.steps} learns from that part.")
    calendar = describe_calendar(fitted.preparation.calendar, settings, dataset)
    if calendar:
        say(calendar)
    return fitted


def _write(fitted: "Fitted", dataset: "Dataset", settings: DetectSettings, out: str, with_report: bool = False) -> None:
    from anomaly import pipeline
    from anomaly.evaluating import agree
    from anomaly.showing import export

    detection = pipeline.detect(fitted, dataset, settings)
    more = {}
    if with_report:
        from anomaly.showing import report_html

        more["report.html"] = report_html(detection, fitted)
    written = export.write_files(detection, fitted, out, more)
    older = Path(out) / "report.html"
    if older.is_file() and not with_report:
        say(f"{older} is of an earlier run: --report writes it anew.")
    count, files = len(detection.events), ", ".join(map(str, written))
    found = f"{count:,} event{'s' * (count != 1)} above {detection.threshold.value:.6g}:"
    say(f"{detection.nothing or found} {files}.")
    if detection.threshold.note:
        say(detection.threshold.note)
    for row in detection.unusual_table().itertuples():
        say(f"- {row.record}, {row.start} to {row.end}, score {row.peak_score:.3g}: {row.why}")
    if dataset.has_labels:
        _, events = agree(detection)
        known = events.found + events.missed
        alarms = f"{events.false:,} false alarm{'s' * (events.false != 1)}"
        say(f"{events.found:,} of {known:,} known anomalies found, {alarms}; more in run.json.")
