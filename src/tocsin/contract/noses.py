"""What an electronic nose tells: one exposure of its sensors, as features."""

from typing import ClassVar

from tocsin.model import Body, Level


class GasPattern(Body, frozen=True, tag="gas.pattern/1"):
    """One exposure of an array of gas sensors: eight features per sensor, sensor by sensor.

    Per sensor: change of resistance, ratio to the resistance in clean air, rise with three time constants, fall with
    three (Vergara et al. 2012). `known` is the gas where it was put there on purpose, to calibrate the instrument.
    """

    level: ClassVar[Level] = Level.AMBIENT
    features: tuple[float, ...]
    known: str = ""
    flags: tuple[str, ...] = ()
