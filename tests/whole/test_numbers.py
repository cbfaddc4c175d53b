"""From a file to its events, whatever the size of its numbers: what is found, what is said where nothing can be."""

import numpy as np
import pytest

import anomaly
from anomaly.detecting.detection import Detection
from anomaly.domain.settings.fitting import FitSettings
from anomaly.showing import export, report_html
from tests.support.strategies import QUICK

STEPS, SPIKE = 300, 250
BASE = np.sin(np.arange(STEPS) / 4) + 0.05 * np.random.default_rng(2).standard_normal(STEPS)
BASE[SPIKE] += 9


def csv_of(*cells: object, head: str = "x") -> bytes:
    return "\n".join([head, *map(str, cells)]).encode()


def detect(content: bytes, settings: FitSettings = QUICK) -> Detection:
    """With everything that is written of it, in which no number may overflow either."""
    dataset = anomaly.read(content, name="made.csv")
    fitted = anomaly.fit(dataset, settings)
    found = anomaly.detect(fitted, dataset)
    assert fitted.drift(anomaly.read(content + b"\n", name="made.csv"))
    export.points_csv(found), export.run_json(found, fitted), report_html(found, fitted)
    return found


def repairs_of(found: Detection) -> str:
    return " / ".join(map(str, found.dataset.repairs))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e101, 1e155, 1e200, 1.7e307])
def test_a_file_of_any_size_has_the_same_scores(size: float) -> None:
    ordinary, sized = detect(csv_of(*BASE.tolist())), detect(csv_of(*(BASE * size).tolist()))
    np.testing.assert_allclose(sized.scores[0].values, ordinary.scores[0].values, rtol=0.02, atol=0.02)
    assert [event.span for event in sized.events] == [event.span for event in ordinary.events]
    assert [one.split()[:2] for one in sized.events_table().why] == [
        one.split()[:2] for one in ordinary.events_table().why
    ]
    assert "infinite" not in repairs_of(sized) and sized.events[0].peak == SPIKE


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_numbers_from_end_to_end_of_what_can_be_held_are_read_scored_and_written() -> None:
    found = detect(csv_of(*(np.clip(BASE, -1, 1) * 1.79e308).tolist()))
    assert found.scored_steps == STEPS - 1 and "infinite" not in repairs_of(found)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_one_huge_number_among_others_is_found_and_what_it_hides_is_said() -> None:
    cells = BASE.copy()
    cells[270] = 1e200
    found = detect(csv_of(*cells.tolist()))
    assert found.events[0].peak == 270
    assert "but most of it by 2" in repairs_of(found) and "cannot be seen where both" in repairs_of(found)


def test_counts_on_a_large_offset_are_told_apart_in_scores_tables_and_sentences() -> None:
    found = detect(csv_of(*(10**15 + round(30 * one) for one in BASE.tolist())))
    (event,) = found.events_table().itertuples()
    assert found.events[0].peak == SPIKE and event.observed == 10**15 + round(30 * BASE[SPIKE])
    assert abs(event.expected - 10**15) < 60 and event.expected != 10**15
    assert "e+15" not in event.why
    assert found.points().x_predicted.nunique() > 20


def test_one_part_in_a_million_shows_in_the_sentence_and_the_tables() -> None:
    found = detect(csv_of(*(1e6 + 0.5 * BASE).tolist()))
    (event,) = found.events_table().itertuples()
    assert event.why.startswith("x jumped to 1000004.3 for 1 step where 1000000 was expected; ")
    assert 0 < event.observed - event.expected < 9


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([10**16 + (n % 3) for n in range(STEPS)], "no more than rounding of numbers of that size does"),
        ([10**16 + (n % 3) for n in range(STEPS)], "are held to the nearest 2: neighbours may read as equal"),
        ([10**18 + (n % 9) for n in range(STEPS)], "are held to the nearest 128: neighbours may read as equal"),
        ([repr(1 + 1e-15 * (n % 5)) for n in range(STEPS)], "no more than rounding of numbers of that size does"),
        ([10**15 + n % 2 for n in range(STEPS)], "where numbers lie 0.12 apart: forecasts and scores can be no finer"),
    ],
)
def test_resolution_that_is_lost_is_said(cells: list, said: str) -> None:
    assert said in " / ".join(map(str, anomaly.read(csv_of(*cells), name="made.csv").repairs))


def test_ordinary_numbers_have_no_such_remark() -> None:
    for content in (csv_of(*BASE.tolist()), csv_of(*(n % 9 for n in range(STEPS))), csv_of(*(1e9 + BASE).tolist())):
        assert anomaly.read(content, name="made.csv").repairs == ()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([5] * STEPS, "because x reads 5 all along"),
        ([10**18 + 300 * (n % 9) for n in range(STEPS)], "because x varied from 1000000000000000000 to"),
        ([repr(1 + 1e-15 * (n % 5)) for n in range(STEPS)], "no more than by rounding"),
    ],
)
def test_no_event_above_0_is_not_said_without_saying_why(cells: list, said: str) -> None:
    found = detect(csv_of(*cells))
    assert not found.events and "every score is 0, in the train span too" in found.no_difference
    assert said in found.no_difference
    assert found.no_difference in report_html(found, anomaly.fit(found.dataset, QUICK)).decode()


def test_a_file_that_varies_has_no_such_headline() -> None:
    assert detect(csv_of(*BASE.tolist())).no_difference == ""
    assert detect(csv_of(*[5] * SPIKE, 6, *[5] * 49)).no_difference == ""


@pytest.mark.parametrize(
    ("words", "channels"),
    [
        (("true", "false"), ("x=true",)),
        (("TRUE", "FALSE"), ("x=TRUE",)),
        (("on", "off"), ("x=on",)),
        (("yes", "no"), ("x=yes",)),
        (("open", "closed"), ("x=open",)),
        (("low", "mid", "high"), ("x=high", "x=low", "x=mid")),
    ],
)
def test_words_alone_are_monitored_and_that_is_said(words: tuple[str, ...], channels: tuple[str, ...]) -> None:
    cells = [words[n // 10 % len(words)] for n in range(STEPS)]
    found = detect(csv_of(*cells))
    assert found.dataset.monitored == channels and found.dataset.columns.context == ()
    assert f"{channels[0]!r} is monitored: 1 where column 'x' holds" in repairs_of(found)
    assert found.scored_steps == STEPS - 1
    # A model kept, and the page, name the channels as they are called here.
    again = anomaly.read(csv_of(*cells), anomaly.ReadSettings(channels=channels), name="made.csv")
    named = anomaly.read(csv_of(*cells), anomaly.ReadSettings(channels=("x",)), name="made.csv")
    assert again.monitored == named.monitored == channels


def test_words_beside_numbers_that_never_change_are_monitored() -> None:
    cells = [f"{'open' if n // 10 % 2 else 'closed'},3" for n in range(STEPS)]
    columns = anomaly.read(csv_of(*cells, head="valve,size"), name="made.csv").columns
    assert (columns.monitored, columns.context) == (("valve=open",), ("size",))


def test_words_beside_numbers_that_change_stay_context() -> None:
    cells = [f"{'open' if n // 10 % 2 else 'closed'},{n % 7}" for n in range(STEPS)]
    columns = anomaly.read(csv_of(*cells, head="valve,flow"), name="made.csv").columns
    assert (columns.monitored, columns.context) == (("flow",), ("valve=open",))


def test_several_files_of_words_alone_are_read_together(tmp_path) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv")]
    for path in paths:
        path.write_bytes(csv_of(*["on" if n // 10 % 2 else "off" for n in range(60)]))
    assert anomaly.read(paths).monitored == ("x=on",)


def test_times_too_large_to_be_told_apart_are_not_simply_called_the_same() -> None:
    cells = [f"{1_700_000_000_000_000_000 + n}.0,{n % 7}" for n in range(60)]
    (repair,) = anomaly.read(csv_of(*cells, head="time,x"), name="made.csv").repairs
    assert "1.7e+18, as numbers of that size are held to the nearest 256: not used as the time" in str(repair)
