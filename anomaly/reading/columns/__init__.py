"""Which column is what: proposed by looking (`proposal.py`), and of what kind its numbers are (`kinds.py`).

It is shown before anything is learnt (`inspection.py`).
"""
