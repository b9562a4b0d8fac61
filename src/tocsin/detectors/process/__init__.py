"""Detectors that watch the sources themselves."""
