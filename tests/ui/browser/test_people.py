"""Accounts in a real Chromium, with a real identity provider: sign in, share, be kept out."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tests.support.browser import Server, needs_chromium, open_page, settle, wait_for_result
from tests.support.provider import run_provider

pytestmark = needs_chromium
ADA, BEN = ({"sub": name, "name": name.title(), "email": f"{name}@example.org"} for name in ("ada", "ben"))


@contextmanager
def another(page: Page) -> Iterator[Page]:
    """A page of somebody else, with cookies of their own."""
    context = page.context.browser.new_context(viewport={"width": 1440, "height": 1000})
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    yield opened
    context.close()


def sign_in(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_text(name.title(), exact=True).wait_for()
    settle(page)


def make_link(page: Page, may: str) -> str:
    page.get_by_text(may, exact=True).click()
    settle(page)
    page.get_by_role("button", name="Make a link").click()
    page.get_by_text(f"To {may}.").wait_for()
    settle(page)
    return str(page.get_by_test_id("stCode").inner_text()).strip()


def choose_first_run(page: Page) -> None:
    page.get_by_role("link", name="Runs").click()
    page.get_by_text("1 run kept").wait_for()
    settle(page)
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    page.mouse.click(box["x"] + 15, box["y"] + 52)
    page.get_by_test_id("stBaseButton-primary").filter(has_text="Open").wait_for()
    settle(page)


def test_a_run_is_its_owners_until_it_is_shared(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with run_provider(ADA, BEN) as provider, Server(data, provider) as server, open_page() as ada, another(ada) as ben:
        sign_in(ada, server.address, "ada")
        ada.get_by_role("button", name="Find its anomalies").nth(1).click()
        wait_for_result(ada)
        settle(ada)
        run = re.search(r"run=([0-9a-f]{32})", ada.url)
        assert run is not None

        # Without signing in, and as another: by address, by list, by path.
        ben.goto(ada.url)
        ben.get_by_role("button", name="Sign in").wait_for()
        settle(ben)
        assert ben.get_by_text("Heartbeat").count() == 0 and ben.get_by_role("link", name="Runs").count() == 0
        sign_in(ben, ada.url, "ben")
        ben.get_by_text("There is no run").wait_for()
        ben.get_by_role("link", name="Runs").click()
        ben.get_by_text("0 runs kept").wait_for()
        artifact = next((data / "artifacts").glob("*/*"))
        for path in ("artifacts", "app/static", "static", "media", "app/static/../../artifacts", "..%2fartifacts"):
            for name in (artifact.name, f"{artifact.parent.name}/{artifact.name}", "runs.sqlite"):
                assert artifact.read_bytes() not in fetch(f"{server.address}/{path}/{name}")

        # A link to look: what Ada sees, and no more than to look.
        choose_first_run(ada)
        ada.get_by_text("Share", exact=True).click()
        link = make_link(ada, "look")
        ben.goto(link)
        wait_for_result(ben)
        settle(ben)
        assert "share=" not in ben.url
        ben.get_by_text("you may look at it").wait_for()
        ben.get_by_role("button", name="Next").click()
        settle(ben)
        assert ben.locator(".st-key-mark-anomaly button").is_disabled()

        # A link to change: what Ben judges Ada reads.
        ben.goto(make_link(ada, "look and change"))
        wait_for_result(ben)
        settle(ben)
        ben.get_by_role("button", name="Next").click()
        settle(ben)
        ben.locator(".st-key-mark-anomaly button").click()
        ben.get_by_text("1 marked").wait_for()
        choose_first_run(ben)
        assert (
            ben.get_by_role("button", name="Delete").count() == 0 and ben.get_by_text("Share", exact=True).count() == 0
        )
        ben.get_by_role("link", name="Detect").click()
        ben.get_by_text("1 marked").wait_for()
        settle(ben)
        with ben.expect_download() as taken:
            ben.get_by_role("button", name="events.csv").click()
        assert b"anomaly" in taken.value.path().read_bytes()

        # Taken back while Ben looks at it.
        ada.goto(server.address)
        choose_first_run(ada)
        ada.get_by_text("Share", exact=True).click()
        ada.get_by_text("Ben (ben@example.org) may look and change").wait_for()
        ada.get_by_role("button", name="Remove", exact=True).click()
        ada.get_by_text("Nobody else may see this run").wait_for()
        ben.get_by_role("button", name="points.csv").click()
        ben.get_by_text("Failed to generate file").wait_for()
        ben.get_by_role("button", name="Next").click()
        ben.get_by_text("There is no run").wait_for()
        settle(ben)
        ben.get_by_role("link", name="Runs").click()
        ben.get_by_text("0 runs kept").wait_for()
        settle(ben)

        # Signed out in one tab is signed out in all.
        second = ben.context.new_page()
        second.goto(server.address)
        second.get_by_text("Or see it at work").wait_for()
        settle(second)
        second.locator("input[type=file]").set_input_files(
            {"name": "b.csv", "mimeType": "text/csv", "buffer": b"value\n" + b"1\n2\n4\n" * 100}
        )
        second.get_by_role("button", name="Find anomalies").first.wait_for()
        settle(second)
        kept = len(list((data / "artifacts").glob("*/*")))
        ben.get_by_text("Ben", exact=True).click()
        ben.get_by_role("menuitem", name="Sign out").click()
        # The provider is told, and asks whether he means it; here he is out already.
        ben.wait_for_url(f"{provider}/**")
        second.get_by_role("button", name="Find anomalies").first.click()
        second.get_by_role("button", name="Sign in").wait_for()
        settle(second)
        assert second.get_by_role("link", name="Runs").count() == 0
        assert len(list((data / "artifacts").glob("*/*"))) == kept, "nothing was fitted in his name"
        ben.goto(link)
        ben.get_by_role("button", name="Sign in").wait_for()


def fetch(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        return error.read()
