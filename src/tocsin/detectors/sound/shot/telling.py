"""A burst as a finding: sentence, ellipses, figures."""

from datetime import UTC, datetime
from math import cos, log, radians, sin, sqrt
from typing import Any

import numpy as np

from tocsin.contract.sounds import Impulse
from tocsin.detectors.sound.shot.judging import Judged
from tocsin.detectors.sound.shot.memory import Bang, Burst, Fired
from tocsin.model import Extent, Figure, Finding, Observation, Place, derived_id, moved

KIND = "sound.shot"
POINTS = 36
NAMED_MAX = 6
HEARD_M = 500.0
"""How far from a microphone a bang may be that it alone heard."""


def burst_place(burst: Burst, zero: Place) -> Place:
    """Where it was, with the radius of its 95 % circle."""
    best = burst.best
    return moved(zero, best.east_m, best.north_m, radius_m=round(axes_m(best, 0.95)[0], 1))


def axes_m(fired: Fired, probability: float) -> tuple[float, float, float]:
    """Half axes of the ellipse of that probability, long and short (m), and the long one's bearing (degrees)."""
    ee, en, nn = fired.spread_m2
    spreads, ways = np.linalg.eigh(np.array([[ee, en], [en, nn]]))
    reach = sqrt(-2.0 * log(1.0 - probability))
    short, long = (reach * sqrt(max(float(one), 0.01)) for one in spreads)
    return long, short, float(np.degrees(np.arctan2(ways[0, 1], ways[1, 1]))) % 180.0


def _ellipse(burst: Burst, zero: Place, probability: float) -> Extent:
    best = burst.best
    long, short, bearing = axes_m(best, probability)
    turn = radians(bearing)
    ring = []
    for step in range(POINTS + 1):
        angle = 2.0 * np.pi * (step % POINTS) / POINTS
        ahead, aside = long * cos(angle), short * sin(angle)
        spot = moved(
            zero,
            best.east_m + ahead * sin(turn) + aside * cos(turn),
            best.north_m + ahead * cos(turn) - aside * sin(turn),
        )
        ring.append((round(spot.lon, 6), round(spot.lat, 6)))
    label = f"Source of the bang, {probability:.0%}"
    return Extent(kind="ellipse", label=label, rings=(tuple(ring),), at=burst.since, probability=probability)


def _figures(burst: Burst, said: Judged) -> tuple[Figure, ...]:
    scores = [bang.score for bang in burst.bangs if bang.score is not None]
    rows = [
        Figure(name="90 % radius of the place", value=round(axes_m(burst.best, 0.9)[0], 1), unit="m"),
        Figure(name="bangs", value=float(burst.count), unit="1"),
        Figure(name="microphones that heard it", value=float(len(_sources(burst.bangs))), unit="1"),
        Figure(name="arrivals by echoes", value=float(burst.echoes), unit="1"),
        Figure(
            name="speed of sound", value=round(burst.best.speed_m_s, 1), unit="m/s", note="estimated with the place"
        ),
        Figure(name="for a shot", value=round(said.nats, 1), unit="1", note="nats; below 0: more likely none"),
    ]
    if scores:
        rows.append(Figure(name="score of a gunshot or explosion", value=round(sum(scores) / len(scores), 2), unit="1"))
    return tuple(rows)


def _sources(bangs: list[Bang]) -> list[str]:
    return sorted({bang.source for bang in bangs})


def _subject(burst: Burst) -> str:
    """What it most likely was, in a word."""
    if burst.told != "located":
        return "bang"
    blasts = [bang.blast > (bang.score or 0.0) - bang.blast for bang in burst.bangs]
    return "explosion" if sum(blasts) * 2 > len(blasts) else "gunshot"


def finding_of(burst: Burst, said: Judged, zero: Place, fact: Observation[Impulse]) -> Finding:
    """What is told of a burst now."""
    names = _sources(burst.bangs)
    shown = ", ".join(names[:NAMED_MAX]) + (f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else "")
    when = datetime.fromtimestamp(burst.since, UTC).strftime("%H:%M:%S.%f")[:-5]
    count = f"{burst.count} bangs" if burst.count > 1 else "One bang"
    radius = axes_m(burst.best, 0.9)[0]
    words = [f"{count} from {when} UTC, 90 % within {radius:.0f} m, heard by {len(names)} microphones ({shown})"]
    if burst.echoes:
        words.append(f"{burst.echoes} arrivals were echoes")
    if said.speaks_for:
        words.append(f"for a shot: {'; '.join(said.speaks_for)}")
    if said.against:
        words.append(f"against it: {'; '.join(said.against)}")
    return Finding(
        id=burst.id,
        at=fact.at,
        origin=fact.origin,
        kind=KIND,
        subject=_subject(burst),
        because=". ".join(word[0].upper() + word[1:] for word in words) + ".",
        evidence=tuple(burst.evidence),
        detector=KIND,
        grade=burst.told,
        place=burst_place(burst, zero),
        since=burst.since,
        measure=round(radius, 1),
        unit="m",
        life=burst.told == "located",
        extents=tuple(_ellipse(burst, zero, probability) for probability in (0.5, 0.9)),
        figures=_figures(burst, said),
    )


def heard_of(bang: Bang, fact: Observation[Any], zero: Place, minute_s: float) -> Finding:
    """What is told of a bang at one microphone alone."""
    return Finding(
        id=derived_id("f", KIND, bang.source, "heard", int(bang.at // minute_s)),
        at=fact.at,
        origin=fact.origin,
        kind=KIND,
        subject="bang",
        because=f"{bang.source} alone heard what it calls a gunshot or explosion ({bang.score or 0.0:.2f}).",
        evidence=(bang.id,),
        source=bang.source,
        detector=KIND,
        grade="heard",
        place=moved(zero, bang.east_m, bang.north_m, radius_m=HEARD_M),
        since=bang.at,
        measure=bang.score,
        unit="1",
    )
