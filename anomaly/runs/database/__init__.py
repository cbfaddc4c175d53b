"""SQLite or PostgreSQL: the tables (`schema.py`), how they came about (`migrations/`), and the way there."""
