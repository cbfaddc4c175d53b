"""The page Runs: what was fitted before; found, opened, compared, shared, scored again."""
