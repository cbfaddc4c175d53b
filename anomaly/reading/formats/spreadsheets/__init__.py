"""Excel and OpenDocument workbooks; how far their sheets reach is told from their bytes before one is laid out."""
