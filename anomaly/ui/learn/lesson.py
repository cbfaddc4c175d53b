"""The parts of the lesson: a paragraph and a live chart each."""

import numpy as np
import streamlit as st

from anomaly.domain import FitSettings, Reach, Span, Trace, format_times, say_duration
from anomaly.evaluating import LAGS, compare_starts, compare_truncations, keep_times, trace_span
from anomaly.forecasting import Fitted, describe_memory, say_steps, suggest_bptt
from anomaly.showing import plot_gradient_norms, plot_keep_times, plot_losses, plot_reach, plot_trace
from anomaly.ui import session
from anomaly.ui.plain import plain
from anomaly.ui.wording import count_of, say_bytes

UNROLLED = 120
"""steps shown at once"""
NO_BAR = {"displayModeBar": False}


def show_lesson(run: session.Run) -> None:
    _show_sequence(run)
    _show_unrolled(run)
    _show_reach(run)
    _show_cures(run)
    _show_truncation(run)


def _show_sequence(run: session.Run) -> None:
    dataset, settings = run.dataset, run.fitted.settings
    count = getattr(run.fitted.forecaster, "parameters", 0)
    lengths = [len(series) for series in dataset.series]
    st.header("1 · A sequence, and one network for every step of it", anchor=False)
    st.markdown(
        (
            f"**{plain(dataset.name)}** is one sequence of {lengths[0]:,} steps. "
            if len(lengths) == 1
            else f"**{plain(dataset.name)}** holds {len(lengths):,} sequences of {min(lengths):,} to {max(lengths):,} "
            f"steps. None is padded or cut: each is run from its own first step to its last. "
        )
        + _say_sharing(settings.cell, count, sum(lengths), settings.window_steps)
    )


def _say_sharing(cell: str, parameters: int, steps: int, window: int) -> str:
    if cell == "feedforward":
        return (
            f"This model is a window: {parameters:,} parameters, with weights of their own for each of the last "
            f"{window} positions. Nothing older exists for it."
        )
    return (
        f"The same {parameters:,} parameters are used at every one of the {steps:,} steps: "
        "$s_t = f(W x_t + U s_{t-1})$, whatever the length. The state $s_t$ is all that is handed on: what the network "
        "remembers of everything before."
    )


def _show_unrolled(run: session.Run) -> None:
    dataset = run.dataset
    st.header("2 · Unrolled in time: a state and a loss at every step", anchor=False)
    record, channel = run.view.record, 0
    left, right = st.columns(2)
    if len(dataset.series) > 1:
        names = [series.name for series in dataset.series]
        record = left.selectbox(
            "Record", range(len(names)), index=record, format_func=lambda one: names[one], key="learn-record"
        )
    if len(dataset.monitored) > 1:
        channel = right.selectbox(
            "Channel",
            range(len(dataset.monitored)),
            format_func=lambda one: dataset.monitored[one],
            key="learn-channel",
        )
    steps = len(dataset.series[record])
    last = max(steps - UNROLLED, 0)
    start = _proposed_start(run, record, last)
    if last:
        start = st.slider("First step", 0, last, start, key=f"learn-start-{record}")
    span = Span(start, min(start + UNROLLED, steps))
    trace = trace_span(run.fitted, dataset, record, span)
    st.plotly_chart(
        plot_trace(dataset, record, channel, span, trace, run.fitted.settings.horizons[0]), config=NO_BAR, key="trace"
    )
    total = float(np.nansum(trace.losses))
    worst = int(np.nanargmax(trace.losses)) if np.isfinite(trace.losses).any() else 0
    part = float(np.nan_to_num(trace.losses[worst])) / total if total > 0 else 0.0
    st.markdown(
        f"Each column of the middle strip is the state $s_t$, one row for each hidden unit. At every step the network "
        f"says what comes next and is told how wrong it was: the red bars. Training lowers their sum, "
        f"$L = \\sum_t L_t$: over these {len(span):,} steps it is {total:.3g}, of which the step after "
        f"{plain(_time(run, record, span.start + worst))} alone has {100 * part:.0f} %."
    )


def _time(run: session.Run, record: int, step: int) -> str:
    times = run.dataset.series[record].times[step : step + 1]
    return str(next(iter(format_times(times, run.dataset.time_axis))))


def _proposed_start(run: session.Run, record: int, last: int) -> int:
    """Around what the person looks at on the other page, or the middle."""
    looked = run.view.selected if record == run.view.record else None
    middle = (looked.start + looked.stop) // 2 if looked is not None else len(run.dataset.series[record]) // 2
    return min(max(middle - UNROLLED // 2, 0), last)


def _show_reach(run: session.Run) -> None:
    fitted, dataset = run.fitted, run.dataset
    st.header("3 · The gradient's reach", anchor=False)
    st.markdown(
        "To learn from step $t-k$ what would have helped at step $t$, the loss $L_t$ is followed back through $k$ "
        r"steps: $\partial L_t / \partial s_{t-k}$ is a product of $k$ Jacobians. Where each shrinks it, it vanishes: "
        "nothing that lies so far back can be learnt, nor does it matter to the prediction."
    )
    st.plotly_chart(
        plot_reach({"trained": fitted.reach.after}, {"trained": fitted.reach.before}, fitted.settings.bptt_steps),
        config=NO_BAR,
        key="reach",
    )
    st.markdown(f"**{plain(describe_memory(fitted, dataset))}** {_say_change(fitted.reach)} {_say_cut(fitted)}")


def _say_change(reach: Reach) -> str:
    before = Reach(reach.before, reach.before)
    then, now = ("had not vanished within" if one.is_cut else "had vanished after" for one in (before, reach))
    if then == now:
        return f"Before training the gradient {then} {before.memory:,} steps (dotted), now {reach.memory:,}."
    return f"Before training the gradient {then} {before.memory:,} steps (dotted); now it {now} {reach.memory:,}."


def _say_cut(fitted: Fitted) -> str:
    settings, memory = fitted.settings, fitted.reach.memory
    if settings.cell == "feedforward":
        return f"It sees a window of {count_of(settings.window_steps, 'step')} and nothing before."
    cut = f"While training it is cut after {count_of(settings.bptt_steps, 'step')}"
    if memory >= settings.bptt_steps:
        return f"{cut}; the state that is carried over the cut lets the network look back further than it was taught."
    return f"{cut}." if fitted.reach.is_cut else f"{cut}, further than it reaches."


def _memory(norms: np.ndarray) -> int:
    return Reach(norms, norms).memory


def _show_cures(run: session.Run) -> None:
    fitted, settings = run.fitted, run.fitted.settings
    st.header("4 · The cures", anchor=False)
    st.markdown(
        "**Where a network starts.** The reach of untrained networks on your series, by cell and by first weights:"
    )
    key = (settings.model_dump_json(), run.dataset.digest)
    if run.starts is None or run.starts[0] != key:
        with st.spinner("Following gradients back …"):
            run.starts = (key, compare_starts(run.dataset, settings))
    starts = run.starts[1]
    st.plotly_chart(plot_reach(starts), config=NO_BAR, key="starts")
    memories = {name: _memory(norms) for name, norms in starts.items()}
    longest, shortest = max(memories, key=memories.__getitem__), min(memories, key=memories.__getitem__)
    cut = len(starts[longest]) - 1
    st.markdown(
        f"{_say_memory(shortest, memories[shortest], cut)}; {_say_memory(longest, memories[longest], cut)}. Small "
        "weights shrink a gradient at each step; orthogonal ones keep its length but for what tanh takes; the identity "
        "with ReLU keeps it whole; a gate that stays open (forget bias, chrono) lets the state through unchanged."
    )
    times = keep_times(_sample(run))
    if times is not None:
        st.markdown("**Gates.** What your trained network keeps, unit by unit:")
        st.plotly_chart(plot_keep_times(times), config=NO_BAR, key="keeps")
        st.markdown(
            f"Its most lasting unit keeps what it holds for about {plain(say_steps(round(times[0]), run.dataset))}, "
            f"the middle one for about {plain(say_steps(round(times[len(times) // 2]), run.dataset))}. "
            + ("The gates learnt that by themselves." if not settings.forget_bias else _say_start(settings))
        )
    if fitted.epochs:
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**Clipping.** A gradient can also explode; one longer than the limit is cut to it.")
            st.plotly_chart(plot_gradient_norms(fitted.epochs, settings.gradient_norm), config=NO_BAR, key="norms")
            over = sum(epoch.gradient_norm > settings.gradient_norm for epoch in fitted.epochs)
            st.caption(f"The mean was above the limit in {over} of {count_of(len(fitted.epochs), 'epoch')}.")
        with right:
            st.markdown(
                "**Knowing when to stop.** The held-out end of each record says when more would be learnt by heart."
            )
            st.plotly_chart(plot_losses(list(fitted.epochs)), config=NO_BAR, key="learn-losses")
            st.caption(
                f"{plain(fitted.ended)} Besides: weight decay {settings.weight_decay:g}, input noise "
                f"{settings.input_noise:g}."
            )


def _say_start(settings: FitSettings) -> str:
    if settings.forget_bias == "chrono":
        return (
            f"They began spread from 1 step to the {settings.bptt_steps:,} BPTT steps (chrono), and learnt from there."
        )
    return f"They began with a forget-gate bias of {settings.forget_bias:g}, and learnt from there."


def _say_memory(name: str, memory: int, cut: int) -> str:
    return f"“{name}” reaches {'at least ' * (memory >= cut)}{memory:,} step{'s' * (memory != 1)} back"


def _sample(run: session.Run) -> Trace:
    """The start of the longest record, as long as the gradient was followed."""
    dataset = run.dataset
    record = max(range(len(dataset.series)), key=lambda one: len(dataset.series[one]))
    return trace_span(run.fitted, dataset, record, Span(0, min(LAGS, len(dataset.series[record]))))


def _show_truncation(run: session.Run) -> None:
    dataset, settings = run.dataset, run.fitted.settings
    st.header("5 · Where the gradient is cut", anchor=False)
    if settings.cell == "feedforward":
        st.markdown("A feedforward network hands on no state from step to step: there is nothing to cut.")
        return
    efforts = compare_truncations(dataset, settings)
    st.markdown(
        "Following every loss back to the first step takes memory for every step on the way. Truncated backpropagation "
        "cuts after a number of steps, hands the state on, and goes on. For your series:"
    )
    rows = [
        {
            "BPTT steps": f"{steps:,}" + (" (set)" if steps == min(settings.bptt_steps, max(efforts)) else ""),
            "Updates an epoch": effort.updates,
            "Memory": say_bytes(effort.memory),
            "Time, at most": say_duration(effort.seconds) + ", parts computed twice to fit" * effort.is_checkpointed,
        }
        for steps, effort in efforts.items()
    ]
    st.dataframe(rows, hide_index=True, key="truncations")
    suggested = suggest_bptt(dataset, settings)
    if suggested is not None:
        st.info(plain(suggested[1]), icon=":material/lightbulb:")
