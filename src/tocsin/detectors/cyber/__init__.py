"""Detectors of attacks on the networks under the city."""
