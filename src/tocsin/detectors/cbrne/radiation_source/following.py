"""From readings to a track, and from the track to what people are told: way, speed, dose rate, activity."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, exp, hypot, pi, sin, sqrt
from typing import Any

import numpy as np

from tocsin.detectors.cbrne.radiation_source.watching import PATH_MAX, Hall, Point
from tocsin.model import Extent, Figure, Finding, Observation, Place, derived_id, distance_m, moved, offset_m
from tocsin.physics.radiation import Counters, Track, trace
from tocsin.physics.radiation.tracing import Readings

CHI_90, CHI_95 = 4.605, 5.991
"""Squared distances within which 90 % and 95 % of a normal distribution of two dimensions lie."""

NORMAL_90 = 1.645

STANDARD = "Cs-137"
"""What an activity is told in where no spectrum says which nuclide it is."""

CORDON_M = 30.0
"""Least radius of the inner cordon around a strong source (IAEA EPR-First Responders 2006, recalled)."""

CORDON_USV_H = 100.0

NUCLIDE_S, NUCLIDE_M = 300.0, 200.0
"""A spectrum tells of this source where it was measured so near in time and place."""

FOLLOWED_SD_M = 12.0
"""A source whose place is known to this deviation is followed; else it is near a counter."""

READINGS_MIN = 8
"""Fewer readings in the window say too little of five unknowns."""

SHOWING, SHOWING_S = 1.5, 15.0
"""A counter is passed that showed so many times its background within this time, seconds."""


@dataclass(frozen=True, slots=True)
class Doses:
    """What counts mean as dose: per nuclide µSv/h at 1 m of 1 MBq, a counter's counts/s per µSv/h, and a doubt."""

    per_mbq: Mapping[str, float]
    cps_per_usv_h: float
    strong_usv_h: float
    doubt: str

    def usv_h(self, strength_per_s: float) -> float:
        """Dose rate at 1 m."""
        return strength_per_s / self.cps_per_usv_h

    def mbq(self, usv_h: float, nuclide: str) -> float:
        """Activity without shielding."""
        return usv_h / self.per_mbq.get(nuclide, self.per_mbq[STANDARD])


@dataclass(frozen=True, slots=True)
class Follower:
    """Fits and tells."""

    kind: str
    doses: Doses

    def fit(self, hall: Hall, excited: str, at: float, reach_m: float, height_m: float) -> Track | None:
        """The likeliest track through the window of the counters around the one that shows most."""
        origin = _place(hall, excited)
        names = [name for name in sorted(hall.counters) if distance_m(origin, _place(hall, name)) <= reach_m]
        window = [one for one in hall.recent if one.source in names]
        if len(window) < READINGS_MIN:
            return None
        counters = Counters(
            np.array([offset_m(origin, _place(hall, name)) for name in names]),
            np.array([max(hall.counters[name].mean * hall.weather, 0.1) for name in names]),
            height_m,
        )
        readings = Readings(
            np.array([names.index(one.source) for one in window], np.intp),
            np.array([one.at - one.live_s / 2.0 - at for one in window]),  # counted until then: its middle
            np.array([one.counts for one in window]),
            np.array([one.live_s for one in window]),
        )
        return trace(counters, readings)

    def told(self, hall: Hall, excited: str, track: Track, fact: Observation[Any], repeat_s: float) -> list[Finding]:
        """Take the track into the episode; a finding where it is news."""
        origin = _place(hall, excited)
        if hall.since is None:
            hall.since, hall.told_at = fact.at, 0.0
        hall.seen_at = fact.at
        hall.passed = sorted({*hall.passed, excited, *_showing(hall, fact.at)})
        place, followed = _placed(origin, track)
        if followed:
            hall.path = [*hall.path, Point(fact.at, place.lon, place.lat)][-PATH_MAX:]
        grade = self._grade(track, followed=followed)
        if hall.grade == grade and fact.at - hall.told_at < repeat_s:
            return []
        hall.grade = max(hall.grade, grade, key=("", "near", "followed", "strong").index)
        finding = self._finding(hall, track, place, fact)
        hall.told_at, hall.cited = fact.at, []
        return [finding]

    def _grade(self, track: Track, *, followed: bool) -> str:
        if followed and self.doses.usv_h(track.strength_per_s) >= self.doses.strong_usv_h * _unsure(track):
            return "strong"
        return "followed" if followed else "near"

    def _finding(self, hall: Hall, track: Track, place: Place, fact: Observation[Any]) -> Finding:
        nuclide = self._nuclide(hall, place, fact.at)
        figures = self._figures(track, nuclide, hall.alternatives)
        return Finding(
            id=derived_id("f", self.kind, hall.since),
            at=fact.at,
            origin=fact.origin,
            kind=self.kind,
            subject="radiation source",
            because=self._because(hall, track, nuclide, fact.at),
            evidence=tuple(hall.cited),
            source=fact.source,
            detector=self.kind,
            grade=hall.grade,
            place=place,
            since=hall.since,
            measure=round(track.strength_per_s, 1),
            unit="counts/s at 1 m",
            extents=_extents(hall, track, place, self.doses, fact.at),
            figures=figures,
        )

    def _because(self, hall: Hall, track: Track, nuclide: str, at: float) -> str:
        speed = hypot(*track.velocity_m_s)
        moves = f"moves past {len(hall.passed)} counters" if len(hall.passed) > 1 else "is near one counter"
        what = f", {nuclide}" if nuclide else ""
        dose = self.doses.usv_h(track.strength_per_s)
        since = hall.since if hall.since is not None else at
        return (
            f"A radiation source {moves}: about {dose:.2g} µSv/h at 1 m{what}, {speed:.1f} m/s, for {at - since:.0f} s."
        )

    def _nuclide(self, hall: Hall, place: Place, at: float) -> str:
        if not hall.nuclide or abs(at - hall.nuclide_at) > NUCLIDE_S:
            return ""
        there = Place(lon=hall.nuclide_lon, lat=hall.nuclide_lat)
        return hall.nuclide if distance_m(there, place) <= NUCLIDE_M else ""

    def _figures(self, track: Track, nuclide: str, alternatives: tuple[str, ...]) -> tuple[Figure, ...]:
        factor = _unsure(track)
        dose = self.doses.usv_h(track.strength_per_s)
        activity = self.doses.mbq(dose, nuclide or STANDARD)
        speed, deviation = hypot(*track.velocity_m_s), sqrt(max(float(np.trace(track.covariance[2:4, 2:4])) / 2.0, 0.0))
        named = f"as {nuclide}" if nuclide else f"as if {STANDARD}: no spectrum says which nuclide"
        named += f"; or {', '.join(alternatives)}" if nuclide and alternatives else ""
        note = "as outside of what shields it" + (f"; gamma constants {self.doses.doubt}" if self.doses.doubt else "")
        within = NORMAL_90 * deviation
        return (
            _within("dose rate at 1 m", dose, "uSv/h", factor, "by the counters' sensitivity"),
            _within("activity", activity, "MBq", factor, f"{named}; {note}"),
            Figure(
                name="speed",
                value=round(speed, 2),
                unit="m/s",
                low=round(max(0.0, speed - within), 2),
                high=round(speed + within, 2),
            ),
        )


def _unsure(track: Track) -> float:
    """The factor within which its strength is known (90 %)."""
    return exp(NORMAL_90 * sqrt(max(float(track.covariance[4, 4]), 0.0)))


def _within(name: str, value: float, unit: str, factor: float, note: str) -> Figure:
    """A number that is known to a factor."""
    low, high = _digits(value / factor), _digits(value * factor)
    return Figure(name=name, value=_digits(value), unit=unit, low=low, high=high, note=note)


def _digits(number: float) -> float:
    """Three digits: no estimate here knows more."""
    return float(f"{number:.3g}")


def _place(hall: Hall, name: str) -> Place:
    heard = hall.counters[name]
    return Place(lon=heard.lon, lat=heard.lat)


def _showing(hall: Hall, at: float) -> list[str]:
    """Counters that show half as much again as usual, weather taken off."""
    lately = {name: one for name, one in hall.counters.items() if at - one.last_at <= SHOWING_S}
    return [name for name, one in lately.items() if one.share >= SHOWING * hall.weather]


def _placed(origin: Place, track: Track) -> tuple[Place, bool]:
    """Where it is now with the radius of its 95 % circle, and whether that is known well enough to follow it."""
    deviation = sqrt(max(float(np.trace(track.covariance[:2, :2])) / 2.0, 0.01))
    east, north = (float(one) for one in track.place_m)
    radius = float(np.clip(sqrt(CHI_95) * deviation, 2.0, 200.0))
    return moved(origin, east, north, radius), deviation <= FOLLOWED_SD_M


def _extents(hall: Hall, track: Track, place: Place, doses: Doses, at: float) -> tuple[Extent, ...]:
    found = [_ellipse(track, place, at)]
    if len(hall.path) > 1:
        line = tuple((point.lon, point.lat) for point in hall.path)
        found.append(Extent(kind="path", label="way of the source", rings=(line,), at=at))
    dose = doses.usv_h(track.strength_per_s)
    if hall.grade == "strong":
        radius = max(CORDON_M, sqrt(dose / CORDON_USV_H))
        ring = tuple(_around(place, radius * sin(a), radius * cos(a)) for a in np.linspace(0.0, 2 * pi, 37))
        found.append(Extent(kind="isolation", label="inner cordon", rings=(ring,), at=at))
    return tuple(found)


def _ellipse(track: Track, place: Place, at: float) -> Extent:
    """The 90 % region of where it is now."""
    values, vectors = np.linalg.eigh(track.covariance[:2, :2])
    axes = vectors * np.sqrt(np.clip(values, 0.25, 1e5) * CHI_90)
    turns = np.linspace(0.0, 2 * pi, 37)
    ring = tuple(_around(place, *map(float, axes @ [cos(a), sin(a)])) for a in turns)
    return Extent(kind="ellipse", label="where it is (90 %)", rings=(ring,), at=at, probability=0.9)


def _around(place: Place, east_m: float, north_m: float) -> tuple[float, float]:
    there = moved(place, east_m, north_m)
    return round(there.lon, 7), round(there.lat, 7)
