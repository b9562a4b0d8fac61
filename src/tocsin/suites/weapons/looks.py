"""What the slot would see in recorded scenes: the best true and the best false score of each look, and of k of n."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tocsin.inference.detected import Picture
from tocsin.inference.detector import Detector
from tocsin.perceivers.weapons.hands import Person
from tocsin.perceivers.weapons.seeing import Hit, looked
from tocsin.suites.weapons.scenes import Boxes, Recorded, Seen, seen_in, seen_on

WINDOW_S = 60.0
"""False alarms closer together than this are one."""

SAME = 0.3
"""Boxes that share so much from look to look are one person."""


@dataclass(frozen=True, slots=True)
class Look:
    """A picture, or a clip: whether there is a weapon, the best score on one, the best false ones, how long it was."""

    weapon: bool
    true_score: float
    false_scores: tuple[float, ...]
    hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What counts: classes that are weapons, the model's words for them, who is looked at, what is confirmed."""

    weapons: frozenset[int]
    labels: tuple[str, ...]
    people_score_min: float
    persons_max: int
    score_min: float
    looks_per_s: float
    confirm: tuple[int, int]
    overlap_min: float


@dataclass(frozen=True, slots=True)
class Eyes:
    """The model, and the one that finds people (None: everything is looked at)."""

    model: Detector
    people: Detector | None
    rules: Rules

    def hits(self, picture: Picture, people: Sequence[Person]) -> list[Hit]:
        """What the model calls a weapon, with these people, or anywhere."""
        if self.people is not None:
            seen = looked(self.model, self.rules.labels, picture, people, self.rules.score_min)
            return [hit for hit in seen.values() if hit is not None]
        found = self.model.detect([picture], score_min=self.rules.score_min)[0]
        found = found.only(*(self.rules.labels or self.model.names))
        return [
            Hit(found.names[int(number)], float(score), tuple(map(float, box)))  # type: ignore[arg-type]  # of four
            for box, score, number in zip(found.boxes, found.scores, found.classes, strict=True)
        ]

    def persons(self, picture: Picture) -> list[Person]:
        """The tallest people, numbered by their place in the picture."""
        if self.people is None:
            return []
        found = self.people.detect([picture], score_min=self.rules.people_score_min)[0].only("person")
        boxes = sorted(found.boxes.tolist(), key=lambda box: box[1] - box[3])[: self.rules.persons_max]
        return [Person(number, (box[0], box[1], box[2], box[3])) for number, box in enumerate(boxes)]


def looks_of(scene: Recorded, eyes: Eyes) -> list[Look]:
    """All looks at a scene: one per photo, one per clip."""
    photos = [_photo(seen_on(photo), eyes) for photo in scene.photos]
    return [*photos, *(_clip(clip, eyes) for clip in scene.clips)]


def _photo(seen: Seen, eyes: Eyes) -> Look:
    """A photo counts as if it lasted for one look."""
    truth = _truth(seen, eyes.rules)
    hits = eyes.hits(seen.picture, eyes.persons(seen.picture))
    true, false = _apart(hits, truth, eyes.rules.overlap_min)
    hours = 1.0 / eyes.rules.looks_per_s / 3600.0
    return Look(len(truth) > 0, max(true, default=0.0), (max(false, default=0.0),), hours)


@dataclass(slots=True)
class _Track:
    """One person from look to look: the box, and the last scores on a weapon and beside one."""

    person: Person
    true: deque[float]
    false: deque[float]


@dataclass(slots=True)
class _Followed:
    """The people of one clip, by overlap from look to look."""

    of: int
    tracks: list[_Track] = field(default_factory=list)

    def met(self, persons: Sequence[Person]) -> list[_Track]:
        """The track of each, known or new; who is not seen is forgotten."""
        left, met = list(self.tracks), []
        for person in persons:
            known = next((one for one in left if _overlap(one.person.box_px, person.box_px) >= SAME), None)
            if known is None:
                known = _Track(person, deque(maxlen=self.of), deque(maxlen=self.of))
            else:
                left.remove(known)
            known.person = person
            met.append(known)
        self.tracks = met
        return met


def _clip(clip: Path, eyes: Eyes) -> Look:
    """A clip counts as a whole: found where a weapon is confirmed in it; false alarms a minute apart."""
    weapon, best, at = False, 0.0, 0.0
    false: dict[int, float] = defaultdict(float)
    for at, on_weapon, beside, there in _confirmed(clip, eyes):
        weapon, best = weapon or there, max(best, on_weapon)
        false[int(at / WINDOW_S)] = max(false[int(at / WINDOW_S)], beside)
    return Look(weapon, best, tuple(false.values()), (at + 1.0 / eyes.rules.looks_per_s) / 3600.0)


def _confirmed(clip: Path, eyes: Eyes) -> Iterator[tuple[float, float, float, bool]]:
    """Per look: when, the least score of the best k of n on a weapon and beside one, and whether there is one."""
    least, of = eyes.rules.confirm
    followed = _Followed(of)
    for at, seen in seen_in(clip, eyes.rules.looks_per_s):
        truth = _truth(seen, eyes.rules)
        persons = eyes.persons(seen.picture) or ([] if eyes.people else [Person(0, (0.0, 0.0, 1.0, 1.0))])
        for track in followed.met(persons):
            true, false = _apart(eyes.hits(seen.picture, [track.person]), truth, eyes.rules.overlap_min)
            track.true.append(max(true, default=0.0))
            track.false.append(max(false, default=0.0))
        on_weapon = max((_kth(one.true, least) for one in followed.tracks), default=0.0)
        yield at, on_weapon, max((_kth(one.false, least) for one in followed.tracks), default=0.0), len(truth) > 0


def _kth(scores: Sequence[float], least: int) -> float:
    """The score that this many of the last looks reach."""
    return sorted(scores, reverse=True)[least - 1] if len(scores) >= least else 0.0


def _truth(seen: Seen, rules: Rules) -> Boxes:
    found: Boxes = seen.boxes[np.isin(seen.classes, list(rules.weapons))]
    return found


def _apart(hits: Sequence[Hit], truth: Boxes, overlap_min: float) -> tuple[list[float], list[float]]:
    """The scores of what lies on a labelled weapon, and of what does not."""
    on = [any(_overlap(hit.box_px, box) >= overlap_min for box in truth) for hit in hits]
    pairs = list(zip(hits, on, strict=True))
    return [hit.score for hit, true in pairs if true], [hit.score for hit, true in pairs if not true]


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return float(wide * high / (sum(areas) - wide * high))
