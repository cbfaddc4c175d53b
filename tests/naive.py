"""Slow, plain oracles: one loop or one textbook equation after another, to hold the fast code against."""

import math
from collections.abc import Iterable

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


def scaler(values: np.ndarray) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each column, NaN left out."""
    means, deviations = [], []
    for column in values.T:
        known = [x for x in column.tolist() if not math.isnan(x)]
        mean = sum(known) / len(known)
        means.append(mean)
        deviations.append(math.sqrt(sum((x - mean) ** 2 for x in known) / len(known)))
    return means, deviations


def autocorrelation(values: np.ndarray, lag: int) -> float:
    """Unbiased, of one column."""
    centred = values - values.mean()
    together = sum(centred[t] * centred[t + lag] for t in range(len(values) - lag)) / (len(values) - lag)
    return together / (sum(x * x for x in centred) / len(values))


def dominant_period(values: np.ndarray, longest_period: int, fallback: int) -> int:
    """The first local peak (lag 3 up, above 0.1) of the mean autocorrelation within 90 % of the highest."""
    longest = min(longest_period, len(values) // 3)
    alive = [column for column in values.T if column.std() > 0]
    means = [sum(autocorrelation(column, lag) for column in alive) / len(alive) for lag in range(longest + 1)]
    peaks = [
        lag
        for lag in range(3, longest)
        if means[lag] > 0.1 and means[lag] >= means[lag - 1] and means[lag] > means[lag + 1]
    ]
    highest = max((means[lag] for lag in peaks), default=0)
    return next((lag for lag in peaks if means[lag] >= 0.9 * highest), min(fallback, longest))


def surprise(residuals: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> tuple[list[float], np.ndarray]:
    """(H, T, C) -> the score of each step before smoothing, and (T, C) contributions of the worst horizon."""
    horizons, steps, channels = residuals.shape
    contributions, scores = np.full((steps, channels), np.nan), []
    for t in range(steps):
        for c in range(channels):
            sizes = [(abs(residuals[h, t, c]) - mean[h, c]) / spread[h, c] for h in range(horizons)]
            known = [max(size, 0.0) for size in sizes if not math.isnan(size)]
            contributions[t, c] = max(known, default=math.nan)
        known = [x for x in contributions[t] if not math.isnan(x)]
        scores.append(sum(known) / len(known) if known else math.nan)
    return scores, contributions


def smooth_centred(values: list[float], width: int, usual: float = 0.0) -> list[float]:
    """Peak hold over width // 2 steps, then the mean over `width` steps, both around the step; NaN left out.

    A mean over a share s of the steps keeps sqrt(s) of what it has beyond the usual.
    """
    hold = max(1, width // 2)
    held = [max([x for x in _around(values, t, hold) if not math.isnan(x)], default=0.0) for t in range(len(values))]
    held = [math.nan if math.isnan(x) else high for x, high in zip(values, held, strict=True)]
    smoothed = []
    for t, value in enumerate(values):
        known = [x for x in _around(held, t, width) if not math.isnan(x)]
        if math.isnan(value):
            smoothed.append(math.nan)
        else:
            beyond = (sum(known) / len(known) - usual) * math.sqrt(len(known) / width)
            smoothed.append(max(usual + beyond, 0.0))
    return smoothed


def _around(values: list[float], t: int, width: int) -> list[float]:
    first = t - width // 2
    return values[max(first, 0) : max(first + width, 0)]


def smooth_trailing(values: list[float], width: int) -> list[float]:
    """Every peak held, fading by 1/e in `width` steps."""
    smoothed = []
    for t, value in enumerate(values):
        faded = [values[t - k] * math.exp(-k / width) for k in range(t + 1) if not math.isnan(values[t - k])]
        smoothed.append(math.nan if math.isnan(value) else max(faded))
    return smoothed


def find_runs(flags: list[bool]) -> list[tuple[int, int]]:
    runs, start = [], None
    for step, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = step
        elif not flag and start is not None:
            runs.append((start, step))
            start = None
    return runs


def merge_runs(runs: list[tuple[int, int]], merge_gap: int, min_length: int) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, stop in runs:
        if merged and start - merged[-1][1] <= merge_gap:
            merged[-1] = (merged[-1][0], stop)
        else:
            merged.append((start, stop))
    return [(start, stop) for start, stop in merged if stop - start >= min_length]


def vus_pr(labels: list[bool], scores: list[float], buffer: int, thresholds: int = 250) -> float:
    """Paparrizos et al. 2022, section 4, as TSB-AD's RangeAUC_volume_opt computes it; NaN counts as the lowest."""
    scores = [-math.inf if math.isnan(x) else x for x in scores]
    descending = sorted(scores, reverse=True)
    ranks = np.linspace(0, len(scores) - 1, thresholds).astype(int)
    areas = []
    for window in range(buffer + 1):
        before, area = 0.0, 0.0
        for rank in ranks:
            flags = [x >= descending[rank] for x in scores]
            recall, precision = _range_recall_precision(labels, flags, window)
            area += (recall - before) * precision
            before = recall
        areas.append(area)
    return sum(areas) / len(areas)


def _range_recall_precision(labels: list[bool], flags: list[bool], window: int) -> tuple[float, float]:
    half, steps = window // 2, len(labels)
    weights = [float(label) for label in labels]
    segments: list[tuple[int, int]] = []
    for start, stop in find_runs(labels):
        if segments and start - half < segments[-1][1]:
            segments[-1] = (segments[-1][0], stop + half)
        else:
            segments.append((max(start - half, 0), stop + half))
        for step in range(max(start - half, 0), min(stop + half, steps)):
            distance = max(start - step, step - (stop - 1))
            if distance > 0:
                weights[step] += math.sqrt(1 - distance / window)
    hits = sum(min(weight, 1.0) for weight, flag in zip(weights, flags, strict=True) if flag)
    # A known step counts whether flagged or not; a step of the buffer only when flagged.
    existing = sum(
        min(weight, 1.0) for weight, flag, label in zip(weights, flags, labels, strict=True) if flag or label
    )
    touched = sum(any(flags[start:stop]) for start, stop in segments)
    recall = min(hits / ((sum(labels) + existing) / 2), 1.0)
    return recall * touched / len(segments), hits / sum(flags)


# ---- scores and spans against labels ----


def average_precision(labels: list[bool], scores: list[float]) -> float:
    """Sum over the distinct scores, highest first, of the rise in recall times the precision; NaN as the lowest."""
    scores = [-math.inf if math.isnan(x) else x for x in scores]
    before, area = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        flagged = [label for label, score in zip(labels, scores, strict=True) if score >= threshold]
        recall = sum(flagged) / sum(labels)
        area += (recall - before) * sum(flagged) / len(flagged)
        before = recall
    return area


def precision_recall_curve(
    labels: list[bool], scores: list[float], points: int
) -> list[tuple[float, float | None, float | None]]:
    """(threshold, precision, recall) at evenly spaced ranks of the known scores; None for a ratio of nothing."""
    descending = sorted([x for x in scores if not math.isnan(x)], reverse=True)
    ranks = np.linspace(0, len(descending) - 1, min(points, len(descending))).astype(int)
    curve = []
    for threshold in sorted({descending[rank] for rank in ranks}, reverse=True):
        flagged = [label for label, score in zip(labels, scores, strict=True) if score > threshold]
        precision = sum(flagged) / len(flagged) if flagged else None
        curve.append((threshold, precision, sum(flagged) / sum(labels) if any(labels) else None))
    return curve


def detection_delays(labels: list[bool], flags: list[bool]) -> list[int]:
    return [flags[start:stop].index(True) for start, stop in find_runs(labels) if any(flags[start:stop])]


def affiliation(labels: list[bool], flags: list[bool]) -> tuple[float, float]:
    """Precision and recall of Huet et al. 2022, section 4, distance by distance; sums over steps for integrals."""
    runs = [range(*run) for run in find_runs(labels)]
    zones: list[list[int]] = [[] for _ in runs]
    for step in range(len(labels)):
        # The first of the least: a step at equal distance goes to the earlier run.
        zones[min(range(len(runs)), key=lambda i: _distance(step, runs[i]))].append(step)
    precisions, recalls = [], []
    for run, zone in zip(runs, zones, strict=True):
        flagged = [step for step in zone if flags[step]]
        shares = [_share(_distance(u, run) >= _distance(x, run) for u in zone) for x in flagged]
        precisions += [sum(shares) / len(shares)] if shares else []
        recalls.append(sum(_share(abs(y - u) >= _distance(y, flagged) for u in zone) for y in run) / len(run))
    return sum(precisions) / len(precisions) if precisions else math.nan, sum(recalls) / len(recalls)


def _distance(step: int, others: Iterable[int]) -> float:
    return min((abs(step - other) for other in others), default=math.inf)


def _share(are: Iterable[bool]) -> float:
    counted = list(are)
    return sum(counted) / len(counted)
