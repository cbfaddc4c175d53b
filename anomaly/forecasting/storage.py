"""A fitted model to and from a folder: weights and arrays as safetensors, the rest as a JSON manifest. No pickle."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from anomaly.detecting import Shapes
from anomaly.domain import Columns, Epoch, FitSettings, ModelFileError, Profile, Reach, SettingsError, versions
from anomaly.forecasting.drift import Inputs
from anomaly.forecasting.fitting import Fitted
from anomaly.forecasting.preparation import Preparation, Scaler

FORMAT = 4
MANIFEST, WEIGHTS, ARRAYS = "model.json", "weights.safetensors", "arrays.safetensors"
SHAPES, PROFILE = ("stretches", "starts", "firsts"), ("starts", "distances", "shares")
"""the arrays of each"""


def save(fitted: Fitted, folder: str | Path) -> None:
    """Write a fitted model into `folder`, which is made where it is missing; an older model there is replaced.

    Raises ModelFileError where that is not possible.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    from anomaly.forecasting.model.forecaster import Forecaster
    from anomaly.forecasting.model.weights import save_weights

    folder, forecaster = Path(folder), fitted.forecaster
    if not isinstance(forecaster, Forecaster):
        raise ModelFileError("Expected a trained network to save, found a baseline: it is made anew in a moment.")
    prepared = fitted.preparation
    arrays = {
        "channels.mean": prepared.channels.mean,
        "channels.scale": prepared.channels.scale,
        "channels.ranges": prepared.ranges,
        "reach.before": fitted.reach.before,
        "reach.after": fitted.reach.after,
        "context.mean": prepared.context.mean,
        "context.scale": prepared.context.scale,
        "reference.values": np.concatenate(fitted.reference, axis=1),
        "reference.lengths": np.array([part.shape[1] for part in fitted.reference]),
    }
    for number, shapes in enumerate(fitted.shapes):
        arrays |= {f"shapes.{number}.{name}": getattr(shapes, name) for name in SHAPES}
        for record, profiles in enumerate(fitted.profiles):
            arrays |= {f"profiles.{number}.{record}.{name}": getattr(profiles[number], name) for name in PROFILE}
    manifest = {
        "format": FORMAT,
        "columns": asdict(fitted.columns),
        "settings": fitted.settings.model_dump(),
        "flagged": prepared.flagged,
        "order": prepared.order,
        "context_order": prepared.context_order,
        "burn_in": forecaster.burn_in,
        "warm_up": fitted.warm_up,
        "period": fitted.period,
        "widths": [shapes.width for shapes in fitted.shapes],
        "epochs": [asdict(epoch) for epoch in fitted.epochs],
        "ended": fitted.ended,
        "digest": fitted.digest,
        "inputs": [asdict(one) for one in fitted.inputs],
        "versions": versions(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(forecaster, folder / WEIGHTS)
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / ARRAYS)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelFileError(f"The model cannot be saved in {folder}: {reason}.") from None


def load(folder: str | Path) -> Fitted:
    """The fitted model in `folder`. Raises ModelFileError where it is missing, damaged or of a newer format."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    folder = Path(folder)
    missing = [name for name in (MANIFEST, WEIGHTS, ARRAYS) if not (folder / name).exists()]
    if missing:
        raise ModelFileError(
            f"There is no fitted model in {folder}: {missing[0]} is missing. "
            "Make one with `python -m anomaly fit FILE --model DIR`."
        )
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise ModelFileError(
                f"The model in {folder} has format {manifest['format']}; this version reads {FORMAT}. Fit it again."
            )
        return _rebuild(manifest, load_file(folder / ARRAYS), folder / WEIGHTS)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, SettingsError) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelFileError(f"The model in {folder} is damaged ({detail}). Fit it again.") from None


def _rebuild(manifest: dict[str, Any], arrays: dict[str, np.ndarray], weights: Path) -> Fitted:
    from anomaly.forecasting.model.weights import load_forecaster

    settings = FitSettings(**manifest["settings"])
    parts = manifest["columns"]
    columns = Columns(**parts | {name: tuple(parts[name]) for name in ("monitored", "context")})
    prepared = Preparation(
        Scaler(arrays["channels.mean"], arrays["channels.scale"]),
        Scaler(arrays["context.mean"], arrays["context.scale"]),
        tuple(manifest["flagged"]),
        tuple(manifest["order"]),
        tuple(manifest["context_order"]),
        arrays["channels.ranges"],
    )
    bounds = np.cumsum(arrays["reference.lengths"])[:-1]
    return Fitted(
        forecaster=load_forecaster(weights, settings, prepared.input_size, len(columns.monitored), manifest["burn_in"]),
        preparation=prepared,
        columns=columns,
        reference=tuple(np.split(arrays["reference.values"], bounds, axis=1)),
        warm_up=manifest["warm_up"],
        period=manifest["period"],
        reach=Reach(arrays["reach.before"], arrays["reach.after"]),
        shapes=tuple(
            Shapes(width, *(arrays[f"shapes.{number}.{name}"] for name in SHAPES))
            for number, width in enumerate(manifest["widths"])
        ),
        profiles=tuple(
            tuple(
                Profile(width, *(arrays[f"profiles.{number}.{record}.{name}"] for name in PROFILE))
                for number, width in enumerate(manifest["widths"])
            )
            for record in range(len(arrays["reference.lengths"]))
        ),
        epochs=tuple(Epoch(**epoch) for epoch in manifest["epochs"]),
        ended=manifest["ended"],
        settings=settings,
        digest=manifest["digest"],
        inputs=TypeAdapter(tuple[Inputs, ...]).validate_python(manifest.get("inputs", [])),
    )
