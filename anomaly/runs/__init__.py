"""Runs that last: kept in a database and a folder of files, found again, judged."""

from anomaly.runs.people import LOCAL, Person, Role
from anomaly.runs.place import open_store
from anomaly.runs.store import RunRow, RunStore
from anomaly.runs.verdicts import Proposal, Verdict, find_verdict, judge, precision_so_far, propose

__all__ = [
    "LOCAL",
    "Person",
    "Proposal",
    "Role",
    "RunRow",
    "RunStore",
    "Verdict",
    "find_verdict",
    "judge",
    "open_store",
    "precision_so_far",
    "propose",
]
