"""Truncated backpropagation through time: what is carried, what is cut, what is covered, what is kept."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from anomaly.domain.exceptions import TrainingError
from anomaly.domain.forecasts import Epoch
from anomaly.forecasting.model import training
from anomaly.forecasting.model.forecaster import Forecaster
from anomaly.forecasting.model.streams import Ring, TrainRecord, make_ring, mean_loss, run_with_resets, segments
from anomaly.forecasting.model.training import train
from tests.naive import networks as naive
from tests.support.networks import CPU, RECURRENT, make_network, make_record, quick, weights_of


def gradients_of_an_epoch(
    cell: str, record: TrainRecord, bptt_steps: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[naive.Weights, list[naive.Weights]]:
    """The weights, left as they were, and the gradient of each update, walked from step 0 without noise or clipping."""
    monkeypatch.setattr(training, "segments", lambda ring, streams, steps, offset: segments(ring, streams, steps, 0))
    network = make_network(cell)
    ring = make_ring([record], (1, 3), CPU)
    ring = Ring(ring.inputs.double(), ring.targets.double(), ring.observed, ring.starts)
    walk = training._Walk(
        network, ring, quick(bptt_steps=bptt_steps, input_noise=0.0, gradient_norm=1e9), torch.Generator()
    )
    gradients = []

    def keep_gradient() -> None:
        gradients.append({name: one.grad.numpy().copy() for name, one in network.named_parameters()})

    walk.optimizer.step = keep_gradient
    walk.schedule.step = lambda: None
    walk.epoch(None)
    return weights_of(network), gradients


def assert_gradients_agree(found: naive.Weights, expected: naive.Weights) -> None:
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("cell", RECURRENT)
def test_one_segment_over_the_record_is_full_backpropagation(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_record(12)
    record.targets[4, 1] = np.nan
    weights, (found,) = gradients_of_an_epoch(cell, record, 12, monkeypatch)

    targets = naive.ahead(record.targets, (1, 3))
    state = naive.empty_state(cell, 1, 4)
    assert_gradients_agree(found, naive.gradient(cell, weights, record.inputs, targets, state, training.HUBER_BETA))


@pytest.mark.parametrize("cell", RECURRENT)
def test_state_is_carried_between_segments_but_not_its_gradient(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_record(12)
    weights, found = gradients_of_an_epoch(cell, record, 5, monkeypatch)

    targets = naive.ahead(record.targets, (1, 3))
    state = naive.empty_state(cell, 1, 4)
    assert len(found) == 3
    for first, one in zip((0, 5, 10), found, strict=True):
        part = slice(first, first + 5)
        assert_gradients_agree(
            one, naive.gradient(cell, weights, record.inputs[part], targets[part], state, training.HUBER_BETA)
        )
        _, state = naive.run(cell, weights, record.inputs[part], state)


@pytest.mark.parametrize("cell", RECURRENT)
def test_run_with_resets_equals_running_each_record_on_its_own(cell: str) -> None:
    network = make_network(cell, layers=2)
    inputs = torch.randn(2, 20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    begins = [[0, 1, 7, 15], [0, 11, 19]]
    starts = torch.zeros(2, 20, dtype=torch.bool)
    for stream, steps in enumerate(begins):
        starts[stream, steps] = True
    stale = tuple(torch.ones_like(part) for part in network.start(2))

    found, _ = run_with_resets(network, inputs, stale, starts)

    for stream, steps in enumerate(begins):
        for first, stop in zip(steps, [*steps[1:], 20], strict=True):
            alone, _ = network(inputs[stream : stream + 1, first:stop], network.start(1))
            torch.testing.assert_close(found[stream, first:stop], alone[0])


def test_a_segment_where_nothing_starts_goes_on_from_the_state_given() -> None:
    network = make_network("lstm")
    inputs = torch.randn(1, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    state = tuple(torch.ones_like(part) for part in network.start(1))

    found, _ = run_with_resets(network, inputs, state, torch.zeros(1, 6, dtype=torch.bool))

    torch.testing.assert_close(found, network(inputs, state)[0])


@given(
    steps=st.integers(1, 80), streams=st.integers(1, 12), bptt_steps=st.integers(1, 30), offset=st.integers(0, 10**6)
)
def test_an_epoch_covers_each_point_once_up_to_the_remainder(
    steps: int, streams: int, bptt_steps: int, offset: int
) -> None:
    streams, offset = min(streams, steps), offset % steps
    positions = torch.arange(steps)
    ring = Ring(positions, positions + 1000, positions % 2 == 0, positions % 5 == 0)

    parts = list(segments(ring, streams, bptt_steps, offset))

    covered = torch.cat([inputs for inputs, *_ in parts], 1)
    assert all(inputs.shape[1] <= bptt_steps for inputs, *_ in parts)
    assert len(covered.unique()) == covered.numel() > steps - streams
    assert covered[0, 0] == offset
    assert ((covered[:, 1:] - covered[:, :-1]) % steps == 1 % steps).all(), "a stream is contiguous time"
    for inputs, targets, observed, starts in parts:
        assert (targets == inputs + 1000).all()
        assert (observed == (inputs % 2 == 0)).all()
        assert (starts == (inputs % 5 == 0)).all()


@given(steps=st.integers(1, 10**6), bptt_steps=st.integers(1, 5000))
def test_there_are_at_least_one_and_at_most_256_streams_none_longer_than_the_ring(steps: int, bptt_steps: int) -> None:
    assert 1 <= training.choose_streams(steps, bptt_steps) <= min(steps, 256)


def test_the_ring_joins_the_learning_parts_and_no_target_crosses_from_one_record_to_the_next() -> None:
    first, empty, second = make_record(6, 5), make_record(1, 0), make_record(4, 3, seed=1)
    second.targets[1, 0] = np.nan

    ring = make_ring([first, empty, second], (1, 2), CPU)

    np.testing.assert_array_equal(ring.inputs, np.concatenate([first.inputs[:5], second.inputs[:3]]))
    assert ring.starts.nonzero().flatten().tolist() == [0, 5]
    assert ring.observed[:, 0, 1].tolist() == [True] * 4 + [False] + [True] * 2 + [False]
    assert ring.observed[:, 1, 1].tolist() == [True] * 3 + [False] * 2 + [True] + [False] * 2
    assert ring.observed[5, 0].tolist() == [False, True], "a target that was not observed"
    np.testing.assert_array_equal(ring.targets[0], first.targets[1:3])
    assert ring.targets.isfinite().all()


def test_the_loss_leaves_unobserved_targets_out() -> None:
    predicted = torch.tensor([[1.0, 5.0], [0.0, -2.0]])
    observed = torch.tensor([[True, False], [True, True]])
    targets = torch.tensor([[0.8, 0.0], [2.0, -2.0]])

    expected = naive.mean_huber(predicted.numpy(), np.where(observed, targets, np.nan), training.HUBER_BETA)

    assert float(mean_loss(predicted, targets, observed)) == pytest.approx(expected)
    assert float(mean_loss(predicted, targets, torch.zeros_like(observed))) == 0


def test_the_held_out_loss_is_that_of_the_held_out_steps_after_a_burn_in_through_those_before() -> None:
    record = make_record(60, 50)
    network = make_network("gru").float()
    forecaster = Forecaster(network, (1, 3))

    predicted = forecaster.predict_whole(record.inputs)[:, 50:]
    targets = np.broadcast_to(record.targets[50:], predicted.shape)

    expected = naive.mean_huber(predicted.astype(float), targets.astype(float), training.HUBER_BETA)
    assert training._HeldOut([record]).loss(forecaster) == pytest.approx(expected, rel=1e-5)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[float], list[naive.Weights]]]:
    """Validation losses to come, and the weights there were when each was asked for."""
    losses, weights = [], []

    def loss(held_out: object, forecaster: Forecaster) -> float:
        weights.append(weights_of(forecaster.network))
        return losses[len(weights) - 1]

    monkeypatch.setattr(training._HeldOut, "loss", loss)
    return losses, weights


def same_weights(one: naive.Weights, other: naive.Weights) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_early_stopping_stops_and_the_best_weights_are_kept(scripted: tuple) -> None:
    losses, weights = scripted
    losses += [3.0, 2.0, 2.5, 2.0, 1.0]

    forecaster, epochs, ended = train([make_record(80, 70)], quick(epochs=5, patience=2), CPU)

    assert [epoch.is_best for epoch in epochs] == [True, True, False, False]
    assert "early after epoch 4" in ended
    assert same_weights(weights_of(forecaster.network), weights[1])
    assert not same_weights(weights[1], weights[3])


def test_stopping_on_request_keeps_the_best_weights_and_says_so(scripted: tuple) -> None:
    losses, weights = scripted
    losses += [2.0, 1.0, 3.0]
    seen: list[Epoch] = []
    asked = []

    def should_stop() -> bool:
        asked.append(len(seen))
        return len(seen) == 3 and asked.count(3) == 2

    record, settings = make_record(80, 70), quick(epochs=9)
    forecaster, epochs, ended = train([record], settings, CPU, on_epoch=seen.append, should_stop=should_stop)

    assert seen == epochs and len(epochs) == 3
    assert "on request in epoch 4" in ended and "best weights" in ended
    assert same_weights(weights_of(forecaster.network), weights[1])
    assert asked.count(3) == 2, "asked before every update, not once an epoch"


def test_without_anything_held_out_the_training_loss_is_watched() -> None:
    _, epochs, ended = train([make_record(40)], quick(patience=4), CPU)

    assert all(np.isnan(epoch.validation_loss) for epoch in epochs)
    best = np.minimum.accumulate([epoch.train_loss for epoch in epochs])
    assert [epoch.train_loss for epoch in epochs if epoch.is_best] == list(np.unique(best)[::-1])
    assert ended == "All 4 epochs ran."


def test_one_epoch_is_no_several() -> None:
    assert train([make_record(40)], quick(epochs=1), CPU)[2] == "The one epoch ran."
    _, epochs, ended = train([make_record(80, 70)], quick(epochs=400, patience=1), CPU)
    assert ended == f"Stopped early after epoch {len(epochs)}: no better validation loss for 1 epoch."


def test_a_loss_that_is_not_a_number_is_an_error_that_says_what_to_do() -> None:
    record = make_record(40)
    record.inputs[20] = np.inf
    with pytest.raises(TrainingError, match=r"epoch 1: .* Lower the learning rate \(0\.005\)"):
        train([record], quick(), CPU)


def test_the_training_loss_of_a_plain_sine_falls() -> None:
    values = np.sin(np.arange(400) * 2 * np.pi / 20)[:, None].astype(np.float32)
    _, epochs, _ = train([TrainRecord(values, values, 340)], quick(epochs=15, hidden_units=8, learning_rate=2e-2), CPU)
    assert epochs[-1].validation_loss < 0.2 * epochs[0].validation_loss


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    records = [make_record(60, 50), make_record(33, 30, seed=1)]
    first, again, other = (weights_of(train(records, quick(seed=s), CPU)[0].network) for s in (5, 5, 6))
    assert same_weights(first, again)
    assert not same_weights(first, other)


def test_a_fit_in_another_thread_at_the_same_time_changes_nothing() -> None:
    records = [make_record(300, 260)]
    alone = [weights_of(train(records, quick(seed=s), CPU)[0].network) for s in range(4)]
    together: list[naive.Weights] = [{}] * 4

    def work(seed: int) -> None:
        together[seed] = weights_of(train(records, quick(seed=seed), CPU)[0].network)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(same_weights(one, other) for one, other in zip(alone, together, strict=True))


def test_forecasts_that_are_no_numbers_are_never_the_best() -> None:
    record = make_record(300, 240)

    class Exploded:
        horizons = (1,)

        def predict(self, records: list[np.ndarray]) -> list[np.ndarray]:
            made = [np.zeros((1, len(one), record.targets.shape[1]), np.float32) for one in records]
            made[0][:, 150:] = np.nan
            return made

    assert training._HeldOut([record]).loss(Exploded()) == np.inf  # type: ignore[arg-type]


def test_a_training_without_one_usable_epoch_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training._HeldOut, "loss", lambda *_: np.inf)
    with pytest.raises(TrainingError, match="after no epoch were the forecasts numbers"):
        train([make_record(300, 240)], quick(epochs=3), CPU)
