"""Fits in worker processes: `job.py` in the server, `worker.py` in the process, `processes.py` how many at once."""
