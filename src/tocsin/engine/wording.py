"""Observations in words, for people: number, unit, what."""

from typing import Any

from tocsin.contract.bodies import (
    Alive,
    Concentration,
    Contact,
    Counts,
    Density,
    LogEvents,
    Quantity,
    Sighting,
    Wind,
)
from tocsin.model import Body, tag_of


def worded(body: Body) -> str:
    """What a body says, with its unit.

    >>> worded(Concentration(substance="chlorine", ppm=4.24))
    '4.2 ppm chlorine'
    """
    flags: tuple[str, ...] = getattr(body, "flags", ())
    return _words(body) + (f" ({', '.join(flags)})" if flags else "")


def _words(body: Any) -> str:  # noqa: ANN401  # every body has words
    match body:
        case Concentration():
            return f"{_number(body.ppm)} ppm {body.substance}"
        case Counts():
            return f"{_number(body.counts_per_s)} counts/s"
        case Density():
            return f"{_number(body.persons_per_m2)} persons/m²"
        case Wind():
            return f"{_number(body.speed_m_s)} m/s from {body.from_deg:.0f}°"
        case Quantity():
            return f"{body.name} {_number(body.value)} {body.unit}"
    return _state(body)


def _state(body: Any) -> str:  # noqa: ANN401
    match body:
        case Contact():
            return f"{body.name} {'active' if body.active else 'at rest'}"
        case Alive():
            return "online" if body.online else "says it is going offline"
        case Sighting():
            return f"{body.count} × {body.label}" + (f" in {body.zone}" if body.zone else "")
        case LogEvents():
            return f"{len(body.rows)} {body.format} lines"
    return tag_of(type(body))


def _number(value: float) -> str:
    """Two figures are what a sensor knows: 0.43, 4.2, 42, 420."""
    size = abs(value)
    if size >= 10:
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 1 else f"{value:.2f}"
