"""Detectors of sounds: shots, explosions, sirens."""
