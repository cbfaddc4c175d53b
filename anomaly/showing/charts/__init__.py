"""Plotly figures. The only folder that knows plotly.

`drawing.py`: colours, lines, names. `stack.py`: charts above each other. `detection.py`: the large chart; `overview.py`
and `lesson.py`: the others.
"""
