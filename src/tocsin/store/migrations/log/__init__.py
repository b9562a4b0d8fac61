"""Revisions of the log file, in order."""
