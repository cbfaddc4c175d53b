"""The main job in a real Chromium: upload, train, move the threshold, choose an event, take both files."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from anomaly.cli import main
from anomaly.domain.records import Dataset
from anomaly.forecasting.fitting import Fitted
from anomaly.reading.synthetic import demo_csv
from anomaly.runs.store import RunStore
from tests.support.browser import Server, needs_chromium, open_page, settle, wait_for_result
from tests.support.kept_runs import save

pytestmark = needs_chromium
FRACTION = "0.45"
CHART_LINE = "document.querySelector('.js-plotly-plot')?.layout?.shapes?.find(s => s.line && s.line.dash)"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def page(server: Server) -> Iterator[Page]:
    with open_page() as opened:
        opened.goto(server.address)
        opened.get_by_role("button", name="Find its anomalies").nth(2).wait_for()
        yield opened


@pytest.fixture(scope="module")
def pump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "pump.csv"
    path.write_bytes(demo_csv("pump"))
    return path


def upload_and_fit(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Find anomalies").first.wait_for()
    page.get_by_text("Train span", exact=True).click()
    page.get_by_text("Leading share").click()
    slider = page.get_by_role("slider", name="Share of each record")
    slider.wait_for()
    slider.focus()
    page.keyboard.press("ArrowLeft")  # from 0.5 to 0.45
    page.get_by_test_id("stSidebar").get_by_role("button", name="Find anomalies").click()
    wait_for_result(page)


def count_events(page: Page) -> int:
    settle(page)
    found = re.match(r"([\d,]+) event", page.get_by_text("at this threshold").inner_text())
    assert found
    return int(found[1].replace(",", ""))


def threshold_line(page: Page) -> float:
    """Where the dashed line of the chart lies."""
    return float(page.wait_for_function(f"() => {CHART_LINE}").get_property("y0").json_value())


def take(page: Page, name: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    return Path(download.value.path()).read_bytes()


def test_upload_train_move_the_threshold_choose_an_event_and_take_what_the_command_line_writes(
    page: Page, pump: Path, tmp_path: Path
) -> None:
    upload_and_fit(page, pump)
    before, line = count_events(page), threshold_line(page)
    said = page.get_by_text("at this threshold").inner_text()
    page.get_by_label("or type").fill("50")
    page.get_by_label("or type").press("Enter")
    page.wait_for_function(f"() => {CHART_LINE}.y0 < {line}")
    # The sentence may come a moment after the chart.
    expect(page.get_by_text("at this threshold")).not_to_have_text(said)
    after = count_events(page)
    assert after != before

    table = page.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    settle(page)
    box = table.bounding_box()
    assert box
    page.mouse.click(box["x"] + 15, box["y"] + 55)
    page.get_by_role("button", name="Whole record").wait_for()
    shown = re.search(r"Showing ([\d,]+) of ([\d,]+) steps", page.get_by_text("Showing").inner_text())
    assert shown
    assert int(shown[1].replace(",", "")) < int(shown[2].replace(",", ""))

    flags = ["--train-fraction", FRACTION, "--threshold", "50"]
    assert main(["detect", str(pump), "--out", str(tmp_path), *flags]) == 0
    assert after == len((tmp_path / "events.csv").read_text().splitlines()) - 1
    for name in ("events.csv", "points.csv"):
        assert take(page, name) == (tmp_path / name).read_bytes(), f"{name} differs from the command line's"


def chosen_event(page: Page) -> tuple[str, ...]:
    """What the address, the chart's box and the sentence say of the event that is chosen."""
    settle(page)
    address = dict(part.split("=") for part in page.url.partition("?")[2].split("&"))
    box = page.evaluate(
        "() => document.querySelector('.js-plotly-plot').layout.shapes.filter(s => s.type == 'rect' && s.line.width)[0]"
    )
    said = page.locator("p:has(> strong)", has_text="of the train span")
    expect(said).to_have_count(1)
    return address["record"], address["event"], str(box["x0"]), said.inner_text()


def test_an_event_chosen_by_its_row_or_by_next_is_the_same_for_row_sentence_chart_and_address(page: Page) -> None:
    page.get_by_role("button", name="Find its anomalies").nth(2).click()
    wait_for_result(page)
    table = page.get_by_test_id("stDataFrame").first
    seen = []
    for act in ("row", "next", "next", "previous"):
        settle(page)
        if act == "row":
            table.scroll_into_view_if_needed()
            box = table.bounding_box()
            assert box
            page.mouse.click(box["x"] + 15, box["y"] + 55)
            page.get_by_text(re.compile(r"^Event 1 of")).wait_for()
        else:
            place = {"next": len(seen) + 1, "previous": len(seen) - 1}[act]
            page.locator(f".st-key-event-{act} button").click()
            page.get_by_text(re.compile(rf"^Event {place} of")).wait_for()
        seen.append(chosen_event(page))
    assert len(set(seen)) == 3 and seen[3] == seen[1]
    for part in list(zip(*seen[:3], strict=True))[1:]:
        assert len(set(part)) == 3, "what follows one event follows all"


def test_the_part_before_a_change_is_learnt_from_in_one_press_of_the_result_and_the_panel_says_so(
    page: Page, tmp_path: Path
) -> None:
    path = tmp_path / "stepped.csv"
    values = np.random.default_rng(0).standard_normal(600)
    values[400:] += 12
    path.write_text("\n".join(["time,flow", *(f"{step},{value:.3f}" for step, value in enumerate(values))]))
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Find anomalies").first.click()
    wait_for_result(page)
    for press, then, chosen in (
        ("Learn from the part before 400", "Learn from the whole file", "Leading steps"),
        ("Learn from the whole file", "Learn from the part before 400", "Whole file"),
    ):
        page.get_by_role("button", name=press).click()
        page.get_by_role("button", name=then).wait_for()
        settle(page)
        if not page.locator(".st-key-span").is_visible():
            page.get_by_text("Train span", exact=True).click()
        expect(page.locator(".st-key-span").get_by_role("radio", name=chosen)).to_be_checked()


def test_a_demonstration_is_one_click_away_and_a_dragged_box_zooms(page: Page) -> None:
    page.get_by_role("button", name="Find its anomalies").nth(1).click()
    wait_for_result(page)
    assert count_events(page) > 0
    settle(page)
    drag_across_chart(page, 0.4, 0.6)
    page.get_by_role("button", name="Whole record").wait_for()
    page.get_by_role("button", name="Whole record").click()
    page.get_by_text("Showing all").wait_for()
    settle(page)

    # The same drag adds an anomaly that was missed, which goes out with the list.
    page.get_by_text("Drag to mark as missed").click()
    settle(page)
    drag_across_chart(page, 0.70, 0.72)
    page.get_by_text("1 missed anomaly added").wait_for()
    settle(page)
    *_, last = take(page, "events.csv").decode().splitlines()
    assert last.endswith('"anomaly","missed",""')


def drag_across_chart(page: Page, start: float, stop: float) -> None:
    """From one share of the chart's width to another."""
    chart = page.locator(".js-plotly-plot").first.bounding_box()
    assert chart
    page.mouse.move(chart["x"] + chart["width"] * start, chart["y"] + 120)
    page.mouse.down()
    page.mouse.move(chart["x"] + chart["width"] * stop, chart["y"] + 140, steps=8)
    page.mouse.up()


def test_a_bad_file_gets_one_sentence_and_the_next_one_opens(page: Page, pump: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n3,4,5\n")
    page.locator("input[type=file]").set_input_files(bad)
    page.get_by_text("line 3: expected 2 cells").wait_for()
    settle(page)
    page.locator("input[type=file]").set_input_files(pump)
    page.get_by_role("button", name="Find anomalies").first.wait_for()


def test_stopping_keeps_what_was_learnt_and_says_so(page: Page, tmp_path: Path) -> None:
    long = tmp_path / "long.csv"
    long.write_bytes(b"value\n" + b"".join(b"%d\n" % (step * step % 97) for step in range(200_000)))
    page.locator("input[type=file]").set_input_files(long)
    page.get_by_role("button", name="Find anomalies").first.click()
    page.get_by_text(re.compile(r"Epoch \d+ of at most")).wait_for()
    page.get_by_role("button", name="Stop and use what it has").click()
    wait_for_result(page)
    page.get_by_role("radio", name="Training").click()
    page.get_by_text("Stopped on request").wait_for()


def test_models_are_compared_and_the_lesson_follows_the_one_that_is_used(page: Page) -> None:
    page.get_by_role("button", name="Find its anomalies").nth(1).click()
    wait_for_result(page)
    settle(page)
    page.get_by_text("Forecaster", exact=True).click()
    page.get_by_role("spinbutton", name="BPTT steps").fill("32")
    page.get_by_role("spinbutton", name="BPTT steps").press("Enter")
    settle(page)
    page.get_by_role("link", name="Compare").click()
    page.get_by_role("heading", name="Compare").wait_for()
    settle(page)
    for unwanted in ("lstm", "gru", "relu", "bag"):
        page.get_by_role("button", name=unwanted, exact=True).click()
    page.get_by_test_id("stMain").get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="compare.csv").wait_for()
    text = take(page, "compare.csv").decode()
    assert [line.split(",")[0] for line in text.splitlines()] == [
        "name",
        "rnn",
        "feedforward",
        "last value",
        "seasonal last value",
    ]
    settle(page)
    assert {line.split(",")[-2] for line in text.splitlines()[1:3]} == {"32"}, "what is set at the left is compared"
    page.get_by_role("button", name="Use it on the page Detect").click()
    page.get_by_text("Detect now shows what").wait_for()
    page.get_by_role("link", name="Learn").click()
    page.get_by_role("heading", name="5 · Where the gradient is cut").wait_for()
    settle(page)
    assert page.locator(".js-plotly-plot").count() >= 5
    page.get_by_role("link", name="Detect").click()
    wait_for_result(page)
    page.get_by_text("Forecaster", exact=True).click()
    assert page.get_by_role("combobox", name="Cell").input_value() in ("rnn", "feedforward")


def test_a_fit_outlives_its_page_and_its_server(tmp_path: Path) -> None:
    """Start a long fit, close the browser, kill the server, start it again, open the address: it goes on."""
    data, long = tmp_path / "data", tmp_path / "long.csv"
    long.write_bytes(b"value\n" + b"".join(b"%d\n" % (step * step % 97) for step in range(100_000)))
    epoch = re.compile(r"Epoch (\d+) of at most")
    with Server(data) as server:
        with open_page() as page:
            page.goto(server.address)
            page.locator("input[type=file]").set_input_files(long)
            page.get_by_role("button", name="Find anomalies").first.click()
            page.get_by_text(epoch).wait_for()
            wanted = page.url.partition("?")[2]
        assert wanted.startswith("run=")
        with open_page() as page:
            page.goto(f"{server.address}?{wanted}")
            page.get_by_text(re.compile(r"Epoch ([2-9]|\d\d+) of at most")).wait_for()
        # Written once a second at most: on a fast machine some epochs come before the first.
        ends = time.monotonic() + 30
        while not (checkpoints := list(data.glob("fits/*/checkpoint.safetensors"))) and time.monotonic() < ends:
            time.sleep(0.05)
        assert len(checkpoints) == 1
        server.kill()
    with Server(data) as server, open_page() as page:
        page.goto(f"{server.address}/runs")
        page.get_by_text("was broken off while it learnt").wait_for()
        page.get_by_role("button", name="Go on").click()
        page.get_by_text(re.compile(r"Epoch ([2-9]|\d\d+) of at most")).wait_for()
        page.get_by_role("button", name="Stop and use what it has").click()
        wait_for_result(page)
        settle(page)
        assert page.url.partition("?")[2].startswith(wanted)
        page.get_by_role("link", name="Runs").click()
        page.get_by_text("1 run kept").wait_for()
        assert page.get_by_text("was broken off").count() == 0


def test_what_is_done_on_the_page_runs_is_done_to_the_run_that_was_chosen(
    tmp_path: Path, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    """Also where the list has turned over meanwhile, as it does by anybody's mark."""
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    oldest, middle, newest = (save(store, sine_fitted, sine_dataset, name=name) for name in ("one", "two", "three"))
    with Server(tmp_path) as server, open_page() as page:
        page.goto(f"{server.address}/runs")
        page.get_by_text("3 runs kept").wait_for()
        settle(page)
        box = page.get_by_test_id("stDataFrame").bounding_box()
        page.mouse.click(box["x"] + 15, box["y"] + 52 + 35)
        page.get_by_role("button", name="Delete").wait_for()
        settle(page)
        assert page.get_by_role("textbox", name="Name").input_value() == "two"
        store.write_notes(oldest, "on top now")
        page.get_by_role("button", name="Delete").click()
        page.get_by_text("2 runs kept").wait_for()
        settle(page)
        assert [row.id for row in store.list()] == [oldest, newest]
        page.get_by_role("button", name="Undo").click()
        page.get_by_text("3 runs kept").wait_for()
        assert {row.id for row in store.list()} == {oldest, middle, newest}
