"""`tocsin evaluate prairie-grass` and `source-term`: models of the air against gas that was really let out."""

from tocsin.suites.tracers.arcs import PrairieGrass

__all__ = ["PrairieGrass"]
