"""The recurrent forecaster: arrays in, arrays out. The only folder that knows torch.

`network.py` and `cells.py` are the network, `training.py` trains it on `streams.py` and says how often it writes a
`checkpoint.py`, `forecaster.py` runs it over records, `weights.py` stores it, `gradients.py` and `trace.py` look
inside, `effort.py` estimates time and memory.
"""
