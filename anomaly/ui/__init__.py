"""The browser pages: they ask, call the other wings, and show. Only this wing and app.py import streamlit.

In: clicks, text and uploads. Out: pages. Begin in `entry.py`, which lists them. At the bottom `session/` (what one
browser session holds), above it `lasting/` (who is at the page, runs kept, fits under way), then `panels/` (what
several pages show), then a folder for each page: `detect/`, `compare/`, `learn/`, `runs/`. `plain.py` and
`wording.py` put text and numbers on the screen.
"""
