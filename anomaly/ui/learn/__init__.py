"""The page Learn: how a recurrent network learns, on the user's own series."""
