"""The cells against the textbook, and the state they hand on."""

import numpy as np
import pytest
import torch

from anomaly.domain.exceptions import SettingsError
from anomaly.forecasting.model.network import COMPUTE_THREADS, compute_threads, pick_device
from tests.naive import networks as naive
from tests.support.networks import RECURRENT, make_network, weights_of


@pytest.mark.parametrize("layers", [1, 2, 4])
@pytest.mark.parametrize("cell", RECURRENT)
def test_cells_follow_the_textbook_equations(cell: str, layers: int) -> None:
    network = make_network(cell, layers)
    inputs = np.random.default_rng(1).standard_normal((20, 3))

    predicted, state = network(torch.from_numpy(inputs[None]), network.start(1))

    expected, expected_state = naive.run(cell, weights_of(network), inputs, naive.empty_state(cell, layers, 4))
    np.testing.assert_allclose(predicted[0].detach().numpy(), expected.reshape(20, 2, 2), atol=1e-12)
    for part, tensor in enumerate(state):
        expected_part = [one[part] for one in expected_state]
        np.testing.assert_allclose(tensor[:, 0].detach().numpy(), expected_part, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 2, 4])
@pytest.mark.parametrize("cell", RECURRENT)
def test_a_step_alone_is_a_step_of_many(cell: str, layers: int) -> None:
    network = make_network(cell, layers)
    inputs = torch.from_numpy(np.random.default_rng(1).standard_normal((2, 20, 3)))
    _, whole = network(inputs, network.start(2))
    state = network.start(2)
    for step in range(20):
        state = network.hidden.step(inputs[:, step], state)
    for part, one in zip(whole, state, strict=True):
        torch.testing.assert_close(part, one, rtol=0, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 3])
def test_a_feedforward_network_sees_its_window_each_position_with_its_own_weights(layers: int) -> None:
    network = make_network("feedforward", layers)
    inputs = np.random.default_rng(1).standard_normal((20, 3))

    predicted, _ = network(torch.from_numpy(inputs[None]), network.start(1))

    expected = naive.feedforward(weights_of(network), inputs, 5, layers)
    np.testing.assert_allclose(predicted[0].detach().numpy(), expected.reshape(20, 2, 2), atol=1e-12)


@pytest.mark.parametrize("cell", [*RECURRENT, "feedforward"])
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


@pytest.mark.parametrize("cell", RECURRENT)
def test_orthogonal_weights_keep_every_length_in_each_gate(cell: str) -> None:
    weights = weights_of(make_network(cell, layers=2, recurrent_init="orthogonal"))
    for layer in (0, 1):
        for gate in np.split(weights[f"hidden.layers.weight_hh_l{layer}"], {"lstm": 4, "gru": 3}.get(cell, 1)):
            np.testing.assert_allclose(gate @ gate.T, np.eye(4), atol=1e-6)


def test_a_relu_cell_begins_as_the_identity_without_bias() -> None:
    weights = weights_of(make_network("relu"))
    np.testing.assert_array_equal(weights["hidden.layers.weight_hh_l0"], np.eye(4))
    assert not weights["hidden.layers.bias_hh_l0"].any() and not weights["hidden.layers.bias_ih_l0"].any()


def test_glorot_weights_lie_within_the_root_of_three_over_the_size() -> None:
    (square,) = np.split(weights_of(make_network("rnn", recurrent_init="glorot"))["hidden.layers.weight_hh_l0"], 1)
    assert np.sqrt(1 / 4) < np.abs(square).max() <= np.sqrt(3 / 4)


@pytest.mark.parametrize(("cell", "gate"), [("lstm", 1), ("gru", 1)])
def test_a_forget_bias_is_added_to_the_gate_that_keeps_and_to_no_other(cell: str, gate: int) -> None:
    plain, raised = (weights_of(make_network(cell, forget_bias=bias)) for bias in (0.0, 2.5))
    added = raised["hidden.layers.bias_ih_l0"] - plain["hidden.layers.bias_ih_l0"]
    expected = np.zeros(len(added))
    expected[4 * gate : 4 * gate + 4] = 2.5
    np.testing.assert_allclose(added, expected, atol=1e-6)
    others = [name for name in plain if name != "hidden.layers.bias_ih_l0"]
    assert all(np.array_equal(plain[name], raised[name]) for name in others)


def test_chrono_biases_spread_memories_up_to_the_truncation_length() -> None:
    network = make_network("lstm", forget_bias="chrono", bptt_steps=200, hidden_units=500)
    given, forget, *_ = np.split(weights_of(network)["hidden.layers.bias_ih_l0"], 4)
    steps = np.exp(forget)
    assert 1 <= steps.min() < 10 and 190 < steps.max() <= 199 and 80 < steps.mean() < 120
    np.testing.assert_allclose(given, -forget)


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
