"""The report: all of a detection in one page that needs nothing else, and in which a file's words stay words."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from anomaly.detecting.detection import Detection
from anomaly.domain.records import Dataset
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.settings.fitting import FitSettings
from anomaly.evaluating.comparison import contend
from anomaly.forecasting.fitting import Fitted, fit
from anomaly.pipeline import detect
from anomaly.showing.report import report_html
from tests.support.strategies import make_dataset, quick_settings, sine_values


class Tags(HTMLParser):
    """The tags and texts of a page, outside of scripts."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self._inside: str | None = None
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attributes if name in ("src", "href")]
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data


@pytest.fixture(scope="module")
def detection(sine_fitted: Fitted, sine_dataset: Dataset) -> Detection:
    return detect(sine_fitted, sine_dataset)


def test_the_report_holds_the_events_and_what_made_them(detection: Detection, sine_fitted: Fitted) -> None:
    page = Tags(report_html(detection, sine_fitted))
    assert detection.events
    for why in detection.events_table()["why"]:
        assert why in page.text
    assert sine_fitted.digest in page.text and '"threshold"' in page.text
    assert page.links == [], "it needs no network"
    assert page.tags.count("script") >= 3 and page.tags.count("tr") == 1 + len(detection.events)


def test_the_same_detection_gives_the_same_bytes(detection: Detection, sine_fitted: Fitted) -> None:
    assert report_html(detection, sine_fitted) == report_html(detection, sine_fitted)


def test_verdicts_and_a_comparison_stand_in_it(
    detection: Detection, sine_fitted: Fitted, sine_dataset: Dataset
) -> None:
    judged = [("anomaly", "wear", "seen by Ada")] * len(detection.events)
    settings = FitSettings(train_rows=600, epochs=2, hidden_units=3, device="cpu")
    one = contend(sine_dataset, settings, kind="rnn", name="rnn", detect_settings=DetectSettings())
    page = Tags(report_html(detection, sine_fitted, judged, [one]))
    assert "seen by Ada" in page.text and "Models compared" in page.text and "Take rnn" in page.text


def test_what_a_file_says_is_text() -> None:
    values = sine_values(300)
    values[200:205, 0] += 30
    evil = "</script><img src=x onerror=alert(1)><b>"
    dataset = make_dataset(values, names=(evil, "b"))  # type: ignore[arg-type]
    fitted = fit(dataset, quick_settings())
    page = report_html(detect(fitted, dataset, DetectSettings(threshold_rule="value", threshold=0.0)), fitted)
    assert evil in Tags(page).text
    tags = Tags(page).tags
    assert "img" not in tags and "b" not in tags
    # Inside the charts' scripts, too.
    scripts = re.findall(rb"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    assert all(b"onerror=alert" not in script or b"<img" not in script for script in scripts)


def test_no_events_is_a_report_too(sine_fitted: Fitted, sine_dataset: Dataset) -> None:
    quiet = detect(sine_fitted, sine_dataset, DetectSettings(threshold_rule="value", threshold=1e6))
    assert "Nothing stands out of made above a score of 1e+06" in Tags(report_html(quiet, sine_fitted)).text
    assert np.isfinite(quiet.threshold.value)


def test_what_was_observed_and_expected_read_differently_where_they_differ() -> None:
    values = 10.0**15 + np.round(30 * sine_values(300))
    values[200:205, 0] += 2_000
    dataset = make_dataset(values)
    fitted = fit(dataset, quick_settings())
    found = detect(fitted, dataset, DetectSettings(threshold_rule="value", threshold=0.5))
    assert found.events
    page = report_html(found, fitted).decode()
    assert "<td>1e+15</td>" not in page and len(set(re.findall(r"<td>(1000000000\d{6})</td>", page))) > 1
