"""What all wings share: records and datasets, forecasts, scores, events; and every setting.

In: nothing; the first wing, which knows no other.
Out: frozen dataclasses with shape and unit beside each field; `ReadSettings`, `FitSettings`, `DetectSettings`;
errors that are sentences; runs of steps; times, durations and figures in words; what a double can tell apart.
Begin in `records.py` (what is read), then `forecasts.py` and `detections.py`. The default and limits of every setting
are in `settings/`: `reading.py` (roles, sampling), `fitting.py` (train span, network, BPTT steps), `detecting.py`
(smoothing, threshold rule, merge gap).
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.domain.days_off import find_days_off, find_rest_day
    from anomaly.domain.detections import Event, PartName, Scores, Threshold
    from anomaly.domain.durations import DAY, say_duration
    from anomaly.domain.exceptions import (
        AccessError,
        AnomalyError,
        DataError,
        ModelFileError,
        RunError,
        SettingsError,
        TrainingError,
    )
    from anomaly.domain.figures import SIGNIFICANT_DIGITS, count_digits, round_figures, tell_apart
    from anomaly.domain.files import (
        BESIDE,
        OWN_FILE,
        OWN_FOLDER,
        close_to_others,
        flush_folder,
        is_open,
        is_there,
        make_own_folder,
        open_own,
        read_file,
        write_together,
        write_whole,
    )
    from anomaly.domain.forecasts import FADED, Effort, Epoch, Forecast, Pace, Profile, Profiles, Reach, Trace
    from anomaly.domain.installation import lacks, shipped, versions
    from anomaly.domain.kinds import Circle, find_rises, reading_before
    from anomaly.domain.records import Columns, Dataset, Repair, TimeSeries
    from anomaly.domain.resolution import CONSTANT, EXACT, is_rounding, units_of
    from anomaly.domain.settings.checking import Settings, pick
    from anomaly.domain.settings.detecting import DEFAULT_THRESHOLDS, LIMITS, RULES, DetectSettings
    from anomaly.domain.settings.fitting import FitSettings
    from anomaly.domain.settings.reading import FILE_ENDINGS, KINDS, Kind, ReadSettings
    from anomaly.domain.spans import Span, fill_runs, find_runs, merge_runs, overlaps_any
    from anomaly.domain.temporary import remove_left_behind, temporary_folder
    from anomaly.domain.times import (
        PutBack,
        TimeAxis,
        axis_offset,
        format_times,
        put_back_clock,
        seconds_of,
        to_calendar,
    )


__getattr__, __all__ = open_face(__name__, __file__)
