"""What was typed stays in force in a real Chromium: through a letter in its place, and through other pages."""

from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.support.browser import Server, needs_chromium, open_page, settle, wait_for_result

pytestmark = needs_chromium


def type_in(page: Page, field: Locator, text: str) -> None:
    field.press("Control+a")
    field.press_sequentially(text)
    field.press("Tab")
    settle(page)


def test_a_typed_number_outlives_a_letter_typed_over_it_and_other_pages() -> None:
    with Server() as server, open_page() as page:
        page.goto(server.address)
        page.get_by_role("button", name="Find its anomalies").nth(1).click()
        wait_for_result(page)
        settle(page)
        threshold, said = page.get_by_label("or type"), page.get_by_text("found none: 0.5 stays in force")
        shown = page.url
        type_in(page, threshold, "0.5")
        page.wait_for_url(lambda url: "threshold=" in url and url != shown)
        shown = page.url
        type_in(page, threshold, "x")
        said.wait_for()
        settle(page)
        assert page.url == shown and threshold.input_value() == ""

        # The panel is a part of the page that is drawn again by itself.
        page.get_by_text("Forecaster", exact=True).click()
        epochs = page.locator("input[aria-label=Epochs]")
        type_in(page, epochs, "7")
        type_in(page, epochs, "e")
        page.get_by_text("found none: 7 stays in force").wait_for()
        page.get_by_role("link", name="Learn").click()
        page.get_by_role("heading", name="Learn").wait_for()
        settle(page)
        page.get_by_role("link", name="Detect").click()
        wait_for_result(page)
        said.wait_for()
        settle(page)
        assert page.url == shown, "the threshold that was typed is in force"
        assert page.get_by_text("found none: 7 stays in force").count() == 1


def test_what_is_typed_is_shown_with_all_digits_that_count(tmp_path: Path) -> None:
    table = tmp_path / "fast.csv"
    table.write_text("time,x\n" + "\n".join(f"{step / 250 + step**2 / 1e6:.6f},{step % 9}" for step in range(90)))
    with Server() as server, open_page() as page:
        page.goto(server.address)
        page.locator("input[type=file]").set_input_files(table)
        page.get_by_role("button", name="Find anomalies").first.wait_for()
        settle(page)
        page.get_by_text("Columns", exact=True).click()
        step = page.locator("input[aria-label=Step]")
        type_in(page, step, "0.004")
        assert step.input_value() == "0.004", "0 would be: as proposed"
        page.get_by_test_id("stSidebar").get_by_role("button", name="Find anomalies").click()
        wait_for_result(page)
        settle(page)
        for rule, steps, typed in (
            ("Quantile", "0.0005", "0.99995"),
            ("Robust sigma", "0.1", "2.55"),
            ("Share of false alarms", "0.00001", "0.00000123"),
        ):
            page.get_by_role("combobox", name="Threshold").click()
            page.get_by_role("option", name=rule, exact=True).click()
            threshold = page.locator(f"input[aria-label='or type'][step='{steps}']")
            threshold.wait_for()
            settle(page)
            type_in(page, threshold, typed)
            assert float(threshold.input_value()) == float(typed)
