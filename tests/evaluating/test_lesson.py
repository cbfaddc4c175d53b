"""What the Learn page shows, against the textbook."""

import numpy as np
import pytest

from anomaly.domain.forecasts import Trace
from anomaly.domain.records import Dataset
from anomaly.domain.settings.fitting import FitSettings
from anomaly.domain.spans import Span
from anomaly.evaluating.lesson import compare_starts, compare_truncations, keep_times, trace_span
from anomaly.forecasting.fitting import fit
from anomaly.forecasting.model.streams import HUBER_BETA
from tests.naive import networks as naive
from tests.support.networks import RECURRENT, weights_of

QUICK = FitSettings(train_rows=600, epochs=4, hidden_units=6, window_steps=9, device="cpu")


@pytest.mark.parametrize("cell", [*RECURRENT, "feedforward"])
def test_a_trace_is_the_run_written_out(cell: str, sine_dataset: Dataset) -> None:
    fitted = fit(sine_dataset, QUICK.model_copy(update={"cell": cell}))
    prepared, series = fitted.preparation, sine_dataset.series[0]
    inputs, targets = (
        prepared.inputs(series, sine_dataset.time_axis).astype(float),
        prepared.targets(series).astype(float),
    )
    trace = trace_span(fitted, sine_dataset, 0, Span(700, 730))
    first = 700 - fitted.forecaster.burn_in

    weights = weights_of(fitted.forecaster.network)
    if cell == "feedforward":
        made = naive.feedforward(weights, inputs[first:730], 9, 1)
    else:
        made, _ = naive.run(cell, weights, inputs[first:730], naive.empty_state(cell, 1, 6))
    made = made[-30:]
    np.testing.assert_allclose(
        trace.predicted, prepared.predicted(made[None].reshape(1, 30, -1), series, 701)[0], rtol=1e-4
    )
    losses = [naive.mean_huber(m, t, HUBER_BETA) for m, t in zip(made, targets[701:731], strict=True)]
    np.testing.assert_allclose(trace.losses, losses, atol=1e-4)
    assert trace.hidden.shape == (30, 6)
    assert (trace.keeps is None) == (cell not in ("lstm", "gru"))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_the_gates_keep_is_the_forget_or_update_gate(cell: str, sine_dataset: Dataset) -> None:
    fitted = fit(sine_dataset, QUICK.model_copy(update={"cell": cell}))
    inputs = fitted.preparation.inputs(sine_dataset.series[0], sine_dataset.time_axis).astype(float)
    trace = trace_span(fitted, sine_dataset, 0, Span(0, 20))
    weights, state = weights_of(fitted.forecaster.network), naive.empty_state(cell, 1, 6)
    assert trace.keeps is not None
    for x, kept in zip(inputs[:20], trace.keeps, strict=True):
        gates = naive._gates(weights, "ih", 0, x) + naive._gates(weights, "hh", 0, state[0][0])
        np.testing.assert_allclose(kept, naive.sigmoid(gates[6:12]), atol=1e-5)
        state = [naive.STEPS[cell](weights, 0, x, state[0])]


def test_a_step_past_the_end_has_no_loss(sine_dataset: Dataset) -> None:
    trace = trace_span(fit(sine_dataset, QUICK), sine_dataset, 0, Span(890, 900))
    assert np.isfinite(trace.losses[:9]).all() and np.isnan(trace.losses[9])


def test_keep_times_are_those_of_the_mean_gate_the_longest_first() -> None:
    keeps = np.array([[0.5, 0.9], [0.5, 0.7]])
    nothing = np.zeros((2, 1))
    found = keep_times(Trace(nothing, nothing, nothing[:, 0], keeps))
    np.testing.assert_allclose(found, [-1 / np.log(0.8), -1 / np.log(0.5)])
    assert keep_times(Trace(nothing, nothing, nothing[:, 0], None)) is None


def test_untrained_cells_reach_as_the_lesson_says(sine_dataset: Dataset) -> None:
    starts = compare_starts(sine_dataset, FitSettings(device="cpu"))
    share = {name: norms[60] / norms.max() for name, norms in starts.items()}
    assert share["rnn, small weights"] < 1e-6 < share["rnn, orthogonal"] < share["relu, identity"]
    assert share["lstm"] < 1e-6 and share["gru"] < 1e-6
    assert share["lstm, forget bias 2"] > 1e-3 and share["lstm, chrono"] > 0.01


def test_truncations_are_told_up_to_the_whole_record(sine_dataset: Dataset) -> None:
    found = compare_truncations(sine_dataset, FitSettings(train_rows=600, device="cpu", bptt_steps=100))
    assert list(found) == [64, 100, 256, 600]
    long = compare_truncations(sine_dataset, FitSettings(train_rows=600, device="cpu", bptt_steps=9000))
    assert list(long) == [64, 256, 600], "more than the record is all of it"
    assert found[600].updates == 1 and found[600].memory > found[64].memory
