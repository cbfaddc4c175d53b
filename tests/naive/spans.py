"""Slow, plain oracles of runs of steps: one step after another."""


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
