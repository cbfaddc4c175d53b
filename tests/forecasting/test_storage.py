"""A model kept in a folder is the model that was fitted."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors import numpy as tensors

from anomaly.domain.exceptions import AnomalyError, ModelFileError
from anomaly.domain.records import Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.settings.reading import ReadSettings
from anomaly.forecasting.fitting import Fitted, fit
from anomaly.forecasting.storage import ARRAYS, FORMAT, MANIFEST, WEIGHTS, load, save
from anomaly.pipeline import detect, read
from anomaly.showing.export import points_csv, run_json
from tests.support.strategies import make_dataset, quick_settings, related_values, sine_values


def assert_same_detections(one: Fitted, other: Fitted, dataset: Dataset) -> None:
    for settings in (DetectSettings(), DetectSettings(smoothing=1, threshold_rule="sigma")):
        first, second = detect(one, dataset, settings), detect(other, dataset, settings)
        assert first.events == second.events
        assert points_csv(first) == points_csv(second)
        assert run_json(first, one) == run_json(second, other)
        np.testing.assert_array_equal(first.half_band, second.half_band)
        np.testing.assert_array_equal(first.threshold.reference, second.threshold.reference)


@pytest.fixture
def kept(sine_fitted: Fitted, tmp_path: Path) -> Path:
    save(sine_fitted, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture(scope="module")
def related_fitted() -> Fitted:
    return fit(make_dataset(related_values(900)), quick_settings(epochs=1))


@pytest.fixture
def kept_related(related_fitted: Fitted, tmp_path: Path) -> Path:
    save(related_fitted, tmp_path / "related")
    return tmp_path / "related"


def test_a_model_read_back_detects_the_same_to_the_last_bit(
    sine_fitted: Fitted, sine_dataset: Dataset, kept: Path
) -> None:
    again = load(kept)
    assert_same_detections(sine_fitted, again, sine_dataset)
    for field in ("columns", "settings", "epochs", "ended", "digest", "period", "warm_up"):
        assert getattr(again, field) == getattr(sine_fitted, field)


@pytest.mark.parametrize(
    "changes",
    [{"cell": "gru", "layers": 2}, {"horizons": (1, 3)}, {"epochs": 1, "hidden_units": 1, "bptt_steps": 1}],
    ids=str,
)
def test_every_kind_of_forecaster_comes_back(changes: dict[str, object], tmp_path: Path) -> None:
    dataset = make_dataset(sine_values(150), sine_values(90, seed=1))
    fitted = fit(dataset, quick_settings(**{"epochs": 2} | changes))
    save(fitted, tmp_path)
    assert_same_detections(fitted, load(tmp_path), dataset)


def test_holes_context_constant_channels_and_odd_names_come_back(tmp_path: Path) -> None:
    rows = [f"{step},{np.sin(step / 3):.4f},{step % 2},5," for step in range(120)]
    rows[40] = "40,,1,5,"
    rows[90] = "90,0.5,0,6,"
    content = "\n".join(['step,"a ""é"", b",on,flat,empty', *rows]).encode()
    dataset = read(content, ReadSettings(channels=('a "é", b', "flat"), context=("on",)), name="odd.csv")
    fitted = fit(dataset, quick_settings())
    save(fitted, tmp_path)
    assert_same_detections(fitted, load(tmp_path), dataset)


@pytest.mark.parametrize("lengths", [(300, 90, 30), (15, 15, 15)], ids=["one too short to compare", "all too short"])
def test_learnt_stretches_and_profiles_come_back_to_the_last_bit(lengths: tuple[int, ...], tmp_path: Path) -> None:
    records = [related_values(length, seed) for seed, length in enumerate(lengths)]
    records[0][5:9, 0] = np.nan
    fitted = fit(make_dataset(*records), quick_settings(epochs=1))
    save(fitted, tmp_path)
    again = load(tmp_path)
    kept, learnt = again.stretches, fitted.stretches
    assert [shapes.width for shapes in learnt.shapes] == ([50, 52] if lengths[0] == 300 else [])
    assert learnt.level and learnt.relation
    assert learnt.level.widths == learnt.relation.widths == ((50,) if lengths[0] == 300 else ())
    assert_same_fields((*kept.shapes, kept.level, kept.relation), (*learnt.shapes, learnt.level, learnt.relation))
    assert len(again.profiles) == len(fitted.profiles) == 3
    for one, other in zip(again.profiles, fitted.profiles, strict=True):
        for kind in ("shape", "level", "relation"):
            assert_same_fields(getattr(one, kind), getattr(other, kind))


def assert_same_fields(some: tuple, others: tuple) -> None:
    for one, other in zip(some, others, strict=True):
        assert type(one) is type(other)
        for name, value in vars(other).items():
            np.testing.assert_array_equal(getattr(one, name), value)
            assert np.asarray(getattr(one, name)).dtype == np.asarray(value).dtype


def test_a_model_of_before_levels_were_learnt_opens_and_scores_without_their_parts(
    related_fitted: Fitted, kept_related: Path, tmp_path: Path
) -> None:
    kept = kept_related
    manifest = json.loads((kept / MANIFEST).read_text())
    for part in ("level_widths", "relation_widths", "files", "check"):
        del manifest[part]
    (kept / MANIFEST).write_text(json.dumps(manifest))
    arrays = tensors.load((kept / ARRAYS).read_bytes())
    older = {name: array for name, array in arrays.items() if not name.startswith(("level.", "relation."))}
    assert len(older) < len(arrays)
    (kept / ARRAYS).write_bytes(tensors.save(older))

    again = load(kept)
    assert again.stretches.level is None and again.stretches.relation is None
    values = related_values(900)
    values[700:, 0] += 5.0
    moved = make_dataset(values)
    found, newer = detect(again, moved).scores[0], detect(related_fitted, moved).scores[0]
    for name in ("error", "shape"):
        np.testing.assert_array_equal(found.parts[name], newer.parts[name])
    for name in ("level", "relation"):
        assert np.nansum(newer.parts[name]) > 0 == np.nansum(found.parts[name])
    np.testing.assert_allclose(found.values, found.parts["error"] + found.parts["shape"], rtol=1e-5)

    save(again, tmp_path / "saved again")
    assert_same_detections(again, load(tmp_path / "saved again"), moved)


@pytest.mark.parametrize("kind", ["level", "relation"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_spreads_of_levels_that_are_no_sizes_are_refused_by_name(kept_related: Path, kind: str, value: float) -> None:
    kept = kept_related
    manifest = json.loads((kept / MANIFEST).read_text())
    del manifest["files"], manifest["check"]
    (kept / MANIFEST).write_text(json.dumps(manifest))
    arrays = tensors.load((kept / ARRAYS).read_bytes())
    arrays[f"{kind}.spreads"][0, 1, 0, 0] = value
    (kept / ARRAYS).write_bytes(tensors.save(arrays))
    assert f"{kind}.spreads: expected" in refusal(kept)


def test_the_folder_holds_safetensors_and_json_and_nothing_else(kept: Path) -> None:
    assert sorted(path.name for path in kept.iterdir()) == sorted([MANIFEST, WEIGHTS, ARRAYS])
    assert json.loads((kept / MANIFEST).read_text())["format"] == FORMAT
    for name in (WEIGHTS, ARRAYS):
        content = (kept / name).read_bytes()
        length = int.from_bytes(content[:8], "little")
        assert json.loads(content[8 : 8 + length]), f"{name} is no safetensors file"


def test_saving_the_same_model_twice_gives_the_same_bytes(sine_fitted: Fitted, kept: Path, tmp_path: Path) -> None:
    save(sine_fitted, tmp_path / "again")
    for path in kept.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_saving_over_an_older_model_leaves_nothing_of_it(
    sine_fitted: Fitted, sine_dataset: Dataset, kept: Path
) -> None:
    other = fit(sine_dataset, quick_settings(hidden_units=3, layers=2, epochs=1))
    save(other, kept)
    assert_same_detections(other, load(kept), sine_dataset)
    save(sine_fitted, kept)
    assert_same_detections(sine_fitted, load(kept), sine_dataset)


def test_a_model_can_be_saved_where_it_was_read_from(sine_fitted: Fitted, sine_dataset: Dataset, kept: Path) -> None:
    again = load(kept)
    save(again, kept)
    assert_same_detections(sine_fitted, again, sine_dataset)
    assert_same_detections(sine_fitted, load(kept), sine_dataset)


def refusal(folder: Path) -> str:
    with pytest.raises(AnomalyError) as caught:
        load(folder)
    assert type(caught.value) is ModelFileError
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS, ARRAYS])
def test_a_missing_part_is_named(kept: Path, name: str) -> None:
    (kept / name).unlink()
    assert f"There is no fitted model in {kept}: {name} is missing" in refusal(kept)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS, ARRAYS])
@pytest.mark.parametrize("left", [0, 5, 60, -9])
def test_a_truncated_part_is_refused(kept: Path, name: str, left: int) -> None:
    (kept / name).write_bytes((kept / name).read_bytes()[:left])
    assert f"The model in {kept} is damaged" in refusal(kept)


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "{}", '{"format": 4}', "{", "\x00\xff"])
def test_a_manifest_that_is_none_is_refused(kept: Path, text: str) -> None:
    (kept / MANIFEST).write_bytes(text.encode("latin-1"))
    assert "damaged" in refusal(kept)


@pytest.mark.parametrize(
    "part", ["columns", "settings", "flagged", "order", "burn_in", "epochs", "digest", "period", "widths"]
)
def test_a_manifest_that_lacks_a_part_is_refused(kept: Path, part: str) -> None:
    manifest = json.loads((kept / MANIFEST).read_text())
    del manifest[part]
    (kept / MANIFEST).write_text(json.dumps(manifest))
    assert part in refusal(kept)


def test_settings_that_no_version_knew_are_refused(kept: Path) -> None:
    manifest = json.loads((kept / MANIFEST).read_text())
    manifest["settings"]["cell"] = "transformer"
    (kept / MANIFEST).write_text(json.dumps(manifest))
    assert "transformer" in refusal(kept)


@pytest.mark.parametrize("number", [FORMAT - 1, FORMAT + 1])
def test_a_format_of_the_past_or_the_future_is_refused_by_its_number(kept: Path, number: int) -> None:
    manifest = json.loads((kept / MANIFEST).read_text())
    (kept / MANIFEST).write_text(json.dumps(manifest | {"format": number}))
    assert f"has format {number}; this version reads {FORMAT}" in refusal(kept)


def test_the_weights_of_another_forecaster_are_refused(sine_fitted: Fitted, kept: Path, tmp_path: Path) -> None:
    save(fit(make_dataset(sine_values(60)), quick_settings(hidden_units=4, epochs=1)), tmp_path / "other")
    shutil.copy(tmp_path / "other" / WEIGHTS, kept / WEIGHTS)
    assert "damaged" in refusal(kept)


@pytest.mark.parametrize("name", [MANIFEST, WEIGHTS, ARRAYS])
def test_a_place_that_cannot_be_written_is_said_in_a_sentence(sine_fitted: Fitted, tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(ModelFileError, match="cannot be saved"):
        save(sine_fitted, tmp_path)


def test_a_file_in_place_of_the_folder_is_said_in_a_sentence(sine_fitted: Fitted, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "model"):
        with pytest.raises(ModelFileError, match="cannot be saved"):
            save(sine_fitted, folder)
        refusal(folder)


def test_the_digest_of_the_file_learnt_from_is_kept(sine_dataset: Dataset, sine_fitted: Fitted, kept: Path) -> None:
    other = dataclasses.replace(sine_dataset, digest="f" * 64)
    run = json.loads(run_json(detect(load(kept), other), load(kept)))
    assert (run["data"]["sha256"], run["fit"]["fitted_on_sha256"]) == ("f" * 64, sine_fitted.digest)
