"""Detection -> Plotly figures. The only folder that knows plotly."""

from anomaly.charts.detection import plot_detection
from anomaly.charts.overview import plot_losses, plot_precision_recall, plot_score_histogram, plot_series

__all__ = ["plot_detection", "plot_losses", "plot_precision_recall", "plot_score_histogram", "plot_series"]
