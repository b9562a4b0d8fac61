"""Revisions of the accounts file, in order."""
