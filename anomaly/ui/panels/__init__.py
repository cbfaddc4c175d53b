"""What several pages show: how a page begins, the settings at the left, what training will take."""
