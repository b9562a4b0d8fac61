"""From Findings and Health to Incidents and Looks."""
