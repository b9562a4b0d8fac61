"""From Readings to less intrusive Readings, inside admission: one file per perceiver."""
