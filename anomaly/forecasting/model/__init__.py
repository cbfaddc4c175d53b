"""The recurrent forecaster: arrays in, arrays out. The only folder that knows torch.

`network.py` and `cells.py` are what is trained, `training.py` how (`checkpoint.py`: where it goes on after a crash),
`forecaster.py` runs it over records, `gradients.py` and `trace.py` look inside, `effort.py` says what it will take.
"""
