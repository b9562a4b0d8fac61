"""Small true cases of crowds at a camera, for docstrings, tests and pages."""

from collections.abc import Iterable, Sequence

from tocsin.contract.examples import START_AT, series
from tocsin.contract.pictures import AreaFlow, CrowdFlow, Passages
from tocsin.model import Observation

CAMERA = "cam-1"
"""The camera of the cases."""


def areas(
    told: Iterable[Sequence[AreaFlow]], every_s: float = 2.0, at: float = START_AT
) -> list[Observation[CrowdFlow]]:
    """Reports of areas, one after the other."""
    bodies = [CrowdFlow(areas=tuple(one), every_s=every_s, calibrated=True) for one in told]
    return series(bodies, every_s, CAMERA, at)


def crowded(
    persons_per_m2: Sequence[float],
    speed_m_s: Sequence[float] | float = 1.0,
    pressure_s2: Sequence[float] | float = 0.0,
    *,
    area: str = "hall",
    every_s: float = 2.0,
) -> list[Observation[CrowdFlow]]:
    """Reports of one area of 50 m² with these densities, speeds and pressures.

    >>> crowded([2.0, 3.0], speed_m_s=0.5)[1].body.persons
    150.0
    """
    speeds, pressures = (
        [one] * len(persons_per_m2) if isinstance(one, float | int) else one for one in (speed_m_s, pressure_s2)
    )
    return areas(
        [
            [AreaFlow(area, 50.0 * density, 50.0, density, speed_m_s=speed, pressure_s2=pressure)]
            for density, speed, pressure in zip(persons_per_m2, speeds, pressures, strict=True)
        ],
        every_s,
    )


def passing(
    counts: Sequence[tuple[int, int]], *, line: str = "gate", width_m: float | None = 2.0, every_s: float = 2.0
) -> list[Observation[CrowdFlow]]:
    """Reports of one line with so many passing forward and backward."""
    bodies = [
        CrowdFlow(
            passages=(Passages(line, forward, backward, width_m),), every_s=every_s, calibrated=width_m is not None
        )
        for forward, backward in counts
    ]
    return series(bodies, every_s, CAMERA)
