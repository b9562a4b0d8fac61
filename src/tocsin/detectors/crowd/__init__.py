"""Detectors of danger in crowds."""
