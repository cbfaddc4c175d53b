"""Errors whose message is meant for the person at the screen: what was expected, what was found, what to do."""


class AnomalyError(Exception):
    """Base of every error this package raises on purpose; `str(error)` is one plain sentence or two."""


class DataError(AnomalyError):
    """The file or its columns cannot be used as they are."""


class SettingsError(AnomalyError):
    """A setting is out of range or does not fit the data."""


class TrainingError(AnomalyError):
    """The forecaster could not be trained."""


class ModelFileError(AnomalyError):
    """A saved model is missing, damaged, or made for other data."""


class RunError(AnomalyError):
    """A kept run is not there, cannot be kept, or cannot be opened."""


class AccessError(RunError):
    """Whoever asks may not do this to a run. Where they may not even see it: the words for one that is not there."""
