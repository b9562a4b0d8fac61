"""`tocsin evaluate prairie-grass` and `source-term`: models of the air against gas that was really let out."""

from tocsin.suites.tracers.arcs import PrairieGrass
from tocsin.suites.tracers.sources import SourceTerm

__all__ = ["PrairieGrass", "SourceTerm"]
