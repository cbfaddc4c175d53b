"""The browser pages: they ask, call the wings before this one, and show. streamlit stays in here, and in app.py.

In: what a person does. Out: pages. Begin in `entry.py`, which lists them. At the bottom `session/` (what one
browser session holds), above it `lasting/` (who is at the page, runs kept, fits under way), then `panels/` (what
several pages show), then a folder for each page: `detect/`, `compare/`, `learn/`, `runs/`. `plain.py` and
`wording.py` put text and numbers on the screen.
"""
