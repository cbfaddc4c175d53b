"""What one browser session holds. It knows no panel and no page.

`opened.py`: the file that is open, its fit under way. `run.py`: the run on the screen. `choices.py`: what panel and
widgets show. `comparison.py`: fits side by side. `memory.py`: what was freed goes back. `uploads.py`: who may
upload and how much (`upload_gate.py` holds them to it). Imported by the first page, which should not wait for pandas:
what needs it is imported when a file is opened.
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.ui.session.choices import (
        CHOICES,
        COUNTED,
        FORECASTER,
        PENDING,
        SPAN,
        choices_of,
        forget_panel,
        keep_choices,
    )
    from anomaly.ui.session.comparison import Comparison
    from anomaly.ui.session.opened import (
        UPLOADS,
        Current,
        change_columns,
        close,
        current,
        discard_job,
        label,
        new_upload_box,
        open_dataset,
        open_job,
        open_kept,
        open_upload,
        read_here,
        use_fitted,
    )
    from anomaly.ui.session.run import Run, View
    from anomaly.ui.session.uploads import forget_uploads, let_upload, let_upload_no_more, most_bytes, turn_to


__getattr__, __all__ = open_face(__name__, __file__)
