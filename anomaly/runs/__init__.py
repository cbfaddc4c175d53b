"""What lasts: fits in worker processes, and finished runs kept, found again, judged and shared.

In: a dataset and settings to fit, a fitted model to keep, verdicts. Out: jobs that go on after a crash; runs by id.
Begin in `jobs/job.py` (a fit; `jobs/worker.py` runs it, `jobs/watchdog.py` restarts it when it hangs) and `store.py`
(kept runs). `access.py` alone checks what a viewer, editor or owner may do; the least role for each action is at its
call in `store.py` and `sharing.py` (links). `place.py`: in which folder runs are kept, and for how many days
(ANOMALY_KEEP). A checkpoint lasts as long as its fit, or, broken off, as those days: `Workshop.sweep` in
`unfinished.py`. `privacy.py`: nobody else here reads them. `sign_outs.py`: ended sign-ins. `database/`: its tables.
"""

from typing import TYPE_CHECKING

from anomaly.faces import open_face

if TYPE_CHECKING:
    from anomaly.runs.jobs.job import FitJob
    from anomaly.runs.jobs.processes import is_warm, warm_up, workers
    from anomaly.runs.jobs.watchdog import watch
    from anomaly.runs.people import LOCAL, Person, Role
    from anomaly.runs.place import open_store
    from anomaly.runs.store import RunRow, RunStore
    from anomaly.runs.sweeping import UNDO_HOURS
    from anomaly.runs.unfinished import Unfinished
    from anomaly.runs.verdicts import Verdict, Word, find_verdict, judge, precision_so_far, propose


__getattr__, __all__ = open_face(__name__, __file__)
