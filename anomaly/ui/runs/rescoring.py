"""A kept run's model on another file."""

from dataclasses import replace

from anomaly.domain import RunError
from anomaly.forecasting import describe_inputs, find_train_stops
from anomaly.pipeline import forecast, same_columns
from anomaly.reading import open_like
from anomaly.ui import session
from anomaly.ui.lasting.keeping import find_store


def score_files(run: str, files: list[tuple[bytes, str]]) -> None:
    """Open what the model of a kept run finds in other files. Raises AnomalyError where they do not fit it."""
    kept = find_store()
    if kept is None:
        raise RunError("No runs are kept here, so none can score a file.")
    learnt, fitted, detect = kept.open(run, "scored other data with it")
    if not fitted.inputs and learnt.digest == fitted.digest:
        # Kept by a version that did not write down what was learnt from; the data themselves are here.
        fitted = replace(fitted, inputs=describe_inputs(learnt, find_train_stops(learnt, fitted.settings)))
    dataset = session.read_here(open_like, files, same_columns(fitted))
    # Whether it fits is said here, before what is open is closed.
    forecast(fitted, dataset)
    session.open_kept(session.Run(dataset, fitted), detect)
