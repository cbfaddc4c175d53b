"""What a model folder must hold to be believed: types, ranges, and shapes that fit each other.

A model folder is a foreign file: it may be damaged, altered, or another's. All is checked before anything is computed.
"""

import hashlib
import json
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from anomaly.domain import Circle, Columns, Epoch
from anomaly.forecasting.calendar import Part
from anomaly.forecasting.drift import Inputs
from anomaly.forecasting.parts import Parts
from anomaly.forecasting.states import States

MOST_STEPS = 1_000_000
"""of burn-in, warm-up, period or width: far more than any fit gives"""
MOST_BYTES = 200_000_000
"""of a manifest"""
Place = Annotated[int, Field(ge=0)]
Steps = Annotated[int, Field(ge=0, le=MOST_STEPS)]
Width = Annotated[int, Field(ge=1, le=MOST_STEPS)]


class Manifest(BaseModel):
    """The part of a model folder that is no array."""

    model_config = ConfigDict(strict=True, frozen=True)

    format: int
    columns: Columns
    settings: dict[str, Any]
    flagged: tuple[Place, ...]
    order: tuple[Place, ...]
    context_order: tuple[Place, ...]
    burn_in: Steps
    warm_up: Steps
    period: Width
    widths: tuple[Width, ...]
    level_widths: tuple[Width, ...] | None = None
    relation_widths: tuple[Width, ...] | None = None
    """None in a model of before levels were learnt"""
    epochs: tuple[Epoch, ...]
    ended: str
    digest: str
    inputs: tuple[Inputs, ...] = ()
    circles: tuple[Circle | None, ...] = ()
    states: tuple[States | None, ...] = ()
    """of each channel; () in a model of before channels had kinds, which are all values"""
    calendar: tuple[Part, ...] = ()
    """none in a model of before there were calendar inputs"""
    files: dict[str, str] = {}
    """sha256 of the files beside it; none in a model of before it was kept"""
    coarse: "Manifest | None" = None
    """of the forecaster of coarser steps, which has no files of its own; None where there is none"""

    @property
    def profile_widths(self) -> dict[str, tuple[int, ...]]:
        """The widths of the profiles of each kind."""
        return {"shape": self.widths, "level": self.level_widths or (), "relation": self.relation_widths or ()}

    @property
    def parts(self) -> Parts:
        none = (None,) * len(self.columns.monitored)
        return Parts(self.columns.every_kind, self.circles or none, self.states or none)


def read_manifest(content: bytes) -> Manifest:
    """Raises ValueError with a sentence's part where `content` is no manifest, or was changed after it was written."""
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise ValueError(f"{name}: {first['msg'].lower()}" if name else "its manifest is no JSON object") from None
    _check_places(manifest)
    if manifest.coarse is not None:
        if manifest.coarse.columns != manifest.columns or manifest.coarse.coarse is not None:
            raise ValueError("coarse: expected the same columns at coarser steps, and none coarser")
        try:
            _check_places(manifest.coarse)
        except ValueError as error:
            raise ValueError(f"coarse.{error}") from None
    return manifest


def _check_places(manifest: Manifest) -> None:
    channels, context = len(manifest.columns.monitored), len(manifest.columns.context)
    for name, places, count in (
        ("order", manifest.order, channels),
        ("context_order", manifest.context_order, context),
    ):
        if sorted(places) != list(range(count)):
            raise ValueError(f"{name}: expected the places 0 to {count - 1}, each once, found {places[:9]}")
    if not set(manifest.flagged) <= set(range(channels)):
        raise ValueError(f"flagged: expected places among {channels} channels, found {manifest.flagged[:9]}")
    _check_kinds(manifest)


def _check_kinds(manifest: Manifest) -> None:
    channels = len(manifest.columns.monitored)
    if any(len(one) not in (0, channels) for one in (manifest.columns.kinds, manifest.circles, manifest.states)):
        raise ValueError(f"kinds, circles and states: expected none, or one for each of {channels} channels")
    parts = manifest.parts
    for kind, circle, states in zip(parts.kinds, parts.circles, parts.states, strict=True):
        if (kind == "angle") != (circle is not None) or (states is not None and kind != "state"):
            raise ValueError(f"kinds: a channel is {kind}, which does not go with what was learnt of it")
        if circle is not None and not (0 < circle.whole < np.inf and np.isfinite([circle.first, circle.north]).all()):
            raise ValueError(f"circles: expected a whole turn, found {circle.whole}")


def check_unchanged(content: bytes) -> None:
    """Raises ValueError where a manifest was changed after it was written; one of before digests were kept has none."""
    whole = json.loads(content)
    said = whole.pop("check", None)
    if (said is not None or "files" in whole) and said != self_digest(whole):
        raise ValueError("its manifest was changed after it was written")


def self_digest(manifest: dict[str, Any]) -> str:
    """sha256 of a manifest without its own `check`, however it is laid out."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def check_arrays(manifest: Manifest, arrays: dict[str, np.ndarray], horizons: int) -> None:
    """Raises ValueError where an array lacks, or has another type or shape than the others say, or values that no fit
    gives."""
    channels, context = len(manifest.columns.monitored), len(manifest.columns.context)
    parts = len(manifest.parts.owners)
    lengths = _array(arrays, "reference.lengths", (None,), "iu")
    if lengths.min(initial=0) < 0 or not len(lengths):
        raise ValueError("reference.lengths: expected the lengths of records")
    lags = len(_array(arrays, "reach.before", (None,)))
    shapes: dict[str, tuple[int | None, ...]] = {
        "channels.mean": (channels,),
        "channels.scale": (channels,),
        "channels.ranges": (2, channels),
        **({"parts.mean": (parts,), "parts.scale": (parts,)} if manifest.states else {}),
        "context.mean": (context,),
        "context.scale": (context,),
        "reach.after": (lags,),
        "reference.values": (horizons, int(lengths.sum()), channels),
    }
    for name, shape in shapes.items():
        _array(arrays, name, shape)
    for name in ("reach.before", "reach.after"):
        if not lags or not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name}: expected finite numbers")
    empty = np.isnan(arrays["channels.ranges"]).all(0)
    scaled = [("channels", ~empty), ("context", np.ones(context, bool))]
    for name, known in [*scaled, ("parts", np.ones(parts, bool))] if manifest.states else scaled:
        mean, scale = arrays[f"{name}.mean"], arrays[f"{name}.scale"]
        if name == "channels" and not np.isfinite(mean[known]).all():
            raise ValueError("channels.mean: expected a number for every channel that has values")
        if np.isinf(mean).any() or np.isinf(scale).any() or (scale <= 0).any():
            raise ValueError(f"{name}.scale: expected numbers above 0")
    if not np.isfinite(arrays["reference.values"]).any():
        raise ValueError("reference.values: expected residuals, found none that is a number")
    for place, width in enumerate(manifest.widths):
        stretches = _array(arrays, f"shapes.{place}.stretches", (None, width, parts))
        starts = _array(arrays, f"shapes.{place}.starts", (len(stretches),), "iu")
        if starts.min(initial=0) < 0:
            raise ValueError(f"shapes.{place}.starts: expected steps, found {starts.min()}")
        _array(arrays, f"shapes.{place}.firsts", (len(stretches), parts))
        _check_profiles(arrays, "profiles", place, len(lengths), channels)
    for kind, widths in (("level", manifest.level_widths), ("relation", manifest.relation_widths)):
        _check_levels(arrays, kind, widths, parts, len(lengths), channels)


def _check_levels(
    arrays: dict[str, np.ndarray], kind: str, widths: tuple[int, ...] | None, parts: int, records: int, channels: int
) -> None:
    if widths is None:
        # What is there was learnt: a manifest that knows nothing of it was altered.
        if any(name.startswith(f"{kind}.") for name in arrays):
            raise ValueError(f"{kind}_widths: expected the widths of the stretches that were learnt")
        return
    usual, spreads = (len(widths), 2, parts), (len(widths), 2, 2, parts)
    for name, shape in (("weights", (parts, parts)), ("usual", usual), ("spreads", spreads)):
        if not np.isfinite(_array(arrays, f"{kind}.{name}", shape)).all():
            raise ValueError(f"{kind}.{name}: expected finite numbers")
    if (arrays[f"{kind}.spreads"] <= 0).any():
        raise ValueError(f"{kind}.spreads: expected numbers above 0")
    for place in range(len(widths)):
        _check_profiles(arrays, f"{kind}.profiles", place, records, channels)
    for name, array in arrays.items():
        if name.startswith(f"{kind}.profiles.") and not np.isfinite(array).all():
            raise ValueError(f"{name}: expected finite numbers")


def _check_profiles(arrays: dict[str, np.ndarray], prefix: str, place: int, records: int, channels: int) -> None:
    for record in range(records):
        starts = _array(arrays, f"{prefix}.{place}.{record}.starts", (None,), "iu")
        _array(arrays, f"{prefix}.{place}.{record}.distances", (len(starts),))
        _array(arrays, f"{prefix}.{place}.{record}.shares", (len(starts), channels))


def _array(arrays: dict[str, np.ndarray], name: str, shape: tuple[int | None, ...], kinds: str = "f") -> np.ndarray:
    """The array `name`, which has this shape (None = any length) and a type of these kinds."""
    if name not in arrays:
        raise ValueError(f"{name} is missing")
    array = arrays[name]
    fits = len(array.shape) == len(shape) and all(
        wanted in (None, found) for wanted, found in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype.kind not in kinds:
        wanted = " x ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"{name}: expected {wanted} numbers, found {' x '.join(map(str, array.shape))} {array.dtype}")
    return array
