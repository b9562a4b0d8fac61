"""From the world to Readings: one file per source."""
