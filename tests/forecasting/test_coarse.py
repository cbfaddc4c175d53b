"""The forecaster of coarser steps: blocks as a loop makes them, what it sees, where there is none, how it is kept."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import numpy as tensors

from anomaly.detecting import spread_blocks
from anomaly.domain import Dataset, DetectSettings, Effort, FitSettings, ModelFileError, TrainingError
from anomaly.forecasting import COARSE, Fitted, coarsen, estimate, fit, load, save
from anomaly.forecasting.coarse import FEWEST_COARSE
from anomaly.forecasting.model.estimating import Extent
from anomaly.forecasting.storage import ARRAYS, MANIFEST, WEIGHTS
from anomaly.pipeline import detect
from tests.support.strategies import make_dataset, quick_settings, sine_values, with_kinds

NAN = float("nan")
TRAIN_ROWS = 1300
SETTINGS = quick_settings(train_fraction=None, train_rows=TRAIN_ROWS, hidden_units=16, epochs=8)
KINDS = ("value", "count", "counter", "angle", "state")
SLOW = slice(1600, 1900)


@pytest.fixture(scope="module")
def slow() -> Dataset:
    """A noisy sine with a hill of a standard deviation, 300 steps long; beside it records of 21 and of 5 steps."""
    values = sine_values(2100, noise=0.3)
    values[SLOW, 0] += 1.5 * np.hanning(SLOW.stop - SLOW.start)
    return make_dataset(values, sine_values(21, seed=1), sine_values(5, seed=2))


@pytest.fixture(scope="module")
def fitted(slow: Dataset) -> Fitted:
    return fit(slow, SETTINGS)


def naive_block(steps: list[float], kind: str) -> float:
    known = [x for x in steps if not math.isnan(x)]
    if not known:
        return NAN
    return math.fsum(known) / len(known) if kind in ("value", "count") else known[-1]


def test_blocks_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(0)
    records = [rng.integers(0, 300, (length, len(KINDS))).astype(float) for length in (37, 5, 16)]
    for record in records:
        record[rng.random(record.shape) < 0.3] = NAN
    records[0][8:16, :] = NAN
    dataset = with_kinds(make_dataset(*records), *KINDS)
    contexts = [np.where(rng.random((len(one), 2)) < 0.3, NAN, rng.random((len(one), 2))) for one in records]
    ignored = [np.arange(37) == 17, None, np.zeros(16, bool)]
    labels = [np.ones(len(one), bool) for one in records]
    series = tuple(
        replace(one, context=context, ignored=off, labels=known)
        for one, context, off, known in zip(dataset.series, contexts, ignored, labels, strict=True)
    )
    found = coarsen(replace(dataset, series=series)).series

    assert [one.name for one in found] == ["record 0", "record 2"], "of 5 steps there is no block"
    for one, fine in zip(found, (series[0], series[2]), strict=True):
        starts = range(0, len(fine) // 8 * 8, 8)
        expected = [[naive_block(fine.values[t : t + 8, c], kind) for c, kind in enumerate(KINDS)] for t in starts]
        np.testing.assert_allclose(one.values, expected, rtol=1e-12)
        beside = [[naive_block(fine.context[t : t + 8, c], "value") for c in range(2)] for t in starts]
        np.testing.assert_allclose(one.context, beside, rtol=1e-12)
        assert one.times.tolist() == [fine.times[t] for t in starts]
        assert one.labels is None and one.row_steps.tolist() == list(range(len(starts)))
    assert found[0].ignored is not None and found[0].ignored.tolist() == [False, False, True, False]
    assert np.isnan(found[0].counted[2]).all()
    assert found[1].ignored is not None and not found[1].ignored.any()


def test_a_constant_channel_stays_one_and_great_numbers_stay_numbers() -> None:
    values = np.column_stack([np.full(80, 0.1), np.resize([1.7e308, 1.7e308, -1.7e308], 80)])
    values[np.arange(80) % 13 < 5, 0] = NAN
    found = coarsen(make_dataset(values)).series[0].values
    assert set(found[:, 0]) == {0.1}
    assert np.isfinite(found).all() and np.abs(found[:, 1]).max() < 1.7e308


@pytest.mark.parametrize("window", ["centred", "trailing"])
@pytest.mark.parametrize("steps", [8, 15, 16, 29])
def test_what_blocks_tell_is_laid_out_as_by_a_loop(window: str, steps: int) -> None:
    values = np.arange(1.0, steps // 8 + 1)
    expected = []
    for step in range(steps):
        ended = [x for place, x in enumerate(values) if 8 * place + 7 <= step]
        within = values[min(step // 8, len(values) - 1)]
        expected.append((ended[-1] if ended else 0.0) if window == "trailing" else within)
    assert spread_blocks(values, 8, steps, window).tolist() == expected


@pytest.mark.parametrize("smoothing", ["auto", 20])
@pytest.mark.parametrize("window", ["centred", "trailing"])
def test_a_slow_change_that_the_forecaster_of_single_steps_follows_is_seen(
    slow: Dataset, fitted: Fitted, window: str, smoothing: object
) -> None:
    settings = DetectSettings(smoothing_window=window, smoothing=smoothing)
    alone, both = (
        detect(one, slow, settings).scores[0].parts["error"] for one in (replace(fitted, coarse=None), fitted)
    )
    assert not (both < alone).any() and (np.isnan(both) == np.isnan(alone)).all()
    assert both[SLOW].mean() > 1.3 * alone[SLOW].mean()
    # The scores of the reference span, which a threshold is set from, have it too.
    one, other = (detect(each, slow, settings).threshold.reference for each in (replace(fitted, coarse=None), fitted))
    assert len(one) == len(other) and np.nanmean(other) > np.nanmean(one)


def test_a_record_of_less_than_a_block_is_scored_by_the_forecaster_of_single_steps(fitted: Fitted) -> None:
    short = make_dataset(sine_values(7, seed=3))
    (found,) = detect(fitted, short, DetectSettings(threshold_rule="value", threshold=1.0)).forecasts
    assert found.coarse is None
    beside = make_dataset(sine_values(7, seed=3), sine_values(30, seed=4))
    assert [one.coarse is None for one in detect(fitted, beside).forecasts] == [True, False]


@pytest.mark.parametrize(
    ("rows", "changes", "is_there"),
    [
        (FEWEST_COARSE * COARSE, {}, True),
        (FEWEST_COARSE * COARSE - 1, {}, False),
        (FEWEST_COARSE * COARSE, {"horizons": (1, FEWEST_COARSE - 20)}, True),
        (FEWEST_COARSE * COARSE, {"horizons": (1, FEWEST_COARSE - 19)}, False),
    ],
)
def test_too_few_blocks_have_no_forecaster_of_their_own(rows: int, changes: dict[str, object], is_there: bool) -> None:
    settings = quick_settings(train_fraction=None, train_rows=rows, epochs=1, **changes)
    found = fit(make_dataset(sine_values(1500)), settings)
    assert (found.coarse is not None) == is_there
    if found.coarse is not None:
        assert found.coarse.reference[0].shape == (len(found.settings.horizons), FEWEST_COARSE, 2)


def test_where_every_block_is_ignored_or_training_fails_there_is_none(
    slow: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = SETTINGS.model_copy(update={"epochs": 1})
    for most in (9999, 1200):  # all of it, or all but what is held out
        off = tuple(
            replace(one, ignored=(np.arange(len(one)) % 8 == 3) & (np.arange(len(one)) < most)) for one in slow.series
        )
        assert fit(replace(slow, series=off), quick).coarse is None

    from anomaly.forecasting.model import training

    once = training.train

    def fail_at_coarser_steps(records: list, *others: object) -> object:
        if len(records[0].inputs) < TRAIN_ROWS:
            raise TrainingError("Training failed.")
        return once(records, *others)

    monkeypatch.setattr(training, "train", fail_at_coarser_steps)
    found = fit(slow, quick)
    assert found.coarse is None and len(found.epochs) == 1


def test_a_fit_that_is_stopped_stops_both(slow: Dataset) -> None:
    settings, epochs = SETTINGS.model_copy(update={"epochs": 2}), []
    found = fit(slow, settings, on_epoch=epochs.append, should_stop=lambda: len(epochs) > 1)
    assert [epoch.number for epoch in epochs] == [1, 2], "the other reports nothing"
    assert found.ended == "All 2 epochs ran." and found.coarse is None


def test_what_comes_after_the_train_span_and_a_second_fit_change_nothing(slow: Dataset, fitted: Fitted) -> None:
    values = slow.series[0].values.copy()
    values[TRAIN_ROWS:] = 1e4
    changed = replace(slow, series=(replace(slow.series[0], values=values), *slow.series[1:]))
    again = fit(changed, SETTINGS)
    assert again.coarse is not None and fitted.coarse is not None
    for one, other in zip(again.coarse.reference, fitted.coarse.reference, strict=True):
        np.testing.assert_array_equal(one, other)
    first, second = (detect(one, slow).scores[0].values for one in (fitted, again))
    np.testing.assert_array_equal(first, second)


def test_units_and_the_order_of_channels_change_nothing(slow: Dataset, fitted: Fitted) -> None:
    turned = [one.values[:, ::-1] * [1.8, 1e-3] + [32.0, 0.0] for one in slow.series]
    other = make_dataset(*turned, names="ba")
    expected, found = detect(fitted, slow).scores, detect(fit(other, SETTINGS), other).scores
    for one, as_found in zip(expected, found, strict=True):
        np.testing.assert_allclose(as_found.values, one.values, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("cut", [1600, 1607, 1611])
@pytest.mark.parametrize("smoothing", ["auto", 1])
def test_the_future_does_not_change_trailing_scores(slow: Dataset, fitted: Fitted, cut: int, smoothing: object) -> None:
    values = slow.series[0].values.copy()
    values[cut:] = np.where(np.arange(len(values) - cut)[:, None] % 3, 1e4, NAN)
    changed = replace(slow, series=(replace(slow.series[0], values=values), *slow.series[1:]))
    settings = DetectSettings(smoothing_window="trailing", smoothing=smoothing)
    before, after = (detect(fitted, one, settings).scores[0].values for one in (slow, changed))
    np.testing.assert_array_equal(after[:cut], before[:cut])
    assert not np.array_equal(after[cut:], before[cut:])


def test_the_effort_counts_both(slow: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def count(settings: FitSettings, extent: Extent, *_: object) -> Effort:
        return Effort(2, 8, 5, 1e6, False, float(sum(extent.learnt)), 0.0, 7.0)

    monkeypatch.setattr("anomaly.forecasting.model.estimating.estimate_effort", count)
    train = (TRAIN_ROWS, 21, 5)
    learnt, coarse = (sum(n // k - int(n // k * 0.15) for n in train) for k in (1, COARSE))
    found = estimate(slow, SETTINGS)
    assert (found.update_seconds, found.updates) == (learnt, 5)
    assert found.rest_seconds == 7.0 + (2 * 5 * coarse + 7.0)


def test_a_kept_model_detects_the_same_to_the_last_bit(slow: Dataset, fitted: Fitted, tmp_path: Path) -> None:
    save(fitted, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([MANIFEST, WEIGHTS, ARRAYS])
    again = load(tmp_path)
    assert again.coarse is not None
    for window in ("centred", "trailing"):
        one, other = (detect(each, slow, DetectSettings(smoothing_window=window)) for each in (fitted, again))
        assert one.events == other.events
        for first, second in zip(one.scores, other.scores, strict=True):
            np.testing.assert_array_equal(first.values, second.values)
    save(replace(fitted, coarse=None), tmp_path)
    assert load(tmp_path).coarse is None


def test_a_model_of_before_scores_by_single_steps(slow: Dataset, fitted: Fitted, tmp_path: Path) -> None:
    alone = replace(fitted, coarse=None)
    save(alone, tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert "coarse" not in manifest
    assert not [name for file in (ARRAYS, WEIGHTS) for name in tensors.load((tmp_path / file).read_bytes())
                if name.startswith("coarse.")]  # fmt: skip
    again = load(tmp_path)
    assert again.coarse is None
    one, other = (detect(each, slow).scores[0].values for each in (again, alone))
    np.testing.assert_array_equal(one, other)


def refusal(folder: Path, files: dict[str, bytes], **changed: bytes) -> str:
    for name, content in {**files, **changed}.items():
        (folder / name).write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        load(folder)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    return str(caught.value)


def test_damage_to_what_is_kept_of_it_is_refused_in_a_sentence(fitted: Fitted, tmp_path: Path) -> None:
    save(fitted, tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    del manifest["files"], manifest["check"]
    files = {name: (tmp_path / name).read_bytes() for name in (WEIGHTS, ARRAYS)}
    files[MANIFEST] = json.dumps(manifest).encode()
    arrays, weights = (tensors.load(files[name]) for name in (ARRAYS, WEIGHTS))
    own = manifest["coarse"]
    columns = own["columns"] | {"monitored": ["a", "c"]}
    for part in (None, 3, {}, own | {"order": [0, 0]}, own | {"period": -1}, own | {"columns": columns},
                 own | {"coarse": own}, own | {"settings": {"epochs": 0}}, own | {"warm_up": 10**12}):  # fmt: skip
        found = refusal(tmp_path, files, **{MANIFEST: json.dumps(manifest | {"coarse": part}).encode()})
        assert "coarse" in found, found
    for name, array in arrays.items():
        if name.startswith("coarse."):
            fewer = {key: value for key, value in arrays.items() if key != name}
            assert "at coarser steps" in refusal(tmp_path, files, **{ARRAYS: tensors.save(fewer)}), name
            flat = tensors.save(fewer | {name: array[None]})
            assert "at coarser steps" in refusal(tmp_path, files, **{ARRAYS: flat}), name
    lengths = arrays["coarse.reference.lengths"]
    moved = tensors.save(arrays | {"coarse.reference.lengths": lengths + np.array([1, -1])})
    assert "reference.lengths" in refusal(tmp_path, files, **{ARRAYS: moved})
    name = next(name for name in sorted(weights) if name.startswith("coarse."))
    for altered in (
        {key: value for key, value in weights.items() if key != name},
        weights | {name: np.full_like(weights[name], NAN)},
        weights | {name: weights[name][None]},
    ):
        assert "at coarser steps" in refusal(tmp_path, files, **{WEIGHTS: tensors.save(altered)})
