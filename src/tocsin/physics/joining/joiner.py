"""Joins the tracks of several cameras to persons, by place and time alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.model.errors import BadInput, TooMuch
from tocsin.physics.joining.clocks import Clock, ahead
from tocsin.physics.joining.parameters import Joining
from tocsin.physics.joining.person import Person
from tocsin.physics.joining.walks import KEPT_S, Walk, apart, near, squared
from tocsin.physics.tracking.assignment import best_pairs

Floats = NDArray[np.float64]
Key = tuple[str, int]

_CLOCK_EVERY_S, _CLOCK_KNOWN_EVERY_S = 1.0, 5.0
_DRIFT_S = 0.4  # how far a clock that is known may have drifted since
_STEADY = 0.3  # of a newly found clock, once one is known
_BACK_S_MAX, _LEAP_S_MAX = 5.0, 60.0
_STEADY_S, _COMMON_S = 3.0, 0.6
_EXCHANGE_EVERY_S = 0.5
_FAR = 30.0


class Joined(NamedTuple):
    """One person now: an id that ends with the visit, whose tracks (camera, its id) it is, and where."""

    id: int
    members: tuple[Key, ...]
    point_m: Floats
    covariance: Floats


@dataclass(slots=True, eq=False)
class Watched:
    """A camera's track: its way in that camera's own time, and since when it strays from its person."""

    walk: Walk = field(default_factory=Walk)
    covariance: Floats = field(default_factory=lambda: np.eye(2))
    first: float = 0.0
    last: float = -np.inf
    person: int | None = None
    strays: float = np.inf


def _culprit(watched: Watched, others: Sequence[tuple[Key, Watched]]) -> Watched:
    """Of tracks that contradict each other, the one that was out of sight longest: it may follow somebody else now."""
    if len(others) > 1:
        return watched
    other = others[0][1]
    return watched if watched.walk.gap_s(_STEADY_S) >= other.walk.gap_s(_STEADY_S) else other


class Joiner:
    """Tracks of cameras in (metres on one common plane), persons out.

    Every camera's tracks come when that camera has a frame, by that camera's clock. Two tracks of one camera are
    never one person at one time.

    >>> joiner = Joiner()
    >>> for step in range(60):
    ...     for camera, off in (("a", 0.0), ("b", 0.1)):
    ...         joined = joiner.update(step / 10, camera, [1], [[step * 0.13, off]], np.eye(2)[None] * 0.02)
    >>> [(one.id, one.members) for one in joined]
    [(1, (('a', 1), ('b', 1)))]
    """

    def __init__(self, parameters: Joining | None = None) -> None:
        self.parameters = parameters or Joining()
        self._persons: dict[int, Person] = {}
        self._watched: dict[Key, Watched] = {}
        self._clocks: dict[str, Clock] = {}
        self._next = 1
        self.dropped = 0

    def update(
        self, at: float, camera: str, ids: Sequence[int], points_m: ArrayLike, covariances: ArrayLike
    ) -> list[Joined]:
        """Take the tracks of one camera at one moment of its clock; all persons, where they are by now.

        Points that are not finite are dropped and counted in `dropped`. Raises TooMuch beyond `cameras_max`.
        """
        points, spreads = np.asarray(points_m, float).reshape(-1, 2), np.asarray(covariances, float).reshape(-1, 2, 2)
        if not np.isfinite(at) or len(ids) != len(points) or len(ids) != len(spreads):
            raise BadInput("Give a finite time, and one id and one covariance per point.")
        clock = self._clock(camera, at)
        good = np.isfinite(points).all(axis=1) & np.isfinite(spreads).all(axis=(1, 2))
        self.dropped += int((~good).sum())
        for row in np.flatnonzero(good).tolist():
            self._see(at, clock, (camera, int(ids[row])), points[row], spreads[row])
        self._set_clock(at, camera, clock)
        now = at - clock.ahead_s
        self._part(at, camera, clock)
        self._exchange(at, camera, clock)
        if clock.known or at - clock.first >= self.parameters.clock_wait_s:
            self._decide(at, camera, clock)
        self._merge(now)
        self._forget(now)
        return [self._told(person, now) for person in self._persons.values()]

    def clock_s(self, camera: str) -> float | None:
        """How far a camera's clock is ahead of the first camera's; None where it is not known."""
        clock = self._clocks.get(camera)
        return clock.ahead_s if clock is not None and clock.known else None

    def _clock(self, camera: str, at: float) -> Clock:
        """The camera's clock. One that leaps begins anew, with its tracks, at the others' present."""
        clock = self._clocks.get(camera)
        known = any(one.known for name, one in self._clocks.items() if name != camera)
        if clock is None:
            if len(self._clocks) >= self.parameters.cameras_max:
                raise TooMuch(f"Already {self.parameters.cameras_max} cameras are joined: raise cameras_max.")
            clock = self._clocks[camera] = Clock(reference=not known, known=not known, first=at, asked=at, last=at)
        elif not -_BACK_S_MAX <= at - clock.last <= _LEAP_S_MAX:
            self._drop_tracks(camera)
            others = [one.last - one.ahead_s for name, one in self._clocks.items() if name != camera]
            clock.ahead_s = at - max(others) if others else 0.0
            clock.reference = clock.known = not known
            clock.first = clock.asked = at
        clock.last = at
        return clock

    def _see(self, at: float, clock: Clock, key: Key, point: Floats, spread: Floats) -> None:
        """Take one measurement of one track, for the person it belongs to if it has one."""
        watched = self._watched.get(key)
        if watched is None:
            if len(self._watched) >= self.parameters.tracks_max:
                self.dropped += 1
                return
            watched = self._watched[key] = Watched(first=at)
        step, now = at - watched.last, at - clock.ahead_s
        watched.last, watched.covariance = at, spread
        person = self._persons.get(watched.person or 0)
        if person is not None and self._replaced(key, person, now):
            watched.walk, watched.first, person = Walk(), at, None
        watched.walk.add(at, point, spread)
        if person is None:
            watched.person = None
            return
        person.members[key[0]] = (key[1], now)
        others = self._others(key, person, now)
        apart = bool(others) and all(self._conflict(now, point, spread, one, person) for one in others)
        watched.strays = min(watched.strays, at) if apart else np.inf
        if not apart or _culprit(watched, others) is not watched:
            repeats = max(1.0, self.parameters.independent_s / max(step, 1e-3))
            noise = (spread + np.eye(2) * self.parameters.floor_m**2) * repeats
            person.take(now, point, noise, self.parameters.acceleration)

    def _replaced(self, key: Key, person: Person, now: float) -> bool:
        """Whether another track of the same camera has become this person's since."""
        own, seen = person.members.get(key[0], (key[1], now))
        return own != key[1] and now - seen <= self.parameters.active_s

    def _others(self, key: Key, person: Person, now: float) -> list[tuple[Key, Watched]]:
        """The tracks of other cameras that are this person's too, seen just now."""
        keys = [
            (camera, own) for camera, (own, seen) in person.members.items() if now - seen <= self.parameters.active_s
        ]
        return [(one, self._watched[one]) for one in keys if one[0] != key[0] and one in self._watched]

    def _conflict(self, now: float, point: Floats, spread: Floats, other: tuple[Key, Watched], person: Person) -> bool:
        """Whether two cameras see one person at two places."""
        (camera, _), watched = other
        late = now - (watched.last - self._clocks[camera].ahead_s)
        away = point - watched.walk.table[-1, 1:3] - late * person.state[2:]
        known = spread + watched.covariance + np.eye(2) * (self.parameters.floor_m**2 + (0.5 * late) ** 2)
        return float(away @ np.linalg.solve(known, away)) > self.parameters.part_gate

    def _part(self, at: float, camera: str, clock: Clock) -> None:
        """Where two cameras see one person at two places for a while, the less steady track is looked at anew."""
        for key, watched in list(self._watched.items()):
            if key[0] != camera or not at - watched.strays > self.parameters.part_s:
                continue
            watched.strays = np.inf
            person = self._persons.get(watched.person or 0)
            others = [] if person is None else self._others(key, person, at - clock.ahead_s)
            if person is not None and others:
                culprit = _culprit(watched, others)
                gone = next((one for one, track in others if track is culprit), key)
                person.members.pop(gone[0], None)
                culprit.person, culprit.first, culprit.walk = None, culprit.last, Walk()

    def _exchange(self, at: float, camera: str, clock: Clock) -> None:
        """Two tracks of a camera that fit each other's person better, by the word of other cameras, change places."""
        if at - clock.exchanged < _EXCHANGE_EVERY_S:
            return
        clock.exchanged = at
        now = at - clock.ahead_s
        own = [
            (key, one) for key, one in self._watched.items() if key[0] == camera and one.person and at - one.last < 1e-9
        ]
        words = [self._others(key, self._persons[one.person or 0], now) for key, one in own]
        for first in range(len(own)):
            for second in range(first + 1, len(own)):
                pair, heard = (own[first], own[second]), (words[first], words[second])
                if self._crossed(pair, heard):
                    (key, one), (key_other, other) = pair
                    one.person, other.person = other.person, one.person
                    self._persons[one.person or 0].members[camera] = (key[1], now)
                    self._persons[other.person or 0].members[camera] = (key_other[1], now)
                    words[first], words[second] = heard[1], heard[0]

    def _crossed(
        self, pair: tuple[tuple[Key, Watched], tuple[Key, Watched]], heard: tuple[Sequence[tuple[Key, Watched]], ...]
    ) -> bool:
        (key, one), (_, other) = pair
        if not heard[0] or not heard[1] or not near(one.walk, other.walk):
            return False
        kept = self._distance(key[0], one, heard[0]) + self._distance(key[0], other, heard[1])
        changed = self._distance(key[0], one, heard[1]) + self._distance(key[0], other, heard[0])
        if not kept - changed > self.parameters.exchange:
            return False
        own = max(one.walk.gap_s(_STEADY_S), other.walk.gap_s(_STEADY_S))
        theirs = [max(walk.walk.gap_s(_STEADY_S) for _, walk in words) for words in heard]
        return len(heard[0]) > 1 or len(heard[1]) > 1 or own >= max(theirs)

    def _distance(self, camera: str, one: Watched, others: Sequence[tuple[Key, Watched]]) -> float:
        """Mean squared deviations over the last seconds between a track and those of other cameras."""
        recent = one.walk.moved(-self._clocks[camera].ahead_s, _STEADY_S)
        far = [
            apart(recent, other.walk.moved(-self._clocks[key[0]].ahead_s), np.zeros(1), self.parameters.floor_m**2)
            for key, other in others
        ]
        told = [float(mean[0]) for mean, seconds in far if seconds[0] >= _COMMON_S]
        return float(np.mean(np.minimum(told, _FAR))) if told else np.nan

    def _set_clock(self, at: float, camera: str, clock: Clock) -> None:
        """Now and then, compare the camera's ways with those of cameras whose clocks are known."""
        if clock.reference or not self.parameters.skew_s_max:
            clock.known = True
            return
        if at - clock.asked < (_CLOCK_KNOWN_EVERY_S if clock.known else _CLOCK_EVERY_S):
            return
        clock.asked = at
        own = [one.walk for key, one in self._watched.items() if key[0] == camera]
        reach = _DRIFT_S if clock.known else self.parameters.skew_s_max
        found = ahead(own, self._known_walks(camera), (clock.ahead_s, reach), self.parameters.floor_m**2)
        if found is not None:
            clock.ahead_s += (_STEADY if clock.known else 1.0) * (found - clock.ahead_s)
            clock.known = True

    def _known_walks(self, camera: str) -> list[Walk]:
        """The ways that other cameras of known clocks saw, in reference time."""
        return [
            one.walk.moved(-self._clocks[other].ahead_s)
            for (other, _), one in self._watched.items()
            if other != camera and self._clocks[other].known and len(one.walk) > 1
        ]

    def _decide(self, at: float, camera: str, clock: Clock) -> None:
        """New tracks that were watched long enough become somebody's, or somebody new."""
        ready = [
            (key, one)
            for key, one in self._watched.items()
            if key[0] == camera and one.person is None and one.last == at and at - one.first >= self.parameters.watch_s
        ]
        if not ready:
            return
        free = [
            one
            for one in self._persons.values()
            if not one.seen_by(camera, at - clock.ahead_s - self.parameters.active_s)
        ]
        far = np.array([[self._far(one, person, clock) for person in free] for _, one in ready]).reshape(len(ready), -1)
        rows, columns = best_pairs(self.parameters.gate - far, far < self.parameters.gate)
        chosen = dict(zip(rows.tolist(), columns.tolist(), strict=True))
        for row, (key, one) in enumerate(ready):
            if row in chosen and self._unclear(far, row, chosen[row]) and at - one.first < self.parameters.watch_s_max:
                continue
            self._join(key, one, free[chosen[row]] if row in chosen else self._begin(one, clock), clock)

    def _unclear(self, far: Floats, row: int, column: int) -> bool:
        others = np.delete(far[row], column)
        return bool(len(others)) and float(others.min()) - float(far[row, column]) < self.parameters.clear

    def _far(self, one: Watched, person: Person, clock: Clock) -> float:
        """Mean squared deviations between a camera's track and a person over the time it was watched."""
        of, rows = self.parameters, one.walk.table
        times = rows[:, 0] - clock.ahead_s
        places, spreads = person.walk.at(times), person.walk.spread_at(times)
        for row in np.flatnonzero(times > person.walk.last).tolist():
            place, spread = person.place(float(times[row]), of.acceleration)
            places[row], spreads[row] = place, (spread[0, 0], spread[0, 1], spread[1, 1])
        known = np.isfinite(places).all(axis=1)
        if not known.any():
            return np.inf
        late = 0.0 if clock.known else of.clock_sd_s
        floor = of.floor_m**2 + late**2 * float(person.state[2:] @ person.state[2:])
        far = squared(places - rows[:, 1:3], rows[:, 3:] + spreads, floor)[known]
        vague = np.sqrt(np.maximum(spreads[:, 0] * spreads[:, 2] - spreads[:, 1] ** 2, 0.0))[known]
        return float(far.mean() + np.log1p(vague.mean() / of.vague_m2))

    def _begin(self, one: Watched, clock: Clock) -> Person:
        rows = one.walk.table
        noise = one.covariance + np.eye(2) * self.parameters.floor_m**2
        person = Person.starting(self._next, float(rows[0, 0]) - clock.ahead_s, rows[0, 1:3], noise)
        self._next += 1
        for when, east, north in rows[1:, :3]:
            place = np.array([east, north])
            person.take(float(when) - clock.ahead_s, place, noise * 4, self.parameters.acceleration)
        self._persons[person.id] = person
        return person

    def _join(self, key: Key, one: Watched, person: Person, clock: Clock) -> None:
        one.person = person.id
        person.members[key[0]] = (key[1], one.last - clock.ahead_s)

    def _merge(self, now: float) -> None:
        """Two persons of different cameras who have walked one way for a while are one: the elder id stays."""
        persons = sorted(self._persons.values(), key=lambda one: one.id)
        for number, elder in enumerate(persons):
            for younger in persons[number + 1 :]:
                if younger.id in self._persons and elder.id in self._persons and self._same(elder, younger, now):
                    self._take_over(elder, younger)

    def _same(self, elder: Person, younger: Person, now: float) -> bool:
        of = self.parameters
        fresh = now - of.active_s
        cameras = {one for one in elder.members if elder.seen_by(one, fresh)}
        others = {one for one in younger.members if younger.seen_by(one, fresh)}
        if not cameras or not others or cameras & others:
            return False
        apart_m = float(np.linalg.norm(elder.state[:2] - younger.state[:2]))
        if apart_m > 3.0 * of.floor_m + 3.0 * float(np.sqrt(np.trace(elder.spread[:2, :2] + younger.spread[:2, :2]))):
            return False
        rows = younger.walk.table
        times = rows[rows[:, 0] >= now - 2 * of.part_s, 0]
        away = younger.walk.at(times) - elder.walk.at(times)
        known = np.isfinite(away).all(axis=1)
        if not known.any() or np.ptp(times[known]) < of.part_s:
            return False
        spread = elder.walk.spread_at(times) + younger.walk.spread_at(times)
        return float(squared(away, spread, of.floor_m**2)[known].mean()) < of.gate / 2

    def _take_over(self, elder: Person, younger: Person) -> None:
        for camera, member in younger.members.items():
            if camera not in elder.members or elder.members[camera][1] < member[1]:
                elder.members[camera] = member
        for watched in self._watched.values():
            if watched.person == younger.id:
                watched.person = elder.id
        del self._persons[younger.id]

    def _forget(self, now: float) -> None:
        old = [key for key, one in self._watched.items() if now - one.last + self._clocks[key[0]].ahead_s > KEPT_S]
        for key in old:
            del self._watched[key]
        self._persons = {
            number: one for number, one in self._persons.items() if now - one.last <= self.parameters.memory_s
        }

    def _drop_tracks(self, camera: str) -> None:
        for key in [key for key in self._watched if key[0] == camera]:
            del self._watched[key]
        for person in self._persons.values():
            person.members.pop(camera, None)

    def _told(self, person: Person, now: float) -> Joined:
        place, spread = person.place(max(now, person.at), self.parameters.acceleration)
        members = tuple(
            sorted(
                (camera, own) for camera, (own, at) in person.members.items() if now - at <= self.parameters.active_s
            )
        )
        return Joined(person.id, members, place, spread)
