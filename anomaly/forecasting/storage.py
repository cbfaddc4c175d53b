"""A fitted model to and from a folder: weights and arrays as safetensors, the rest as a JSON manifest. No pickle."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from anomaly.detecting import Levels, Shapes, Stretches
from anomaly.domain import (
    BESIDE,
    FitSettings,
    ModelFileError,
    Profile,
    Profiles,
    Reach,
    SettingsError,
    versions,
    write_together,
)
from anomaly.forecasting.calendar import Calendar
from anomaly.forecasting.coarse import COARSE
from anomaly.forecasting.fitting import Fitted
from anomaly.forecasting.manifest import MOST_BYTES, Manifest, check_arrays, check_unchanged, read_manifest, self_digest
from anomaly.forecasting.preparation import Preparation
from anomaly.forecasting.scaling import Scaler

FORMAT = 4
COARSER = "coarse."
"""before the names of what is of the forecaster of coarser steps"""
MANIFEST, WEIGHTS, ARRAYS = "model.json", "weights.safetensors", "arrays.safetensors"
SHAPES, LEVELS = ("stretches", "starts", "firsts"), ("weights", "usual", "spreads")
PROFILE = ("starts", "distances", "shares")
"""the arrays of each"""
PROFILES = {"shape": "profiles", "level": "level.profiles", "relation": "relation.profiles"}
"""what the arrays of each kind of profile are called"""


def save(fitted: Fitted, folder: str | Path) -> None:
    """Write a fitted model into `folder`, which is made where it is missing; an older model there is replaced, at once:
    whatever ends this process, the folder holds one of the two.

    Raises ModelFileError where that is not possible.
    """
    try:
        write_together(Path(folder), pack(fitted))
    except OSError as error:
        raise ModelFileError(f"The model cannot be saved in {folder}: {error.strerror or error}.") from None


def pack(fitted: Fitted) -> dict[str, bytes]:
    """File name -> content, the manifest last. Raises ModelFileError for what is no trained network."""
    from safetensors import numpy as tensors

    manifest, arrays, weights = _describe(fitted)
    contents = {
        name: tensors.save({key: np.ascontiguousarray(array) for key, array in part.items()})
        for name, part in ((WEIGHTS, weights), (ARRAYS, arrays))
    }
    manifest["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    manifest["check"] = self_digest(json.loads(json.dumps(manifest)))
    contents[MANIFEST] = (json.dumps(manifest, indent=1) + "\n").encode()
    return contents


def _describe(fitted: Fitted) -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The manifest, arrays and weights; those of the forecaster of coarser steps within them, after its prefix."""
    from anomaly.forecasting.model.forecaster import Forecaster
    from anomaly.forecasting.model.weights import pack_weights

    forecaster = fitted.forecaster
    if not isinstance(forecaster, Forecaster):
        raise ModelFileError("Expected a trained network to save, found a baseline: it is made anew in a moment.")
    prepared = fitted.preparation
    arrays = {
        "channels.mean": prepared.channels.mean,
        "channels.scale": prepared.channels.scale,
        "channels.ranges": prepared.ranges,
        "parts.mean": prepared.scaler.mean,
        "parts.scale": prepared.scaler.scale,
        "reach.before": fitted.reach.before,
        "reach.after": fitted.reach.after,
        "context.mean": prepared.context.mean,
        "context.scale": prepared.context.scale,
        "reference.values": np.concatenate(fitted.reference, axis=1),
        "reference.lengths": np.array([part.shape[1] for part in fitted.reference]),
    }
    arrays |= _pack_stretches(fitted)
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "columns": asdict(fitted.columns),
        "settings": fitted.settings.model_dump(),
        "circles": [one and asdict(one) for one in prepared.parts.circles],
        "states": [one and asdict(one) for one in prepared.parts.states],
        "flagged": prepared.flagged,
        "order": prepared.order,
        "context_order": prepared.context_order,
        "calendar": prepared.calendar.parts,
        "burn_in": forecaster.burn_in,
        "warm_up": fitted.warm_up,
        "period": fitted.period,
        "widths": [shapes.width for shapes in fitted.stretches.shapes],
        "level_widths": fitted.stretches.level and fitted.stretches.level.widths,
        "relation_widths": fitted.stretches.relation and fitted.stretches.relation.widths,
        "epochs": [asdict(epoch) for epoch in fitted.epochs],
        "ended": fitted.ended,
        "digest": fitted.digest,
        "inputs": [asdict(one) for one in fitted.inputs],
        "versions": versions(),
    }
    weights = pack_weights(forecaster)
    if fitted.coarse is not None:
        manifest["coarse"], *further = _describe(fitted.coarse)
        for own, coarse in zip((arrays, weights), further, strict=True):
            own |= {f"{COARSER}{name}": array for name, array in coarse.items()}
    return manifest, arrays, weights


def _pack_stretches(fitted: Fitted) -> dict[str, np.ndarray]:
    arrays = {
        f"shapes.{number}.{name}": getattr(shapes, name)
        for number, shapes in enumerate(fitted.stretches.shapes)
        for name in SHAPES
    }
    for kind in ("level", "relation"):
        levels = getattr(fitted.stretches, kind)
        arrays |= {f"{kind}.{name}": getattr(levels, name) for name in LEVELS} if levels else {}
    for kind, prefix in PROFILES.items():
        for record, profiles in enumerate(fitted.profiles):
            for number, profile in enumerate(getattr(profiles, kind)):
                arrays |= {f"{prefix}.{number}.{record}.{name}": getattr(profile, name) for name in PROFILE}
    return arrays


def _unpack_profiles(manifest: Manifest, arrays: Mapping[str, np.ndarray], record: int) -> Profiles:
    return Profiles(
        **{
            kind: tuple(
                Profile(width, *(arrays[f"{PROFILES[kind]}.{number}.{record}.{name}"] for name in PROFILE))
                for number, width in enumerate(widths)
            )
            for kind, widths in manifest.profile_widths.items()
        }
    )


def load(folder: str | Path) -> Fitted:
    """The fitted model in `folder`. Raises ModelFileError where it is missing, damaged, altered or of other format."""
    folder = Path(folder)
    missing = [name for name in (MANIFEST, WEIGHTS, ARRAYS) if not (folder / name).is_file()]
    if missing and not (folder / f"{MANIFEST}{BESIDE}").is_file():
        raise ModelFileError(
            f"There is no fitted model in {folder}: {missing[0]} is missing. "
            "Make one with `python -m anomaly fit FILE --model DIR`."
        )
    with _told_as_damage(f"The model in {folder}"):
        return _rebuild(*_find_whole(folder))


def unpack(files: Mapping[str, bytes]) -> Fitted:
    """What `pack` gave. Raises ModelFileError where it is damaged or of another format."""
    place = "The model of this run"
    with _told_as_damage(place):
        manifest = _read(files[MANIFEST], place)
        for name in (WEIGHTS, ARRAYS):
            _check_file(manifest, name, files[name])
        return _rebuild(manifest, files[WEIGHTS], files[ARRAYS])


@contextmanager
def _told_as_damage(place: str) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    # A foreign file: what cannot be laid out, or is of a kind that numpy does not know, is damaged too.
    except (OSError, ValueError, RuntimeError, LookupError, MemoryError, SafetensorError, SettingsError) as error:
        detail = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise ModelFileError(f"{place} is damaged ({detail}). Fit it again.") from None


def _find_whole(folder: Path) -> tuple[Manifest, bytes, bytes]:
    """The manifest, weights and arrays that belong together. A save that was broken off left the older model in its
    place, or all of the newer one, part of it still beside (`write_together`)."""
    reason: ValueError | None = None
    for name in (f"{MANIFEST}{BESIDE}", MANIFEST):
        if not (folder / name).is_file():
            continue
        try:
            size = (folder / name).stat().st_size
            if size > MOST_BYTES:
                raise ValueError(f"its manifest has {size:,} bytes: expected at most {MOST_BYTES:,}")
            content = (folder / name).read_bytes()
            manifest = _read(content, f"The model in {folder}")
            return manifest, _find_file(folder, manifest, WEIGHTS), _find_file(folder, manifest, ARRAYS)
        except ValueError as error:
            reason = error
    assert reason is not None, "one of the two manifests is there"
    raise reason


def _read(content: bytes, place: str) -> Manifest:
    found = json.loads(content)
    if isinstance(found, dict) and found.get("format", FORMAT) != FORMAT:
        raise ModelFileError(f"{place} has format {found['format']}; this version reads {FORMAT}. Fit it again.")
    manifest = read_manifest(content)
    FitSettings(**manifest.settings)
    check_unchanged(content)
    return manifest


def _find_file(folder: Path, manifest: Manifest, name: str) -> bytes:
    found = [path for path in (folder / name, folder / f"{name}{BESIDE}") if path.is_file()]
    for path in found[:-1]:
        content = path.read_bytes()
        with suppress(ValueError):
            _check_file(manifest, name, content)
            return content
    content = found[-1].read_bytes() if found else b""
    _check_file(manifest, name, content)
    return content


def _check_file(manifest: Manifest, name: str, content: bytes) -> None:
    if manifest.files.get(name) not in (None, hashlib.sha256(content).hexdigest()):
        raise ValueError(f"{name} is not the file that was saved with its manifest")


def _rebuild(manifest: Manifest, weights: bytes, packed: bytes) -> Fitted:
    from safetensors import numpy as tensors

    (arrays, coarse_arrays), (own, coarse_weights) = (_part(tensors.load(content)) for content in (packed, weights))
    if manifest.coarse is None:
        # What is there was learnt: a manifest that knows nothing of it was altered.
        if coarse_arrays or coarse_weights:
            raise ValueError("coarse: expected what was learnt at coarser steps")
        return _rebuild_one(manifest, own, arrays)
    fitted = _rebuild_one(manifest, own, arrays)
    try:
        coarse = _rebuild_one(manifest.coarse, coarse_weights, coarse_arrays)
    except (ValueError, RuntimeError, SettingsError) as error:
        raise ValueError(f"at coarser steps: {error}") from None
    wanted = [part.shape[1] // COARSE for part in fitted.reference if part.shape[1] >= COARSE]
    if [part.shape[1] for part in coarse.reference] != wanted:
        raise ValueError("at coarser steps: reference.lengths: expected those of blocks of the same records")
    return replace(fitted, coarse=coarse)


def _part(every: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What is of the forecaster itself, and of that of coarser steps."""
    own = {name: array for name, array in every.items() if not name.startswith(COARSER)}
    return own, {name.removeprefix(COARSER): array for name, array in every.items() if name not in own}


def _rebuild_one(manifest: Manifest, weights: dict[str, np.ndarray], arrays: dict[str, np.ndarray]) -> Fitted:
    from anomaly.forecasting.model.weights import unpack_forecaster

    settings, columns = FitSettings(**manifest.settings), manifest.columns
    check_arrays(manifest, arrays, len(settings.horizons))
    channels = Scaler(arrays["channels.mean"], arrays["channels.scale"])
    prepared = Preparation(
        manifest.parts,
        # A model of before channels had kinds has one part of each.
        Scaler(arrays["parts.mean"], arrays["parts.scale"]) if manifest.states else channels,
        channels,
        Scaler(arrays["context.mean"], arrays["context.scale"]),
        manifest.flagged,
        manifest.order,
        manifest.context_order,
        arrays["channels.ranges"],
        Calendar(manifest.calendar, settings.holidays),
    )
    bounds = np.cumsum(arrays["reference.lengths"])[:-1]
    return Fitted(
        forecaster=unpack_forecaster(weights, settings, prepared.input_size, prepared.target_size, manifest.burn_in),
        preparation=prepared,
        columns=columns,
        reference=tuple(np.split(arrays["reference.values"], bounds, axis=1)),
        warm_up=manifest.warm_up,
        period=manifest.period,
        reach=Reach(arrays["reach.before"], arrays["reach.after"]),
        stretches=Stretches(
            tuple(
                Shapes(width, *(arrays[f"shapes.{number}.{name}"] for name in SHAPES))
                for number, width in enumerate(manifest.widths)
            ),
            *(
                None if widths is None else Levels(widths, *(arrays[f"{kind}.{name}"] for name in LEVELS))
                for kind, widths in (("level", manifest.level_widths), ("relation", manifest.relation_widths))
            ),
        ),
        profiles=tuple(
            _unpack_profiles(manifest, arrays, record) for record in range(len(arrays["reference.lengths"]))
        ),
        epochs=manifest.epochs,
        ended=manifest.ended,
        settings=settings,
        digest=manifest.digest,
        inputs=manifest.inputs,
    )
