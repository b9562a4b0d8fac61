"""From Observations to Findings: one file per detector, in a folder per sense."""
