"""Crowds on the ground, in metres: density, flow, speed, spread of velocity, pressure, and passages over a line."""

from tocsin.physics.crowd_flow.floor import Floor, Shares, within
from tocsin.physics.crowd_flow.moving import (
    Slopes,
    bearing_deg,
    local_pressure,
    order,
    slopes,
    velocity_variance,
)
from tocsin.physics.crowd_flow.passages import Crossings, crossings
from tocsin.physics.crowd_flow.voronoi import cells, voronoi_density
from tocsin.physics.crowd_flow.walking import Walking

__all__ = [
    "Crossings",
    "Floor",
    "Shares",
    "Slopes",
    "Walking",
    "bearing_deg",
    "cells",
    "crossings",
    "local_pressure",
    "order",
    "slopes",
    "velocity_variance",
    "voronoi_density",
    "within",
]
