"""A trained network run over records: whole, or in pieces that are computed side by side."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from anomaly.forecasting.model.network import Network, compute_threads

PIECE_STEPS = 512
DEFAULT_BURN_IN = 128
LEAST_BURN_IN, MOST_BURN_IN, BURN_IN_RUNS = 16, 1024, 8
MOST_WARM_UP, WARM_UP_RUNS = 32, 64
CLEARLY_WORSE = 1.5
"""times the usual |residual|"""
FORGOTTEN = 1e-3
"""in standard deviations: below this, what the state held before a piece makes no difference worth telling"""
BATCH_VALUES = 4_000_000
"""hidden values computed at once: bounds the memory of a batch of pieces"""


class Forecaster:
    """Predicts `horizons` steps ahead from scaled inputs. `burn_in` is how many steps a piece warms up for."""

    def __init__(self, network: Network, horizons: Sequence[int], burn_in: int = DEFAULT_BURN_IN) -> None:
        self.network = network
        self.horizons = tuple(horizons)
        self.burn_in = burn_in

    @property
    def device(self) -> torch.device:
        return self.network.head.weight.device

    @property
    def parameters(self) -> int:
        """How many numbers were learnt."""
        return sum(weight.numel() for weight in self.network.parameters())

    def predict_whole(self, inputs: np.ndarray) -> np.ndarray:
        """Inputs (T, D) -> predictions (H, T, C), unbroken from first step to last. Slow on long records; exact."""
        return self._align(self._run(inputs[None])[0])

    def predict(self, records: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Records (T, D), of any lengths -> predictions (H, T, C) aligned to the step they predict, NaN before.

        A recurrent network's memory is finite: each piece of `PIECE_STEPS` steps is preceded by `burn_in` steps from
        which only its state is kept, and the pieces of all records run as batches. Where a piece begins depends on
        its position alone, so later steps never change earlier predictions.
        """
        outputs = [np.empty((len(inputs), *self.network.output_shape), np.float32) for inputs in records]
        lengths = [len(inputs) for inputs in records]
        for batch in cut_pieces(lengths, self.burn_in, self.network.hidden.hidden_size):
            longest = max(stop - burn_start for _, burn_start, _, stop in batch)
            stacked = np.zeros((len(batch), longest, self.network.hidden.input_size), np.float32)
            for row, (record, burn_start, _, stop) in enumerate(batch):
                stacked[row, : stop - burn_start] = records[record][burn_start:stop]
            predicted = self._run(stacked)
            for row, (record, burn_start, start, stop) in enumerate(batch):
                outputs[record][start:stop] = predicted[row, start - burn_start : stop - burn_start]
        return [self._align(output) for output in outputs]

    def measure_burn_in(self, inputs: np.ndarray) -> int:
        """The fewest steps (a power of two) after which the start no longer shows in the predictions for (T, D) inputs.

        Compares a run from the beginning with runs started without a past at several later steps. For a window it is
        known without.
        """
        if self.network.settings.cell == "feedforward":
            return self.network.settings.window_steps - 1
        length = min(MOST_BURN_IN, len(inputs) // 2)
        starts = np.linspace(len(inputs) // 4, len(inputs) - length, BURN_IN_RUNS, dtype=int)
        whole, ahead = self.predict_whole(inputs)[0], self.horizons[0]
        fresh = self._run(np.stack([inputs[start : start + length] for start in starts]))[
            :, : max(length - ahead, 0), 0
        ]
        known = np.stack([whole[start + ahead : start + max(length, ahead)] for start in starts])
        apart = np.abs(fresh - known).max((0, 2), initial=0.0)
        differs = np.flatnonzero(apart > FORGOTTEN)
        return int(2 ** np.ceil(np.log2(max(LEAST_BURN_IN, differs[-1] + 1 if len(differs) else 1))))

    def measure_warm_up(self, inputs: np.ndarray, targets: np.ndarray) -> int:
        """For how many steps after a start predictions are clearly worse than usual, on inputs (T, D), targets (T, C).

        Starts many runs without a past all over the record and counts the steps until their mean |residual| at the
        shortest horizon first comes near that of a run from the beginning.
        """
        length = min(MOST_WARM_UP, len(inputs) // 2)
        starts = np.unique(np.linspace(0, len(inputs) - length, WARM_UP_RUNS, dtype=int))
        fresh = self.predict([inputs[start : start + length] for start in starts])
        usual = np.abs(targets - self.predict([inputs])[0][0])[length:]
        sizes = np.abs([targets[s : s + length] - one[0] for s, one in zip(starts, fresh, strict=True)])
        by_step = [sizes[:, step][np.isfinite(sizes[:, step])] for step in range(length)]
        limit = CLEARLY_WORSE * usual[np.isfinite(usual)].mean() if np.isfinite(usual).any() else np.inf
        return next((step for step, size in enumerate(by_step) if len(size) and size.mean() <= limit), max(length, 1))

    def _run(self, inputs: np.ndarray) -> np.ndarray:
        """(B, L, D) -> (B, L, H, C), made at each step, every row started without a past."""
        self.network.eval()
        with torch.inference_mode(), compute_threads():
            tensor = torch.from_numpy(np.ascontiguousarray(inputs, np.float32)).to(self.device)
            predicted, _ = self.network(tensor, self.network.start(len(inputs)))
            return predicted.cpu().numpy()

    def _align(self, predicted: np.ndarray) -> np.ndarray:
        """(T, H, C) made at each step -> (H, T, C) for each step."""
        aligned = np.full((len(self.horizons), len(predicted), predicted.shape[2]), np.nan, np.float32)
        for position, horizon in enumerate(self.horizons):
            aligned[position, horizon:] = predicted[: max(len(predicted) - horizon, 0), position]
        return aligned


def cut_pieces(lengths: Sequence[int], burn_in: int, hidden: int) -> Iterator[list[tuple[int, int, int, int]]]:
    """Batches of (record, first burn-in step, first step, stop), one for every piece of records of these lengths,
    alike lengths together, and as many in a batch as `hidden` values a step allow."""
    pieces = [
        (record, max(0, start - burn_in), start, min(start + PIECE_STEPS, length))
        for record, length in enumerate(lengths)
        for start in range(0, length, PIECE_STEPS)
    ]
    pieces.sort(key=lambda piece: piece[3] - piece[1])
    size = max(1, BATCH_VALUES // ((PIECE_STEPS + burn_in) * hidden))
    for first in range(0, len(pieces), size):
        yield pieces[first : first + size]
