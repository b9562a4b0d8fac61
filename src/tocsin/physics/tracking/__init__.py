"""Tracking in the picture: boxes of each frame become tracks, from their places and times alone."""

from tocsin.physics.tracking.parameters import Tracking
from tocsin.physics.tracking.tracked import Tracked
from tocsin.physics.tracking.tracker import Tracker

__all__ = ["Tracked", "Tracker", "Tracking"]
