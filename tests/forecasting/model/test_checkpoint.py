"""A training that is broken off goes on from its checkpoint and ends where it would have unbroken."""

from pathlib import Path

import numpy as np
import pytest
import torch

from anomaly.domain.forecasts import Epoch
from anomaly.forecasting.model import training
from anomaly.forecasting.model.training import train
from tests.support.networks import CPU, make_record, quick

ALL = ["lstm", "gru", "rnn", "relu", "feedforward"]


class Broken(Exception):
    """What ends the process, in these tests."""


@pytest.fixture(autouse=True)
def after_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)


def break_after(number: int):
    def on_epoch(epoch: Epoch) -> None:
        if epoch.number == number:
            raise Broken

    return on_epoch


def losses(epochs: list[Epoch]) -> list[tuple[float, float, bool]]:
    return [(epoch.train_loss, epoch.validation_loss, epoch.is_best) for epoch in epochs]


@pytest.mark.parametrize("cell", ALL)
@pytest.mark.parametrize("last", [1, 4])
def test_what_goes_on_ends_as_the_unbroken_does_to_the_last_bit(cell: str, last: int, tmp_path: Path) -> None:
    records, settings = (
        [make_record(300, 240), make_record(50, 40, seed=1)],
        quick(cell=cell, epochs=7, layers=2, dropout=0.3, window_steps=5),
    )
    whole, epochs, ended = train(records, settings, CPU)
    with pytest.raises(Broken):
        train(records, settings, CPU, break_after(last), checkpoint=tmp_path / "checkpoint")
    torch.rand(5)
    seen: list[Epoch] = []
    again, epochs_again, ended_again = train(records, settings, CPU, seen.append, checkpoint=tmp_path / "checkpoint")
    assert losses(epochs_again) == losses(epochs) and ended_again == ended
    assert [epoch.number for epoch in seen] == list(range(1, 8)), "those from before are told again"
    weights = again.network.state_dict()
    assert all(torch.equal(weight, weights[name]) for name, weight in whole.network.state_dict().items())
    assert epochs_again[-1].seconds > epochs_again[last - 1].seconds


def test_patience_counts_across_the_break(tmp_path: Path) -> None:
    record, settings = make_record(200, 150), quick(epochs=60, patience=2, learning_rate=0.1)
    _, epochs, ended = train([record], settings, CPU)
    assert ended.startswith("Stopped early")
    with pytest.raises(Broken):
        train([record], settings, CPU, break_after(len(epochs) - 1), checkpoint=tmp_path / "checkpoint")
    _, again, ended_again = train([record], settings, CPU, checkpoint=tmp_path / "checkpoint")
    assert losses(again) == losses(epochs) and ended_again == ended


@pytest.mark.parametrize("other", ["settings", "data", "damaged", "empty"])
def test_a_checkpoint_of_something_else_is_none(other: str, tmp_path: Path) -> None:
    path, record, settings = tmp_path / "checkpoint", make_record(200, 150), quick(epochs=3)
    with pytest.raises(Broken):
        train([record], settings, CPU, break_after(2), checkpoint=path)
    if other == "settings":
        settings = quick(epochs=3, seed=9)
    elif other == "data":
        record = make_record(200, 150, seed=9)
    else:
        path.write_bytes(b"" if other == "empty" else path.read_bytes()[:-40])
    expected = losses(train([record], settings, CPU)[1])
    assert losses(train([record], settings, CPU, checkpoint=path)[1]) == expected


def test_a_crash_while_writing_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, record, settings = tmp_path / "checkpoint", make_record(200, 150), quick(epochs=4)
    expected = losses(train([record], settings, CPU)[1])
    save, written = training.Checkpoint.save, []

    def fail_at_third(self: training.Checkpoint, epochs: list[Epoch], best: dict[str, torch.Tensor]) -> None:
        written.append(len(epochs))
        if len(epochs) == 3:
            monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(Broken()))
        save(self, epochs, best)

    monkeypatch.setattr(training.Checkpoint, "save", fail_at_third)
    with pytest.raises(Broken):
        train([record], settings, CPU, checkpoint=path)
    monkeypatch.undo()
    _, again, _ = train([record], settings, CPU, checkpoint=path)
    assert losses(again) == expected and written == [1, 2, 3]


def test_without_a_checkpoint_nothing_is_written(tmp_path: Path) -> None:
    train([make_record(60, 50)], quick(epochs=1), CPU)
    assert not list(tmp_path.iterdir())
    assert np.isfinite(train([make_record(60, 50)], quick(epochs=1), CPU)[1][0].train_loss)


@pytest.mark.parametrize("seed", range(3))
def test_a_training_that_had_ended_does_not_go_on_from_its_checkpoint(seed: int, tmp_path: Path) -> None:
    """Its process may be killed after the last epoch, before its result is kept."""
    record, settings = make_record(200, 150, seed=seed), quick(epochs=60, patience=2, learning_rate=0.1)
    whole, epochs, ended = train([record], settings, CPU, checkpoint=tmp_path / "checkpoint")
    assert ended.startswith("Stopped early")
    again, epochs_again, ended_again = train([record], settings, CPU, checkpoint=tmp_path / "checkpoint")
    assert (losses(epochs_again), ended_again) == (losses(epochs), ended)
    weights = again.network.state_dict()
    assert all(torch.equal(weight, weights[name]) for name, weight in whole.network.state_dict().items())


def test_a_checkpoint_that_was_damaged_is_not_gone_on_from(tmp_path: Path) -> None:
    record, settings, path = make_record(200, 150), quick(epochs=4), tmp_path / "checkpoint"
    _, epochs, _ = train([record], settings, CPU)
    with pytest.raises(Broken):
        train([record], settings, CPU, break_after(2), checkpoint=path)
    content = path.read_bytes()
    # In its header, among what it says of the epochs, and among the weights.
    for place in (30, content.index(b"gradient_norm"), content.index(b"groups"), len(content) // 2, len(content) - 3):
        path.write_bytes(content[:place] + bytes([content[place] ^ 2]) + content[place + 1 :])
        assert losses(train([record], settings, CPU, checkpoint=path)[1]) == losses(epochs)
