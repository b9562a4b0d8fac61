"""Cameras in a process of their own: what must not leave it is perceived there, and only lesser things come out."""

from tocsin.engine.apart.group import Apart, ApartLimits
from tocsin.engine.apart.messages import Input, Tally
from tocsin.engine.apart.running import RunningApart

__all__ = ["Apart", "ApartLimits", "Input", "RunningApart", "Tally"]
