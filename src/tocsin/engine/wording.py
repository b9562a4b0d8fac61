"""Observations in words, for people: number, unit, what."""

from functools import singledispatch

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


@singledispatch
def _words(body: Body) -> str:
    return tag_of(type(body))


@_words.register
def _(body: Concentration) -> str:
    return f"{_number(body.ppm)} ppm {body.substance}"


@_words.register
def _(body: Counts) -> str:
    return f"{_number(body.counts_per_s)} counts/s"


@_words.register
def _(body: Density) -> str:
    return f"{_number(body.persons_per_m2)} persons/m²"


@_words.register
def _(body: Wind) -> str:
    return f"{_number(body.speed_m_s)} m/s from {body.from_deg:.0f}°"


@_words.register
def _(body: Quantity) -> str:
    return f"{body.name} {_number(body.value)} {body.unit}"


@_words.register
def _(body: Contact) -> str:
    return f"{body.name} {'active' if body.active else 'at rest'}"


@_words.register
def _(body: Alive) -> str:
    return "online" if body.online else "says it is going offline"


@_words.register
def _(body: Sighting) -> str:
    return f"{body.count} × {body.label}" + (f" in {body.zone}" if body.zone else "")


@_words.register
def _(body: LogEvents) -> str:
    return f"{len(body.rows)} {body.format} lines"


def _number(value: float) -> str:
    """Two figures are what a sensor knows: 0.43, 4.2, 42, 420."""
    size = abs(value)
    if size >= 10:
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 1 else f"{value:.2f}"
