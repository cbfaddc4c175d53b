"""The first page waits for no library: it is there before anything heavy is imported."""

import subprocess
import sys

import pytest

from anomaly.pipeline import read
from anomaly.reading import DEMOS, demo_csv
from anomaly.showing import draw_picture
from anomaly.ui.detect.opening.demos import PICTURES
from tests.support.checkout import ROOT

SHOWN = """
import sys
from streamlit.testing.v1 import AppTest
page = AppTest.from_file(sys.argv[1], default_timeout=60).run()
assert not page.exception and page.title[0].value == "Unforeseen"
print(*sys.modules)
"""


def test_the_first_page_imports_nothing_heavy() -> None:
    command = [sys.executable, "-c", SHOWN, str(ROOT / "app.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "anomaly.ui.detect.opening.first_page" in loaded
    # Streamlit imports the beginnings of plotly itself where it is installed.
    assert not loaded & {
        "torch",
        "pandas",
        "pyarrow",
        "sqlalchemy",
        "scipy",
        "plotly.express",
        "anomaly.showing.charts",
    }


@pytest.mark.parametrize("name", DEMOS)
def test_the_pictures_are_those_of_the_demonstrations(name: str) -> None:
    drawn = draw_picture(read(demo_csv(name), name=name))
    assert (PICTURES / f"{name}.svg").read_text(encoding="utf-8") == drawn, "draw them again: python -m dev.draw_demos"
