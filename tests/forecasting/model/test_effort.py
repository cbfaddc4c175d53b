"""What training takes, said before, and kept small where it would not fit."""

import time

import numpy as np
import pytest
import torch

from anomaly.domain.forecasts import Effort, Pace
from anomaly.domain.settings.fitting import FitSettings
from anomaly.forecasting.fitting import estimate, fit
from anomaly.forecasting.model import effort, training
from anomaly.forecasting.model.effort import activation_bytes, choose_stretch
from anomaly.forecasting.model.estimating import Extent, estimate_effort
from anomaly.forecasting.model.network import Network
from anomaly.forecasting.model.streams import mean_loss, run_with_resets
from anomaly.forecasting.model.training import train
from anomaly.pipeline import detect
from tests.support.networks import CPU, RECURRENT, make_network, make_record, quick
from tests.support.strategies import make_dataset, sine_values

ALL = [*RECURRENT, "feedforward"]


def gradient_through(cell: str, stretch: int | None) -> tuple[dict[str, torch.Tensor], int]:
    """Of a segment with a record's start in it; and the bytes of what was kept for the way back."""
    network = make_network(cell, layers=2)
    inputs = torch.randn(2, 90, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    starts = torch.zeros(2, 90, dtype=torch.bool)
    starts[0, 31] = True
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        predicted, _ = run_with_resets(network, inputs, network.start(2), starts, stretch)
        loss = predicted.square().mean()
    loss.backward()
    return {name: weight.grad for name, weight in network.named_parameters()}, sum(kept.values())


@pytest.mark.parametrize("cell", ALL)
def test_checkpointing_gives_the_same_gradient_in_less_memory(cell: str) -> None:
    plain, much = gradient_through(cell, None)
    again, little = gradient_through(cell, 10)
    assert all(torch.allclose(plain[name], again[name], rtol=1e-10, atol=1e-14) for name in plain)
    assert little < 0.6 * much


def test_states_are_kept_only_where_all_would_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = FitSettings(bptt_steps=10_000)
    needed = activation_bytes(settings, 1, 10_000)
    monkeypatch.setattr(effort, "_memory", lambda device: needed / effort.MOST_MEMORY)
    assert choose_stretch(settings, 1, 10_000, CPU) is None
    monkeypatch.setattr(effort, "_memory", lambda device: 0.9 * needed / effort.MOST_MEMORY)
    assert choose_stretch(settings, 1, 10_000, CPU) == 100


def test_a_fit_that_would_not_fit_learns_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    record, settings = make_record(400, 300), quick(bptt_steps=100)
    _, plain, _ = train([record], settings, CPU)
    monkeypatch.setattr(effort, "_memory", lambda device: 1.0)
    used = []
    run = training.run_with_resets
    monkeypatch.setattr(training, "run_with_resets", lambda *a: used.append(a[-1]) or run(*a))
    _, thrifty, _ = train([record], settings, CPU)
    assert set(used) == {10}
    np.testing.assert_allclose(
        [epoch.train_loss for epoch in thrifty], [epoch.train_loss for epoch in plain], rtol=1e-4
    )


@pytest.mark.parametrize("cell", ALL)
def test_the_estimate_is_of_the_right_size(cell: str) -> None:
    settings = FitSettings(cell=cell, epochs=6, patience=6)
    record = make_record(3000, 2600)
    train([record], settings.model_copy(update={"epochs": 1}), CPU)
    found = estimate_effort(settings, Extent((2600,), (400,), (3000,), 3000), 3, 2, CPU)
    began = time.thread_time()
    train([record], settings, CPU)
    took = time.thread_time() - began
    assert found.epochs == 6 and found.streams == 8 and found.updates == 6 and not found.is_checkpointed
    assert took / 6 < found.seconds - found.rest_seconds < 6 * took


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_what_is_measured_after_training_is_counted_too(cell: str) -> None:
    """In a wide network on a short record it takes longest, and was left out."""
    dataset = make_dataset(sine_values(700))
    settings = FitSettings(cell=cell, hidden_units=160, epochs=1, device="cpu")
    fit(dataset, settings.model_copy(update={"hidden_units": 8}))
    announced = estimate(dataset, settings)
    began = time.thread_time()
    detect(fit(dataset, settings), dataset)
    took = time.thread_time() - began
    assert announced.rest_seconds > announced.seconds / 2
    assert took / 6 < announced.seconds < 6 * took


def test_parts_and_held_out_steps_and_the_whole_file_are_counted() -> None:
    settings = FitSettings(epochs=2, hidden_units=16)
    few, more = (
        estimate_effort(settings, Extent((1000,), (held_out,), (whole,), 1000), 3, 2, CPU)
        for held_out, whole in ((100, 1100), (40_000, 9_000_000))
    )
    assert more.held_out_seconds > 5 * few.held_out_seconds
    assert more.rest_seconds > 2 * few.rest_seconds


def test_what_is_left_follows_the_pace_of_the_first_updates() -> None:
    effort = Effort(4, 8, 10, 1e6, False, update_seconds=1.0, held_out_seconds=2.0, rest_seconds=12.0)
    assert effort.seconds == 60
    assert effort.left(Pace(0, 0.0)) == 60
    assert effort.left(Pace(1, 3.0)) == 3 * 59
    assert effort.left(Pace(10, 6.0)) == 0.5 * 48
    assert effort.left(Pace(40, 48.0)) == 12
    assert effort.left(Pace(10, 12.0, epochs_before=2)) == 2 * 12 + 12 - 12


def test_the_estimated_memory_grows_with_what_is_kept() -> None:
    extent = Extent((6400,), (0,), (6400,), 6400)
    small, large = (
        estimate_effort(FitSettings(bptt_steps=steps, epochs=1), extent, 3, 2, CPU).memory for steps in (50, 500)
    )
    assert small * 5 < large
    whole = estimate_effort(FitSettings(bptt_steps=10**7, epochs=1), extent, 3, 2, CPU)
    assert (whole.streams, whole.updates) == (1, 1)


def test_many_channels_and_horizons_are_counted() -> None:
    """Against what autograd really keeps, by its own hooks."""
    settings, kept = FitSettings(hidden_units=8, horizons=(1, 2, 3, 4, 5)), {}
    network = Network(settings, 100, 100, torch.Generator())

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        predicted, _ = network(torch.zeros(8, 64, 100), network.start(8))
        wanted = torch.zeros_like(predicted)
        mean_loss(predicted, wanted, wanted == 0)
    found = activation_bytes(settings, 8, 64, 100, 100)
    assert found / 2 < sum(kept.values()) < 2 * found
