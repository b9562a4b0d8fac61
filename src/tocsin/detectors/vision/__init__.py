"""Detectors over what cameras see of people and things: tracks, stick figures, things that stand still."""
