"""Sound in the open: how fast it travels, where it came from, what an impulse looks like, how well a place is heard.

>>> import numpy as np
>>> spots = np.array([[0.0, 0], [900, 0], [0, 900], [900, 900]])
>>> error_m(spots, np.array([[450.0, 450.0], [3000.0, 450.0]])).round().tolist()
[14.0, inf]
"""

from tocsin.physics.sound.air import absorption_db_m, sound_speed_m_s
from tocsin.physics.sound.arrivals import Heard, Locating, Weather
from tocsin.physics.sound.impulses import Measured, impulses_of
from tocsin.physics.sound.locating import Located, airborne_nats, located
from tocsin.physics.sound.planning import error_m, least_covariance_m2
from tocsin.physics.sound.voices import voiced_s, whistled

__all__ = [
    "Heard",
    "Located",
    "Locating",
    "Measured",
    "Weather",
    "absorption_db_m",
    "airborne_nats",
    "error_m",
    "impulses_of",
    "least_covariance_m2",
    "located",
    "sound_speed_m_s",
    "voiced_s",
    "whistled",
]
