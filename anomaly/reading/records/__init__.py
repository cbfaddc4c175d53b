"""Whose rows these are: long tables made wide, records told by their times or by several columns, files that differ."""
