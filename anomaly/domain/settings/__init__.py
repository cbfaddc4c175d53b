"""Every choice a user can make: default, limits, help. Command-line flags and widgets are drawn from these.

A file for each stage: `reading.py`, `fitting.py`, `detecting.py`; what they share is in `checking.py`.
"""
