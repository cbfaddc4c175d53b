"""Which column is what: proposed by looking (`proposal.py`), shown before anything is learnt (`inspection.py`)."""
