"""CSV and its kin: how lines are laid out, where the table begins, how its numbers are written.

`dialect.py` and `header.py` look at the first lines, `csv.py` parses, `cells.py` and `numerals.py` make numbers of
text.
"""
