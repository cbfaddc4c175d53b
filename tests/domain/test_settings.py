"""A setting out of range is refused with one sentence."""

import pytest

from anomaly.domain.exceptions import SettingsError
from anomaly.domain.settings.checking import Settings
from anomaly.domain.settings.detecting import DetectSettings
from anomaly.domain.settings.fitting import FitSettings
from anomaly.domain.settings.reading import ReadSettings


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        (FitSettings, {"hidden_units": 0}, ["hidden_units", "expected 1 or more", "found 0"]),
        (FitSettings, {"epochs": "many"}, ["epochs", "expected a whole number", "found 'many'"]),
        (FitSettings, {"cell": "transformer"}, ["cell", "'lstm', 'gru',", "found 'transformer'"]),
        (FitSettings, {"horizons": (1, 1)}, ["Horizons", "different whole numbers", "(1, 1)"]),
        (FitSettings, {"train_fraction": 0.5, "train_rows": 9}, ["at most one way", "train_fraction and train_rows"]),
        (DetectSettings, {"threshold_rule": "quantile", "threshold": 2}, ["'quantile'", "from 0 to 1", "found 2"]),
        (DetectSettings, {"threshold_rule": "value"}, ["'value' needs the score"]),
        (DetectSettings, {"smoothing": 0}, ["Smoothing", "from 1 up", "found 0"]),
        (DetectSettings, {"smoothing": 10**30}, ["Smoothing", "up to 10,000,000", f"found {10**30}"]),
        (DetectSettings, {"speed": 3}, ["no setting called 'speed'"]),
        (ReadSettings, {"time": 3}, ["time", "valid string", "found 3"]),
    ],
)
def test_a_setting_out_of_range_is_one_sentence(kind: type[Settings], values: dict, words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        kind(**values)
    text = str(caught.value)
    assert all(word in text for word in words), text
    assert "\n" not in text and "pydantic" not in text and "Traceback" not in text
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
