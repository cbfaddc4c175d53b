"""Bytes -> Table, a module or folder for each family of formats. `files.py` tells them apart by their bytes.

`delimited/`: CSV and its dialects. `spreadsheets/`: Excel and OpenDocument. `columnar.py`: Parquet, Feather, NumPy.
`json.py`, `waveforms/` (WFDB, EDF), `archives.py` (gzip, zip); `strangers.py` refuses what holds no table.
"""
