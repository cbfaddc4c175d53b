"""Slow, plain oracles of the networks: one loop or one textbook equation after another."""

import math

import numpy as np

Weights = dict[str, np.ndarray]
"""a network's parameters under torch's names, float64"""


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm_step(weights: Weights, layer: int, x: np.ndarray, state: list[np.ndarray]) -> list[np.ndarray]:
    """One step of Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000; state [h, c]."""
    h, c = state
    gates = _gates(weights, "ih", layer, x) + _gates(weights, "hh", layer, h)
    i, f, g, o = np.split(gates, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return [sigmoid(o) * np.tanh(c), c]


def gru_step(weights: Weights, layer: int, x: np.ndarray, state: list[np.ndarray]) -> list[np.ndarray]:
    """One step of Cho et al. 2014 with the reset gate after the product, as torch has it; state [h]."""
    (h,) = state
    from_input, from_state = np.split(_gates(weights, "ih", layer, x), 3), np.split(_gates(weights, "hh", layer, h), 3)
    r = sigmoid(from_input[0] + from_state[0])
    z = sigmoid(from_input[1] + from_state[1])
    n = np.tanh(from_input[2] + r * from_state[2])
    return [(1 - z) * n + z * h]


def _gates(weights: Weights, source: str, layer: int, x: np.ndarray) -> np.ndarray:
    return weights[f"hidden.layers.weight_{source}_l{layer}"] @ x + weights[f"hidden.layers.bias_{source}_l{layer}"]


def rnn_step(weights: Weights, layer: int, x: np.ndarray, state: list[np.ndarray]) -> list[np.ndarray]:
    """s_t = tanh(W x_t + U s_{t-1} + b), Elman 1990; state [s]."""
    return [np.tanh(_gates(weights, "ih", layer, x) + _gates(weights, "hh", layer, state[0]))]


def relu_step(weights: Weights, layer: int, x: np.ndarray, state: list[np.ndarray]) -> list[np.ndarray]:
    """The same with max(0, .) for tanh, Le et al. 2015; state [s]."""
    return [np.maximum(_gates(weights, "ih", layer, x) + _gates(weights, "hh", layer, state[0]), 0.0)]


STEPS = {"lstm": lstm_step, "gru": gru_step, "rnn": rnn_step, "relu": relu_step}
PARTS = {"lstm": 2, "gru": 1, "rnn": 1, "relu": 1}


def empty_state(cell: str, layers: int, hidden_units: int) -> list[list[np.ndarray]]:
    return [[np.zeros(hidden_units) for _ in range(PARTS[cell])] for _ in range(layers)]


def run(cell: str, weights: Weights, inputs: np.ndarray, state: list) -> tuple[np.ndarray, list]:
    """(T, D) and a state per layer -> what the head says at each step, (T, H * C), and the state after."""
    outputs = []
    for x in inputs:
        after = []
        for layer, before in enumerate(state):
            after.append(STEPS[cell](weights, layer, x, before))
            x = after[-1][0]
        state = after
        outputs.append(weights["head.weight"] @ x + weights["head.bias"])
    return np.array(outputs), state


def feedforward(weights: Weights, inputs: np.ndarray, steps: int, layers: int) -> np.ndarray:
    """(T, D) -> (T, H * C) from the last `steps` inputs alone, zeros before the first, position by position."""
    outputs = []
    for t in range(len(inputs)):
        x = weights["hidden.first.bias"].copy()
        for position in range(steps):
            at = t - steps + 1 + position
            if at >= 0:
                x += weights["hidden.first.weight"][:, :, position] @ inputs[at]
        x = np.maximum(x, 0.0)
        for layer in range(layers - 1):
            x = np.maximum(weights[f"hidden.rest.{layer}.weight"] @ x + weights[f"hidden.rest.{layer}.bias"], 0.0)
        outputs.append(weights["head.weight"] @ x + weights["head.bias"])
    return np.array(outputs)


def reach(
    cell: str, weights: Weights, inputs: np.ndarray, wanted: np.ndarray, end: int, lags: int, beta: float
) -> np.ndarray:
    """|dL_end / ds_{end-k}| for k = 0 ... lags by a product of Jacobians, each by central differences; one layer.

    L is the mean Huber loss of the prediction made at `end` against `wanted`, its first horizon alone.
    """

    def flat(state: list) -> np.ndarray:
        return np.concatenate([part for layer in state for part in layer])

    def unflat(values: np.ndarray) -> list:
        return [list(np.split(values, PARTS[cell]))]

    def loss(values: np.ndarray) -> float:
        predicted = (weights["head.weight"] @ unflat(values)[0][0] + weights["head.bias"])[: len(wanted)]
        return mean_huber(predicted, wanted, beta)

    def differences(f, at: np.ndarray) -> np.ndarray:
        steps = 1e-6 * np.eye(len(at))
        return np.array([(np.asarray(f(at + one)) - np.asarray(f(at - one))) / 2e-6 for one in steps]).T

    hidden = len(weights["head.weight"].T)
    states = [flat(empty_state(cell, 1, hidden))]
    for x in inputs[: end + 1]:
        states.append(flat([STEPS[cell](weights, 0, x, unflat(states[-1])[0])]))
    slope = differences(loss, states[end + 1])
    norms = [np.linalg.norm(slope)]
    for k in range(lags):
        x = inputs[end - k]
        jacobian = differences(lambda s, x=x: flat([STEPS[cell](weights, 0, x, unflat(s)[0])]), states[end - k])
        slope = slope @ jacobian
        norms.append(np.linalg.norm(slope))
    return np.array(norms)


def ahead(values: np.ndarray, horizons: tuple[int, ...]) -> np.ndarray:
    """(T, C) -> (T, H, C): what there is to foresee at each step, NaN past the end."""
    nothing = np.full(values.shape[1], np.nan)
    return np.array([[values[t + h] if t + h < len(values) else nothing for h in horizons] for t in range(len(values))])


def huber(distance: float, beta: float) -> float:
    distance = abs(distance)
    return distance**2 / (2 * beta) if distance < beta else distance - beta / 2


def mean_huber(predicted: np.ndarray, targets: np.ndarray, beta: float) -> float:
    """Over the targets that are not NaN."""
    pairs = zip(predicted.ravel(), targets.ravel(), strict=True)
    losses = [huber(p - t, beta) for p, t in pairs if not math.isnan(t)]
    return sum(losses) / len(losses)


def gradient(cell: str, weights: Weights, inputs: np.ndarray, targets: np.ndarray, state: list, beta: float) -> Weights:
    """Of the mean Huber loss over the steps given, by central differences. `state` is a constant: nothing flows there.

    From the empty state over a whole record: full backpropagation through time. From a carried state over a segment:
    its truncation.
    """
    step, slopes = 1e-5, {}
    for name, values in weights.items():
        slopes[name] = np.zeros_like(values)
        for position in np.ndindex(values.shape):
            losses = []
            for sign in (1, -1):
                moved = {**weights, name: values.copy()}
                moved[name][position] += sign * step
                predicted, _ = run(cell, moved, inputs, state)
                losses.append(mean_huber(predicted, targets, beta))
            slopes[name][position] = (losses[0] - losses[1]) / (2 * step)
    return slopes
