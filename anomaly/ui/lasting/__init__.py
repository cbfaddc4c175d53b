"""What outlives a session: who is at the page (`signing_in.py`; `sign_outs.py`: not any more), runs in the store
(`keeping.py`; `opened_store.py` opens it), fits (`fits.py`)."""
