"""Telling gases apart by sensors that drift: features that drift little, classes that are followed as they drift."""

from tocsin.physics.drift.classes import DriftingClasses, Settings
from tocsin.physics.drift.committee import COMMITTEE, Committee, Judgement
from tocsin.physics.drift.features import Layout, Reference

__all__ = ["COMMITTEE", "Committee", "DriftingClasses", "Judgement", "Layout", "Reference", "Settings"]
