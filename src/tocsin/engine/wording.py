"""Observations in words, for people: number, unit, what."""

from functools import singledispatch

from tocsin.contract.bodies import (
    Alive,
    Concentration,
    Contact,
    Counts,
    Density,
    Introduction,
    LogEvents,
    Quantity,
    Sighting,
    Wind,
)
from tocsin.contract.drones import Drone
from tocsin.contract.noses import GasPattern
from tocsin.contract.pictures import CameraLoad, CrowdFlow, PictureState, Postures, Stills, Tracks, Weapons
from tocsin.contract.radiation import DoseRate, GammaSpectrum
from tocsin.contract.sapient import Alert, Answer, Class, Conduct, Detection, NodeState
from tocsin.contract.screening import Screened
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
def _(body: Tracks) -> str:
    people = sum(track.label == "person" for track in body.tracks)
    others = len(body.tracks) - people
    return f"{_many(people, 'person', 'people')}" + (f", {_many(others, 'other track')}" if others else "")


@_words.register
def _(body: CrowdFlow) -> str:
    dense = [area.persons_per_m2 for area in body.areas if area.persons_per_m2 is not None]
    return _many(round(body.persons), "person", "people") + (f", {_number(max(dense))} persons/m²" if dense else "")


@_words.register
def _(body: PictureState) -> str:
    return f"sharpness {body.focus:.2f}, edges {body.edges:.2f}, agreement {body.agreement:.2f} of what is usual"


@_words.register
def _(body: Stills) -> str:
    return _many(len(body.stills), "thing that stands still", "things that stand still")


@_words.register
def _(body: Postures) -> str:
    return _many(len(body.postures), "posture")


@_words.register
def _(body: Weapons) -> str:
    return ", ".join(f"{one.label} in {one.frames} of {one.of} frames" for one in body.weapons) or "no weapon"


@_words.register
def _(body: CameraLoad) -> str:
    return f"{body.frames_per_s:.1f} pictures/s, {body.detections_per_s:.1f} detector runs/s"


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"


@_words.register
def _(body: GammaSpectrum) -> str:
    return f"spectrum of {body.live_s:.0f} s, {sum(body.channels()):.0f} counts"


@_words.register
def _(body: DoseRate) -> str:
    return f"{_number(body.usv_h)} µSv/h"


@_words.register
def _(body: GasPattern) -> str:
    return f"exposed to {body.known}, to calibrate" if body.known else f"an exposure, {len(body.features)} features"


@_words.register
def _(body: Screened) -> str:
    return f"{body.device}: {'alarm' if body.alarm else 'nothing'}"


@_words.register
def _(body: Alive) -> str:
    return "online" if body.online else "says it is going offline"


@_words.register
def _(body: Sighting) -> str:
    return f"{body.count} × {body.label}" + (f" in {body.zone}" if body.zone else "")


@_words.register
def _(body: LogEvents) -> str:
    return f"{len(body.rows)} {body.format} lines"


@_words.register
def _(body: Introduction) -> str:
    return f"{body.name}: {body.about}" if body.about else body.name


@_words.register
def _(body: Detection) -> str:
    return ", ".join(_class_words(one) for one in body.classes[:3]) or "something that it has no class for"


def _class_words(one: Class) -> str:
    return one.name + (f" {one.confidence:.0%}" if one.confidence is not None else "")


@_words.register
def _(body: Drone) -> str:
    return f"drone {body.state}" + (f" at {body.height_m:.0f} m" if body.height_m is not None else "")


@_words.register
def _(body: Alert) -> str:
    return f"alert, {body.kind or 'of no kind'}{f', {body.status}' if body.status else ''}: {body.text}".rstrip(": ")


@_words.register
def _(body: NodeState) -> str:
    return ", ".join(part for part in (body.system, body.mode, *body.faults) if part)


@_words.register
def _(body: Conduct) -> str:
    return ", ".join(f"{count} × {kind}" for kind, count in body.faults.items())


@_words.register
def _(body: Answer) -> str:
    return f"task {body.status}" + (f": {body.reasons[0]}" if body.reasons else "")


def _number(value: float) -> str:
    """Two figures are what a sensor knows: 0.43, 4.2, 42, 420."""
    size = abs(value)
    if size >= 10:
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 1 else f"{value:.2f}"
