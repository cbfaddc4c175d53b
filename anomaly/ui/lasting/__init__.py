"""What outlives a session: who is at the page (`signing_in.py`), runs in the store (`keeping.py`), fits (`fits.py`)."""
