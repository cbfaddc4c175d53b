"""Words in files and what they mean: names of columns, units of measurement, months and zones."""
