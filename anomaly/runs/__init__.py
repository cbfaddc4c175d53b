"""What lasts: fits in worker processes, and finished runs kept, found again, judged and shared.

In: a dataset and settings to fit, a fitted model to keep, verdicts. Out: jobs that go on after a crash; runs by id.
Begin in `jobs/job.py` (a fit under way; `worker.py` runs it, `watchdog.py` restarts one that hangs) and `store.py`
(kept runs). Who may do what, viewer, editor or owner, stands in `access.py` alone; links in `sharing.py`; where
runs are kept and for how long in `place.py`; fits broken off, their checkpoints and when these go in
`unfinished.py`; tables and migrations in `database/`.
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.runs.jobs.job import FitJob
    from anomaly.runs.jobs.processes import is_warm, warm_up, workers
    from anomaly.runs.jobs.watchdog import watch
    from anomaly.runs.people import LOCAL, Person, Role
    from anomaly.runs.place import open_store
    from anomaly.runs.store import UNDO_HOURS, RunRow, RunStore
    from anomaly.runs.unfinished import Unfinished, fit_kept
    from anomaly.runs.verdicts import Verdict, Word, find_verdict, judge, precision_so_far, propose


__getattr__, __all__ = open_face(__name__, __file__)
