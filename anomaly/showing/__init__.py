"""Detection -> charts, CSV files and a report.

In: a `Detection`, a `Dataset`, epochs of training. Out: Plotly figures; events.csv, points.csv and run.json; one
HTML page.
Begin in `export.py` for files, `charts/detection.py` for the large chart; colours (expected band, events) and fonts
are in `charts/drawing.py`. Only `charts/` imports plotly. `decimation.py` chooses which of many steps are drawn;
`picture.py` draws a record as a small SVG.
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.showing import export
    from anomaly.showing.charts.detection import plot_detection
    from anomaly.showing.charts.lesson import (
        plot_gradient_norms,
        plot_keep_times,
        plot_reach,
        plot_trace,
        plot_validation_losses,
    )
    from anomaly.showing.charts.overview import plot_losses, plot_precision_recall, plot_score_histogram, plot_series
    from anomaly.showing.decimation import choose_steps
    from anomaly.showing.picture import draw_picture
    from anomaly.showing.report import report_html


__getattr__, __all__ = open_face(__name__, __file__)
