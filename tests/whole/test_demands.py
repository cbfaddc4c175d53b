"""What a sequence model owes its data: all lengths used, order kept, long patterns learnt, one network for all records.

Each is shown to matter: without it the forecast is clearly worse.
"""

from dataclasses import replace

import numpy as np
import pytest

import anomaly
from anomaly import Dataset, FitSettings, Fitted
from anomaly.domain.exceptions import SettingsError
from anomaly.forecasting.fitting import fit
from anomaly.pipeline import detect, forecast
from anomaly.reading.synthetic import demo_csv
from tests.support.strategies import make_dataset, quick_settings, sine_values

TRAINED = 0.6


@pytest.fixture(scope="module")
def ward() -> Dataset:
    return anomaly.read(demo_csv("ward"), name="ward")


@pytest.fixture(scope="module")
def fitted(ward: Dataset) -> Fitted:
    return anomaly.fit(ward, FitSettings(train_fraction=TRAINED))


def misses(fitted: Fitted, dataset: Dataset, share: float = TRAINED) -> list[float]:
    """Of each record the mean |residual| after its train span, in the ward's standard deviations."""
    return [
        float(np.nanmean(np.abs(one.residuals[0, int(share * len(one.series)) :] / dataset_scale(dataset))))
        for one in forecast(fitted, dataset)
    ]


def dataset_scale(dataset: Dataset) -> np.ndarray:
    return np.nanstd(np.concatenate([one.values for one in dataset.series]), axis=0)


def dataset_of(values: np.ndarray) -> Dataset:
    return anomaly.read(("value\n" + "\n".join(f"{value:.5f}" for value in values)).encode())


def test_records_of_every_length_are_learnt_whole_none_padded_or_cut(ward: Dataset) -> None:
    lengths = [len(one) for one in ward.series]
    assert min(lengths) < 15 < 150 < max(lengths)
    whole = anomaly.fit(ward, FitSettings(epochs=1, device="cpu"))
    assert [part.shape[1] for part in whole.reference] == lengths
    assert [one.predicted.shape[0] for one in forecast(whole, ward)] == lengths


def test_the_shortest_records_change_what_is_learnt(ward: Dataset) -> None:
    """A method of fixed windows would pass over them."""
    settings = FitSettings(epochs=1, device="cpu")
    longer = replace(ward, series=tuple(one for one in ward.series if len(one) >= 40))
    assert len(ward.series) - len(longer.series) > 0
    all_of_them, some = (anomaly.fit(one, settings).preparation.channels.mean for one in (ward, longer))
    assert not np.array_equal(all_of_them, some)


def test_shuffled_time_gives_a_worse_forecast() -> None:
    values = anomaly.read(demo_csv("ecg"), name="ecg").series[0].values[:4000, 0]
    shuffled = np.random.default_rng(0).permutation(values)
    ordered, mixed = (
        misses(anomaly.fit(one, FitSettings(train_fraction=TRAINED, epochs=15)), one)[0]
        for one in (dataset_of(values), dataset_of(shuffled))
    )
    assert ordered < 0.5 * mixed


def test_a_pattern_that_repeats_after_200_steps_is_foreseen_and_not_without_a_memory() -> None:
    rng = np.random.default_rng(0)
    signs = np.tile(rng.choice([-1.0, 1.0], 200), 60)
    values = signs + 0.05 * rng.standard_normal(len(signs))
    dataset = dataset_of(values)
    settings = FitSettings(train_fraction=0.8, epochs=40, patience=40, learning_rate=0.01)
    predicted = forecast(anomaly.fit(dataset, settings), dataset)[0].predicted[-2000:, 0]
    assert (np.sign(predicted) == signs[-2000:]).mean() > 0.95
    # The best that can be said from the last value alone: what usually came after a value of its sign.
    after = {sign: np.sign(signs[1:-2000][signs[:-2001] == sign].sum()) for sign in (-1.0, 1.0)}
    memoryless = np.array([after[sign] for sign in signs[-2001:-1]])
    assert (memoryless == signs[-2000:]).mean() < 0.7


def test_one_network_for_forty_patients_beats_one_for_each_on_the_short_records(ward: Dataset, fitted: Fitted) -> None:
    long_enough = [record for record, one in enumerate(ward.series) if TRAINED * len(one) >= 24]
    short = sorted(long_enough, key=lambda record: len(ward.series[record]))[:6]
    shared = misses(fitted, ward)
    scale = dataset_scale(ward)
    own = []
    for record in short:
        alone = replace(ward, series=(ward.series[record],))
        (one,) = forecast(anomaly.fit(alone, FitSettings(train_fraction=TRAINED)), alone)
        own.append(float(np.nanmean(np.abs(one.residuals[0, int(TRAINED * len(one.series)) :] / scale))))
    assert sum(shared[record] < alone for record, alone in zip(short, own, strict=True)) == len(short)
    assert np.mean([shared[record] for record in short]) < 0.8 * np.mean(own)


def test_which_record_is_odd_is_answered_by_a_ranking(ward: Dataset) -> None:
    found = anomaly.detect(anomaly.fit(ward), ward)
    ranking = list(dict.fromkeys(event.record for event in found.events))
    odd = {record for record, one in enumerate(ward.series) if one.labels is not None and one.labels.any()}
    assert ranking and set(ranking[:3]) <= odd


@pytest.mark.parametrize("horizons", [(2,), (5,), (3, 5), (1, 7)])
def test_any_horizons_can_be_learnt_and_scored(horizons: tuple[int, ...]) -> None:
    dataset = make_dataset(sine_values(400))
    fitted = fit(dataset, quick_settings(horizons=horizons))
    assert np.isfinite(detect(fitted, dataset).scores[0].values[-100:]).all()


def test_horizons_beyond_all_that_is_learnt_are_refused() -> None:
    """85 % of 31 steps are learnt from: no value in them lies 30 steps after another."""
    with pytest.raises(SettingsError, match="no value lies 30 steps after another in the train span less its held-out"):
        fit(make_dataset(sine_values(31), sine_values(20)), FitSettings(horizons=(30,), epochs=2, device="cpu"))


def test_a_window_longer_than_a_piece_is_seen_whole() -> None:
    dataset = make_dataset(sine_values(4000))
    fitted = fit(dataset, quick_settings(cell="feedforward", window_steps=2000, epochs=1))
    inputs = fitted.preparation.inputs(dataset.series[0], dataset.time_axis)
    whole = fitted.forecaster.predict_whole(inputs)
    np.testing.assert_allclose(fitted.forecaster.predict([inputs])[0], whole, atol=1e-5)
