"""Reading in a process of its own, with limits on memory and time: what a stranger uploads may end it, not the server.

`asking.py` runs in the server; `answering.py` is the other process; `limits.py` says how much it may take.
"""
