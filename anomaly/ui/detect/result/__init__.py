"""What was found: chart, threshold, events, verdicts, how it agrees with what is known. `results.py` puts them
together."""
