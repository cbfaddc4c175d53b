"""The cells against the textbook, and the state they hand on."""

import numpy as np
import pytest
import torch

from anomaly.exceptions import SettingsError
from anomaly.model.network import COMPUTE_THREADS, Network, compute_threads, pick_device
from tests import naive


def make_network(cell: str, layers: int = 1, seed: int = 0) -> Network:
    """Inputs of 3, 4 hidden units, 2 horizons of 2 channels."""
    generator = torch.Generator().manual_seed(seed)
    return Network(cell, 3, 4, layers, horizons=2, channels=2, generator=generator).double()


def weights_of(network: Network) -> naive.Weights:
    return {name: weight.detach().double().numpy().copy() for name, weight in network.state_dict().items()}


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_cells_follow_the_textbook_equations(cell: str, layers: int) -> None:
    network = make_network(cell, layers)
    inputs = np.random.default_rng(1).standard_normal((20, 3))

    predicted, state = network(torch.from_numpy(inputs[None]), network.start(1))

    expected, expected_state = naive.run(cell, weights_of(network), inputs, naive.empty_state(cell, layers, 4))
    np.testing.assert_allclose(predicted[0].detach().numpy(), expected.reshape(20, 2, 2), atol=1e-12)
    for part, tensor in enumerate(state):
        expected_part = [one[part] for one in expected_state]
        np.testing.assert_allclose(tensor[:, 0].detach().numpy(), expected_part, atol=1e-12)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_state_handed_on_continues_the_run_as_if_it_were_unbroken(cell: str) -> None:
    network = make_network(cell, layers=2)
    inputs = torch.randn(3, 30, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))

    whole, _ = network(inputs, network.start(3))
    first, state = network(inputs[:, :13], network.start(3))
    second, _ = network(inputs[:, 13:], state)

    torch.testing.assert_close(torch.cat([first, second], 1), whole)


def test_a_seed_gives_the_same_weights_whatever_the_global_generator_has_drawn() -> None:
    first = weights_of(make_network("lstm"))
    torch.rand(7)
    again, other = weights_of(make_network("lstm")), weights_of(make_network("lstm", seed=1))

    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)


def test_weights_lie_within_one_over_the_root_of_the_hidden_units() -> None:
    sizes = np.concatenate([np.abs(weight).ravel() for weight in weights_of(make_network("gru")).values()])
    assert 0.4 < sizes.max() <= 0.5


def test_the_number_of_threads_is_fixed_inside_and_put_back_outside() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with compute_threads():
            assert torch.get_num_threads() == COMPUTE_THREADS
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_a_device_asked_for_by_name_is_the_one_taken() -> None:
    assert pick_device("cpu").type == "cpu"


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_said_in_a_sentence(device: str) -> None:
    try:
        assert pick_device(device).type == device
    except SettingsError as error:
        assert f"found '{device}'" in str(error)
