"""Draw the pictures of the demonstrations on the first page again: python -m dev.draw_demos"""

from anomaly.pipeline import read
from anomaly.reading import DEMOS, demo_csv
from anomaly.showing import draw_picture
from anomaly.ui.detect.opening.demos import PICTURES

if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    for name in DEMOS:
        picture = draw_picture(read(demo_csv(name), name=name))
        (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8", newline="\n")
