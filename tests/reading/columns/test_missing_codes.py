"""Numbers that devices write where nothing was measured, and those that look alike but were."""

import numpy as np
import pytest

import anomaly
from anomaly import Dataset, ReadSettings, SettingsError
from anomaly.reading.columns.missing_codes import find_codes

STEPS = 400
TURN = np.arange(STEPS)
RNG = np.random.default_rng(0)
COURSE = np.sin(TURN / 12)


def with_code(values: np.ndarray, code: float, *spans: tuple[int, int]) -> np.ndarray:
    values = values.astype(float)
    for start, stop in spans or ((100, 110), (300, 305)):
        values[start:stop] = code
    return values


def read(values: np.ndarray, name: str, **settings: object) -> Dataset:
    lines = [f"{step},{float(value)!r},{step % 7}.5" for step, value in enumerate(values)]
    text = "\n".join([f"time,{name},other", *lines])
    return anomaly.read(text.encode(), ReadSettings(**settings), name="worn.csv")


def missing(dataset: Dataset) -> int:
    return int(np.isnan(dataset.series[0].values[:, 0]).sum())


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("SpO2", (95 + 2 * COURSE).round(), 255),
        ("SpO2", (95 + 2 * COURSE).round(), 127),
        ("SpO2", (95 + 2 * COURSE).round(), 0),
        ("Pulse", (80 + 40 * COURSE).round(), 65535),
        ("HR [bpm]", (110 + 60 * COURSE).round(), 255),
        ("Heart Rate (bpm)", (110 + 60 * COURSE).round(), 0),
        ("heart_rate", (110 + 60 * COURSE).round(), -1),
        ("level", (50 + 20 * COURSE).round(2), -1),
        ("battery", (800 + 20 * COURSE).round(), 65535),
        ("Temp1", (21 + 3 * COURSE).round(1), 3276.7),
        ("Temp1", (21 + 3 * COURSE).round(1), -3276.8),
        ("outdoor", (3 + 15 * COURSE).round(2), 327.67),
        ("raw", (400 + 900 * COURSE).round(), -32768),
        ("raw", (400 + 900 * COURSE).round(), 32767),
        ("soil", (20 + 5 * COURSE).round(1), 6553.5),
        ("energy", (20 + 5 * COURSE).round(1), 4294967295),
        ("salinity", (35 + COURSE).round(3), 1e20),
        ("flux", (5 * COURSE).round(3), -1e30),
        ("chlorophyll", (5 + COURSE).round(3), 9.969209968386869e36),
        ("humidity", (55 + 30 * COURSE).round(1), 0),
        ("Luftdruck", (1013 + 10 * COURSE).round(1), 0),
        ("probe [K]", (290 + 10 * COURSE).round(1), 0),
        ("glucose", (110 + 50 * COURSE).round(), 0),
        ("PR(bpm)", (80 + 20 * COURSE).round(), 511),
        ("Pulse", (80 + 20 * COURSE).round(), 254),
        ("hr", (80 + 20 * COURSE).round(), -2),
        ("probe", (21 + 3 * COURSE).round(2), -127),
    ],
)
def test_what_a_device_writes_for_nothing_is_missing_said_and_can_be_undone(
    name: str, values: np.ndarray, code: float
) -> None:
    values = with_code(values, code)
    dataset = read(values, name)
    assert missing(dataset) == 15
    (said,) = [repair for repair in dataset.repairs if "taken as missing" in repair.text]
    assert said.count == 15 and f"15 cells of {name!r} are {code:.10g}, far from all other values" in said.text
    undone = read(values, name, measured=(name,))
    assert missing(undone) == 0 and undone.columns.measured == (name,)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        # A machine that stands still, a pump that fails, a sensor whose cable breaks: what is looked for.
        ("speed", with_code(1450 + 5 * COURSE, 0)),
        ("flow", with_code(30 + COURSE, 0)),
        ("voltage", with_code(230 + COURSE, 0)),
        ("temperature", with_code(21 + COURSE, 0)),
        ("pressure [bar]", with_code(6 + COURSE / 10, 0)),
        # Driven to the limit of what can be written, with values on the way.
        ("adc", np.clip(180 + 90 * COURSE, 0, 255).round()),
        ("adc12", np.clip(3000 + 1500 * COURSE, 0, 4095).round()),
        ("audio", np.clip(40_000 * COURSE, -32768, 32767).round()),
        ("light", np.clip(50_000 + 30_000 * COURSE, 0, 65535).round()),
        # Counts, and nights.
        ("calls", RNG.poisson(0.5, STEPS)),
        ("solar power", np.clip(900 * COURSE, 0, None).round()),
        ("counter", (TURN * 200) % 65536),
        ("counter8", (TURN * 3) % 256),
        # Signed, scaled, few.
        ("balance", (5 * COURSE).round()),
        ("scaled", np.clip(1.5 * COURSE, -1, 1)),
        ("alarm", np.where(TURN % 100 < 10, 255, 0)),
        ("gear", np.where(TURN % 100 < 10, -1, 1 + TURN // 10 % 4)),
        ("valve", np.where(TURN % 100 < 10, 255, TURN // 10 % 8 * 30)),
        # Once, or now and then a single one.
        ("spike", with_code(20 + COURSE, 255, (50, 51))),
        ("spikes", with_code(20 + COURSE, 255, (50, 51), (90, 91), (130, 131), (200, 201))),
        ("exponent", with_code(1e20 * (1 + COURSE / 10), 1e20, (50, 60))),
        # A heart that slows down to nothing passes what lies between.
        ("HR", np.maximum(70 - np.maximum(TURN - 300, 0), 0)),
        ("pulse count", with_code(90 + 5 * COURSE, 0)),
    ],
)
def test_what_looks_like_a_code_but_was_measured_stays(name: str, values: np.ndarray) -> None:
    assert not find_codes([np.asarray(values, float)], name)


def test_a_code_at_the_end_and_two_codes_of_one_channel_are_missing() -> None:
    values = with_code((95 + 2 * COURSE).round(), 255, (STEPS - 10, STEPS))
    assert missing(read(values, "SpO2")) == 10
    both = with_code(with_code((80 + 20 * COURSE).round(), 65535, (100, 110)), -1, (200, 210))
    assert find_codes([both], "rate") == [65535, -1]
    nines = with_code(with_code((80 + 20 * COURSE).round(), 65535, (100, 110)), -999, (200, 210))
    assert sorted(find_codes([nines], "rate")) == [-999, 65535]


def test_what_no_array_measures_is_missing_wherever_it_stands_alone() -> None:
    alone = [(at, at + 1) for at in range(3, STEPS, 7)]
    assert find_codes([with_code(5 + COURSE, 1e20, *alone)], "flux") == [1e20]
    assert find_codes([with_code((40 + 5 * COURSE).round(), -1, *alone)], "stress") == [-1]
    assert not find_codes([with_code((4 + 5 * COURSE).round(), -1, *alone)], "stress")
    both = with_code(with_code((80 + 20 * COURSE).round(), -2, (60, 64)), -1, (100, 120))
    assert sorted(find_codes([both], "hr")) == [-2, -1]


def test_steps_at_which_only_others_were_measured_part_no_run() -> None:
    values = np.full(3 * STEPS, np.nan)
    values[::3] = with_code((80 + 20 * COURSE).round(), 65535)
    assert find_codes([values], "rate") == [65535]


def test_a_channel_said_to_be_measured_must_be_there() -> None:
    with pytest.raises(SettingsError, match="measured: worn has no column 'Sp02'; the nearest is 'SpO2'"):
        read(95 + COURSE, "SpO2", measured=("Sp02",))


def test_another_file_is_read_with_the_same_channels_measured() -> None:
    from anomaly.pipeline import same_columns

    class Known:
        columns = read(95 + COURSE, "SpO2", measured=("SpO2",)).columns

    assert same_columns(Known()).measured == ("SpO2",)  # type: ignore[arg-type]
