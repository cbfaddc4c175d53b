"""The browser pages. Thin: they ask, call the pipeline, and show. With app.py, the only part that knows streamlit."""
