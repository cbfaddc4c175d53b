"""Detection -> Plotly figures. The only folder that knows plotly."""

from anomaly.charts.detection import plot_detection
from anomaly.charts.lesson import (
    plot_gradient_norms,
    plot_keep_times,
    plot_reach,
    plot_trace,
    plot_validation_losses,
)
from anomaly.charts.overview import plot_losses, plot_precision_recall, plot_score_histogram, plot_series

__all__ = [
    "plot_detection",
    "plot_gradient_norms",
    "plot_keep_times",
    "plot_losses",
    "plot_precision_recall",
    "plot_reach",
    "plot_score_histogram",
    "plot_series",
    "plot_trace",
    "plot_validation_losses",
]
