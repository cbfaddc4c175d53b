"""The page Detect: open a file (`opening/`), look at it, train, look at what was found (`result/`)."""
