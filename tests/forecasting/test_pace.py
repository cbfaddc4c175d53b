"""How far training is, by how often it asks whether to stop."""

import math

import pytest

from anomaly.domain.forecasts import Epoch, Pace
from anomaly.forecasting.fitting import estimate, fit
from anomaly.forecasting.pace import PaceKeeper
from tests.support.strategies import QUICK, make_dataset, sine_values


def keeper_of(times: list[float]) -> tuple[PaceKeeper, list[Pace], list[Epoch]]:
    told: list[Pace] = []
    epochs: list[Epoch] = []
    return PaceKeeper(epochs.append, lambda: False, told.append, iter(times).__next__), told, epochs


def test_it_is_told_at_the_first_update_and_then_now_and_then() -> None:
    keeper, told, _ = keeper_of([5.0, 5.1, 5.2, 5.3, 5.7])
    assert not any(keeper.should_stop() for _ in range(5))
    assert [(one.updates, round(one.seconds, 6)) for one in told] == [(1, 0.1), (4, 0.7)]


def test_epochs_of_a_checkpoint_are_none_of_those_it_counts() -> None:
    keeper, told, epochs = keeper_of([0.0, 1.0])
    epoch = Epoch(1, 9, 0.5, math.nan, 1.0, 8.0, True, 1.0)
    keeper.on_epoch(epoch), keeper.on_epoch(epoch)
    keeper.should_stop(), keeper.should_stop()
    keeper.on_epoch(epoch)
    assert told == [Pace(1, 1.0, 2)] and len(epochs) == 3


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_fit_asks_once_for_every_update(epochs: int) -> None:
    asked: list[int] = []
    keeper = PaceKeeper(lambda _: None, lambda: asked.append(1) or False, lambda _: None)
    dataset, settings = make_dataset(sine_values(300)), QUICK.model_copy(update={"epochs": epochs, "patience": 9})
    fit(dataset, settings, on_epoch=keeper.on_epoch, should_stop=keeper.should_stop)
    assert len(asked) == epochs * estimate(dataset, settings).updates
