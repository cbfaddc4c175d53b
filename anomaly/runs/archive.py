"""A dataset and a fitted model as files, and back: arrays as Parquet and safetensors, the rest as JSON."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from anomaly.domain import Columns, Dataset, PutBack, Repair, RunError, TimeAxis, TimeSeries
from anomaly.forecasting import Fitted, storage

STEPS, ROWS, ABOUT = "steps.parquet", "rows.parquet", "dataset.json"


def pack_dataset(dataset: Dataset) -> dict[str, bytes]:
    """File name -> content. `steps` has a line for each step of each record, `rows` one for each row of the file."""
    series = dataset.series
    steps: dict[str, np.ndarray | pa.Array] = {
        "record": np.repeat(np.arange(len(series), dtype=np.int32), [len(one) for one in series]),
        "time": np.concatenate([one.times for one in series]),
    }
    for name, parts in (("value", [one.values for one in series]), ("context", [one.context for one in series])):
        every = np.concatenate(parts)
        steps |= {f"{name}.{column}": every[:, column] for column in range(every.shape[1])}
    for name in ("labels", "ignored"):
        steps[name] = pa.concat_arrays(
            [
                pa.nulls(len(one), pa.bool_()) if getattr(one, name) is None else pa.array(getattr(one, name))
                for one in series
            ]
        )
    rows = {
        "record": np.repeat(np.arange(len(series), dtype=np.int32), [len(one.row_steps) for one in series]),
        "step": np.concatenate([one.row_steps for one in series]),
    }
    about = {
        "name": dataset.name,
        "records": [one.name for one in series],
        "columns": asdict(dataset.columns),
        "time_axis": asdict(replace(dataset.time_axis, put_back=())),
        "told_twice": [[_micros(part) for part in astuple(one)] for one in dataset.time_axis.put_back],
        "repairs": [asdict(repair) for repair in dataset.repairs],
        "digest": dataset.digest,
        "units": dict(dataset.units),
    }
    return {STEPS: _parquet(steps), ROWS: _parquet(rows), ABOUT: json.dumps(about).encode()}


def unpack_dataset(files: Mapping[str, bytes]) -> Dataset:
    """Raises RunError where the files are not those of a dataset."""
    try:
        about = json.loads(files[ABOUT])
        steps, rows = (pq.read_table(io.BytesIO(files[name])) for name in (STEPS, ROWS))
        return _rebuild(about, steps, rows)
    # Arrow says of damage that it is one of the system's errors.
    except (LookupError, ValueError, TypeError, AttributeError, OSError, RecursionError, pa.ArrowException) as error:
        raise RunError(f"The data of this run cannot be read ({error}): it was kept by another version.") from None


def _rebuild(about: dict, steps: pa.Table, rows: pa.Table) -> Dataset:
    # pydantic knows from the annotations which lists were tuples.
    columns = TypeAdapter(Columns).validate_python(about["columns"])
    stops = np.searchsorted(steps["record"].to_numpy(), np.arange(len(about["records"])), side="right")
    row_stops = np.searchsorted(rows["record"].to_numpy(), np.arange(len(about["records"])), side="right")
    times = steps["time"].to_numpy()
    values, context = (
        np.stack([steps[f"{name}.{column}"].to_numpy() for column in range(count)], 1)
        if count
        else np.empty((len(times), 0))
        for name, count in (("value", len(columns.monitored)), ("context", len(columns.context)))
    )
    labels, ignored = steps["labels"], steps["ignored"]
    row_steps = rows["step"].to_numpy()

    def flags(column: pa.ChunkedArray, start: int, stop: int) -> np.ndarray | None:
        part = column.slice(start, stop - start)
        return None if part.null_count else part.to_numpy()

    series = tuple(
        TimeSeries(
            name,
            times[start:stop],
            values[start:stop],
            context[start:stop],
            flags(labels, start, stop),
            row_steps[row_start:row_stop],
            flags(ignored, start, stop),
        )
        for name, start, stop, row_start, row_stop in zip(
            about["records"], [0, *stops[:-1]], stops, [0, *row_stops[:-1]], row_stops, strict=True
        )
    )
    repairs = TypeAdapter(tuple[Repair, ...]).validate_python(about["repairs"])
    # Runs of before have times that are ahead from there on: what they keep of it, "put_back", no longer tells them.
    changes = tuple(_put_back(*one) for one in about.get("told_twice", ()))
    axis = TimeAxis(**about["time_axis"] | {"put_back": changes})
    return Dataset(about["name"], series, columns, axis, repairs, about["digest"], about["units"])


def _micros(time: np.datetime64 | np.timedelta64) -> int:
    kind = "datetime64[us]" if isinstance(time, np.datetime64) else "timedelta64[us]"
    return int(time.astype(kind).astype(np.int64))


def _put_back(start: int, stop: int, shift: int, step: int) -> PutBack:
    first, later = np.datetime64(start, "us"), np.datetime64(stop, "us")
    return PutBack(first, later, np.timedelta64(shift, "us"), np.timedelta64(step, "us"))


def pack_model(fitted: Fitted) -> dict[str, bytes]:
    return storage.pack(fitted)


def unpack_model(files: Mapping[str, bytes]) -> Fitted:
    """Raises ModelFileError where it is damaged or of another version."""
    return storage.unpack(files)


def _parquet(columns: Mapping[str, np.ndarray | pa.Array]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), sink, compression="zstd")
    return sink.getvalue()
