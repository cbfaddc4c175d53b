"""What a file or a colleague wrote is text in a real Chromium: letter for letter, no link, no icon, no markup."""

import dataclasses
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from anomaly.domain.settings.detecting import DetectSettings
from anomaly.forecasting.fitting import fit
from anomaly.pipeline import detect
from anomaly.runs.store import RunStore
from anomaly.runs.verdicts import judge
from anomaly.showing.report import report_html
from tests.support.browser import Server, needs_chromium, open_page, settle, wait_for_result
from tests.support.kept_runs import save
from tests.support.strategies import make_dataset, quick_settings, sine_values

pytestmark = needs_chromium
TEXTS = [
    "see https://evil.example/a?b=c now", "HTTP://evil.example", "www.evil.example", "WWW.evil.example/x",
    "(www.evil.example)", ".www.evil.example", "_https://evil.example_", "http://localhost:8501", "ada@evil.example",
    "a.+b@evil.example", "mailto:ada@evil.example", "xmpp:ada@evil.example", "http://ada:b@evil.example:80/x",
    "<https://evil.example>", "[x](https://evil.example)", "ftp://evil.example", "https:www.evil.example",
    "x -> y <- z", "a <-> b", "a -- b --- c", "a >= b <= c ~= d", "-->", "<>=~-", ":material/home: x",
    ":material_home:", ":smile: y", ":streamlit: z", "::a::b:c:", ":red[x]", ":red-badge[x]", ":small[]", ":::note x",
    "C:\\x", "10:30:00", "**b** _i_ ~~s~~", "$x^2$ $$y$$", "&amp; &lt; &quot;", "Tom & Jerry's \"x\"", "a\\\\b", "\\:x",
    "#tag", "- x", "1. x", "|a|b|", "[^1]", "<!-- x -->", "<b>x</b>", "`code`",
]  # fmt: skip
WIDGETS = """
import streamlit as st
from anomaly.ui.plain import plain, show_error
for number, text in enumerate({texts!r}):
    with st.container(key=f"text-{{number}}"):
        st.markdown(plain(text))
text, raw = plain({one!r}), {one!r}
st.title(text, anchor=False)
for show in (show_error, lambda raw: st.toast(plain(raw))):
    show(raw)
for show in (st.error, st.warning, st.info, st.success, st.caption, st.button, st.expander, st.checkbox, st.toggle,
             st.text_input, st.text_area, st.number_input, st.file_uploader):
    show(text)
st.markdown(f"**{{text}}** may look")
st.tabs([text])
st.metric(text, 1)
st.progress(0.5, text)
st.slider(text, 0, 1)
st.download_button(text, b"")
st.radio("r", [text])
st.pills("p", [text])
st.segmented_control("g", [text])
st.selectbox("s", [raw, "other"])
st.multiselect("m", [raw, "other"], default=[raw])
st.text(raw)
st.text_input("h", placeholder=raw, help=text)
st.dataframe({{raw: [raw]}}, column_config={{raw: st.column_config.TextColumn(help=text)}})
"""
ONE = 'https://evil.example www.evil.example a@evil.example -> :material/home: <b> "q"'
LINKS = "links => links.map(link => link.href).filter(address => address.includes('evil') || address.includes('8501'))"


def links_to_others(page: Page) -> list[str]:
    settle(page)
    return list(page.eval_on_selector_all("a", LINKS))


def test_every_widget_shows_a_files_words_letter_for_letter_and_without_a_link(tmp_path: Path) -> None:
    script = tmp_path / "widgets.py"
    script.write_text(WIDGETS.format(texts=TEXTS, one=ONE), encoding="utf-8")
    with Server(script=script) as server, open_page() as page:
        page.goto(server.address)
        page.get_by_test_id("stDataFrame").wait_for()
        settle(page)
        wrong = {}
        for number, text in enumerate(TEXTS):
            shown = page.locator(f".st-key-text-{number}")
            if shown.inner_text() != text or shown.locator("a, img, svg").count():
                wrong[text] = shown.inner_html()
        assert not wrong
        assert page.get_by_text(ONE).count() >= 20
        page.get_by_role("combobox", name="s").focus()
        page.keyboard.press("ArrowDown")
        page.get_by_role("option").first.wait_for()
        assert links_to_others(page) == []
        # What is copied is what the file says: nothing unseen comes along.
        page.keyboard.press("Escape")
        page.locator(".st-key-text-0 p").click(click_count=3)
        assert page.evaluate("getSelection().toString()").strip() == TEXTS[0]


def test_no_page_links_to_what_a_file_or_a_colleague_wrote(tmp_path: Path) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", tmp_path)
    values = sine_values(300)
    values[200:205, 0] += 30
    dataset = make_dataset(values, names=("https://evil.example/a", "b@evil.example"))  # type: ignore[arg-type]
    dataset = dataclasses.replace(dataset, name="www.evil.example")
    fitted = fit(dataset, quick_settings())
    settings = DetectSettings(threshold_rule="value", threshold=0.5)
    run = save(store, fitted, dataset, detect=settings, name="see https://evil.example")
    event = detect(fitted, dataset, settings).events[0]
    store.change_verdicts(run, lambda _: judge((), event, "anomaly", "www.evil.example", "ask b@evil.example"))
    store.write_notes(run, "https://evil.example")
    with Server(tmp_path) as server, open_page() as page:
        page.goto(f"{server.address}?run={run}")
        wait_for_result(page)
        page.get_by_role("button", name="Next").click()
        page.get_by_role("textbox", name="Note").wait_for()
        assert links_to_others(page) == []
        for section in ("Evaluate", "Training", "Data"):
            page.get_by_role("radio", name=section).click()
            assert links_to_others(page) == []
        for other in ("Compare", "Learn", "Runs"):
            page.get_by_role("link", name=other).click()
            page.get_by_role("heading", name=other).wait_for()
            assert links_to_others(page) == []
        page.goto(f"{server.address}?run=https://evil.example")
        page.get_by_text("https://evil.example").wait_for()
        assert links_to_others(page) == []
        table = tmp_path / "www.evil.example.csv"
        table.write_text("time,https://evil.example\n" + "\n".join(f"{step},{step % 7}" for step in range(90)))
        page.locator("input[type=file]").set_input_files(table)
        page.get_by_role("button", name="Find anomalies").first.wait_for()
        assert links_to_others(page) == []


def test_a_reports_charts_show_names_letter_for_letter(tmp_path: Path) -> None:
    names = ('the "hot" one', "a & b", "<b>it's</b>", "&quot; &amp; &lt;")
    values = np.hstack([sine_values(300), sine_values(300, seed=1)])
    dataset = make_dataset(values, names=names)  # type: ignore[arg-type]
    fitted = fit(dataset, quick_settings())
    path = tmp_path / "report.html"
    path.write_bytes(report_html(detect(fitted, dataset), fitted))
    with open_page() as page:
        page.goto(path.as_uri())
        page.locator(".js-plotly-plot .ytitle").first.wait_for()
        drawn = page.locator("svg text").all_text_contents()
        assert [drawn.count(name) for name in names] == [2, 2, 2, 1], "beside the first three courses, and in the strip"
        assert ", ".join(names) in page.get_by_text("monitoring").inner_text()


def test_what_breaks_is_said_without_a_trace_and_without_a_link(tmp_path: Path) -> None:
    broken = "import streamlit as st\nfrom anomaly.ui import entry\nentry.show()\n"
    broken += "st.button('b', on_click=lambda: 1 / 0)\nst.fragment(lambda: open('/secret/place'))()\n"
    script = tmp_path / "broken.py"
    script.write_text(broken, encoding="utf-8")
    with Server(script=script) as server, open_page() as page:
        page.goto(server.address)
        box = page.get_by_test_id("stException")
        for is_last in (False, True):
            box.first.wait_for()
            settle(page)
            for said in box.all_inner_texts():
                assert said.startswith("The app itself failed here") and "Streamlit" not in said
                assert "secret" not in said and "Traceback" not in said and "Error" not in said
            assert box.locator("a, button").count() == 0
            if not is_last:
                page.get_by_role("button", name="b", exact=True).click()
