"""Fits in worker processes: `job.py` as the server sees one, `worker.py` inside one, `processes.py` how many."""
