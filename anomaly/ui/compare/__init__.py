"""The page Compare: models side by side on one file."""
