"""Detectors that look at doors, cameras, panels and devices, and at what happens among them."""
