"""A model folder is a foreign file: damaged, altered, half replaced or hostile, it is refused in one sentence, soon."""

import copy
import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import numpy as tensors

from anomaly.domain import ModelFileError
from anomaly.forecasting import Fitted, fit, load, save
from anomaly.forecasting.manifest import self_digest
from anomaly.forecasting.storage import ARRAYS, MANIFEST, WEIGHTS
from tests.support.checkout import ROOT
from tests.support.strategies import make_dataset, quick_settings, related_values, sine_values

ODD = (None, True, -1, 1.5, 10**12, "x", [], [1, [2]], {}, {"a": 1}, float("nan"), "\x1b[2J")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a model with a context, holes and two widths, without the digests a newer version keeps: what is
    altered is found all the same."""
    values = related_values(300)
    values[20:24, 0] = np.nan
    folder = tmp_path_factory.mktemp("model")
    save(fit(make_dataset(values, related_values(90, seed=1)), quick_settings(epochs=1)), folder)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    del manifest["files"], manifest["check"]
    files = {name: (folder / name).read_bytes() for name in (WEIGHTS, ARRAYS)}
    return {**files, MANIFEST: json.dumps(manifest).encode()}


def lay_down(files: dict[str, bytes], folder: Path, **changed: bytes) -> Path:
    for name, content in {**files, **changed}.items():
        (folder / name).write_bytes(content)
    return folder


def refusal(folder: Path) -> str:
    start = time.monotonic()
    with pytest.raises(ModelFileError) as caught:
        load(folder)
    assert time.monotonic() - start < 5
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


def alterations(manifest: Any) -> Iterator[tuple[str, Any]]:
    """Every part of the manifest, one after the other, as something it cannot be."""
    for name, value in manifest.items():
        if name in ("versions", "ended", "digest", "format", "settings", "epochs", "inputs"):
            continue
        for odd in ODD:
            if type(odd) is type(value) and odd in ({}, []):
                continue
            yield f"{name}={odd!r}", {**manifest, name: odd}
    for name in ("burn_in", "warm_up", "period"):
        yield f"{name}=10**12", {**manifest, name: 10**12}
    swapped = copy.deepcopy(manifest)
    swapped["order"] = [0, 0]
    yield "a channel twice", swapped
    more = copy.deepcopy(manifest)
    more["columns"]["monitored"] = ["a", "b", "c"]
    yield "a channel more", more


def test_a_manifest_whose_parts_are_of_a_wrong_kind_is_refused(model: dict[str, bytes], tmp_path: Path) -> None:
    load(lay_down(model, tmp_path))
    tried = 0
    for what, altered in alterations(json.loads(model[MANIFEST])):
        lay_down(model, tmp_path, **{MANIFEST: json.dumps(altered).encode()})
        assert refusal(tmp_path), what
        tried += 1
    assert tried > 80


@pytest.mark.parametrize("change", ["nan", "zero", "shorter", "another type", "missing", "flat"])
def test_an_array_that_no_fit_gives_is_refused(model: dict[str, bytes], tmp_path: Path, change: str) -> None:
    whole = tensors.load(model[ARRAYS])
    scored = ("channels.ranges", "reach.before", "reach.after", "reference.values")
    # A constant channel has no scale, and a stretch that was compared with nothing no distance.
    levels = [name for name in whole if name.startswith(("level.", "relation."))]
    assert {name.split(".")[1] for name in levels} == {"weights", "usual", "spreads", "profiles"}
    concerned = {
        "nan": [*scored[1:], "channels.mean", *(name for name in levels if not name.endswith("starts"))],
        "zero": ["channels.scale", "level.spreads", "relation.spreads"],
    }.get(change, list(whole))
    for name in concerned:
        array = whole[name]
        if change == "shorter" and array.size == 0:
            continue
        odd = {
            "nan": np.full_like(array, np.nan, dtype=float),
            "zero": np.zeros_like(array),
            "shorter": array[..., :-1],
            "another type": np.zeros(array.shape, np.float32 if array.dtype.kind in "iu" else np.int64),
            "flat": array.reshape(1, *array.shape),
        }
        arrays = {key: value for key, value in whole.items() if key != name}
        if change != "missing":
            arrays[name] = odd[change]
        packed = tensors.save({key: np.ascontiguousarray(value) for key, value in arrays.items()})
        assert refusal(lay_down(model, tmp_path, **{ARRAYS: packed})), name


def test_places_before_the_first_and_numbers_that_numpy_has_not_are_refused(
    model: dict[str, bytes], tmp_path: Path
) -> None:
    whole = tensors.load(model[ARRAYS])
    far = tensors.save({**whole, "shapes.0.starts": np.full_like(whole["shapes.0.starts"], -(2**62))})
    assert "shapes.0.starts: expected steps" in refusal(lay_down(model, tmp_path, **{ARRAYS: far}))
    halves = tensors.save({**whole, "reach.after": np.zeros(4, np.float16)}).replace(b'"F16"', b'"BF16"')
    # The header is a letter longer, and ends in blanks.
    size = int.from_bytes(halves[:8], "little")
    halves = (size + 1).to_bytes(8, "little") + halves[8:]
    assert refusal(lay_down(model, tmp_path, **{ARRAYS: halves}))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(model: dict[str, bytes], tmp_path: Path, value: float) -> None:
    weights = dict(tensors.load(model[WEIGHTS]))
    name = sorted(weights)[0]
    weights[name] = np.full_like(weights[name], value)
    assert "not finite" in refusal(lay_down(model, tmp_path, **{WEIGHTS: tensors.save(weights)}))


def test_a_manifest_that_was_changed_by_hand_is_refused(sine_fitted: Fitted, tmp_path: Path) -> None:
    save(sine_fitted, tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_bytes())
    names = manifest["columns"]["monitored"]
    manifest["columns"]["monitored"] = names[::-1]
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    assert "changed after it was written" in refusal(tmp_path)
    manifest["check"] = self_digest({name: part for name, part in manifest.items() if name != "check"})
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    load(tmp_path)


def test_a_manifest_of_a_size_that_none_has_is_not_read(model: dict[str, bytes], tmp_path: Path) -> None:
    lay_down(model, tmp_path)
    with (tmp_path / MANIFEST).open("r+b") as file:
        file.truncate(10**9)  # takes no room on the disk
    assert "1,000,000,000 bytes" in refusal(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="no such files")
@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS, ARRAYS])
def test_what_is_no_regular_file_is_not_read(model: dict[str, bytes], tmp_path: Path, name: str) -> None:
    for kind in ("endless", "pipe"):
        lay_down(model, tmp_path)
        (tmp_path / name).unlink()
        (tmp_path / name).symlink_to("/dev/zero") if kind == "endless" else os.mkfifo(tmp_path / name)
        assert f"{name} is missing" in refusal(tmp_path)
        (tmp_path / name).unlink()


SAVER = """
import sys
from pathlib import Path
from anomaly.forecasting import load, save
one, other, place = (Path(argument) for argument in sys.argv[1:])
models = [load(one), load(other)]
print("ready", flush=True)
while True:
    for model in models:
        save(model, place)
"""


def test_a_model_saved_over_another_is_one_of_the_two_whenever_it_is_killed(tmp_path: Path) -> None:
    """The whole benchmark kills 200 times: python -m benchmarks.service."""
    kept = [tmp_path / "one", tmp_path / "other"]
    for number, folder in enumerate(kept):
        save(fit(make_dataset(sine_values(200)), quick_settings(epochs=1, hidden_units=4 + number)), folder)
    place, choose = tmp_path / "place", random.Random(0)
    save(load(kept[0]), place)
    wanted = [load(folder).settings.hidden_units for folder in kept]
    for _ in range(5):
        command = [sys.executable, "-c", SAVER, *map(str, kept), str(place)]
        saver = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert saver.stdout is not None
        saver.stdout.readline()
        time.sleep(choose.uniform(0, 0.2))
        saver.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        saver.wait()
        saver.stdout.close()
        assert load(place).settings.hidden_units in wanted


def test_a_save_broken_off_between_two_files_gives_the_newer_model(tmp_path: Path) -> None:
    models = [fit(make_dataset(sine_values(200)), quick_settings(epochs=1, hidden_units=4 + n)) for n in range(2)]
    for done in range(3):
        old, new = tmp_path / f"old{done}", tmp_path / f"new{done}"
        save(models[0], old)
        save(models[1], new)
        for place, name in enumerate((WEIGHTS, ARRAYS, MANIFEST)):
            (old / (name if place < done else f"{name}.new")).write_bytes((new / name).read_bytes())
        assert load(old).settings.hidden_units == 5
        # The next, on a full disk, loses neither; and one that goes through ends what was broken off.
        with pytest.MonkeyPatch.context() as patch, pytest.raises(ModelFileError, match="No space left"):
            patch.setattr("anomaly.domain.files.os.fsync", fail_for_want_of_space)
            save(models[0], old)
        assert load(old).settings.hidden_units == 5
        save(models[0], old)
        assert load(old).settings.hidden_units == 4
        assert sorted(path.name for path in old.iterdir()) == sorted([MANIFEST, WEIGHTS, ARRAYS])


def fail_for_want_of_space(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_save_broken_off_before_all_was_laid_beside_leaves_the_older_model(tmp_path: Path) -> None:
    models = [fit(make_dataset(sine_values(200)), quick_settings(epochs=1, hidden_units=4 + n)) for n in range(2)]
    save(models[0], tmp_path / "old")
    save(models[1], tmp_path / "new")
    for name in (WEIGHTS, ARRAYS):
        (tmp_path / "old" / f"{name}.new").write_bytes((tmp_path / "new" / name).read_bytes())
    assert load(tmp_path / "old").settings.hidden_units == 4
    save(models[0], tmp_path / "old")
    assert load(tmp_path / "old").settings.hidden_units == 4
