"""Labelled photos through the whole chain: how much of people is filled, how much of the rest, which faces stay."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.pictures import Frame, Scene
from tocsin.contract.raster import Raster
from tocsin.inference.detected import Picture
from tocsin.inference.photos import Labelled, picture_of
from tocsin.inference.sessions import needed
from tocsin.model import ConfigError, Origin, Reading
from tocsin.perceivers.masking.filling import encoded, whole_px
from tocsin.perceivers.masking.running import RunningMasking
from tocsin.perceivers.people.looking import Looking
from tocsin.suites.masking.judging import Judge, counted, sides

Floats = NDArray[np.float64]

ON_FILL = 0.9
"""A face of which so much is filled is none that anybody could see."""

COVERED = 0.95
"""A person counts as covered from this share of the labelled box on."""


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """What masking did to one photo. Faces are boxes by judge; `filled` the filled share of each of those after."""

    name: str
    people: Floats
    covered: Floats
    elsewhere_px: int
    free_px: int
    ms: float
    before: Mapping[str, Floats]
    after: Mapping[str, Floats]
    filled: Mapping[str, Floats]

    @property
    def even(self) -> bool:
        """Whether the photo's number is even: by those everything was tuned."""
        digits = "".join(one for one in self.name if one.isdigit())
        return int(digits or "0") % 2 == 0


@dataclass(frozen=True, slots=True)
class Chain:
    """The perceivers one behind the other, and the judges."""

    people: Looking
    masking: RunningMasking
    judges: Mapping[str, Judge]

    def still(self, photo: Labelled, person: int, number: int) -> Still:
        """Mask one photo, and look at it with all judges before and after."""
        boxes = photo.boxes[photo.classes == person]
        picture = picture_of(photo)
        reading = scene_of(self.people, picture, photo.path.name, number)
        began = time.process_time()
        memory, scene = self.masking.remembered(None, reading)
        made = self.masking.masked(memory, reading, scene)
        ms = 1_000 * (time.process_time() - began)
        shown = needed("cv2").imdecode(np.frombuffer(encoded(made.picture, 80), np.uint8), 1)
        filled = made.mask.filled > 0
        covered, elsewhere_px, free_px = coverage(filled, boxes)
        after = {name: judge.faces(shown, boxes) for name, judge in self.judges.items()}
        return Still(
            name=photo.path.stem,
            people=boxes,
            covered=covered,
            elsewhere_px=elsewhere_px,
            free_px=free_px,
            ms=ms,
            before={name: judge.faces(picture, boxes) for name, judge in self.judges.items()},
            after=after,
            filled={name: coverage(filled, faces)[0] for name, faces in after.items()},
        )


def scene_of(people: Looking, picture: Picture, source: str, number: int) -> Reading[Scene]:
    """One picture by itself as a scene, all of it looked at."""
    frame = Frame(picture=Raster.of(picture), number=number)
    reading = Reading(at=float(number), origin=Origin.REPLAY, source=source, seq=number, body=frame)
    _, perceived = people.look(None, reading)
    scenes = [one for one in perceived.readings if isinstance(one.body, Scene)]
    if not scenes:
        raise ConfigError(f"{source} could not be looked at: {'; '.join(reason for _, reason in perceived.rejected)}")
    return scenes[0]


def coverage(filled: NDArray[np.bool_], boxes: Floats) -> tuple[Floats, int, int]:
    """The filled share of each box; filled pixels outside of all boxes, and how many lie outside of them."""
    inside = np.zeros(filled.shape, np.bool_)
    shares = []
    for left, top, right, bottom in whole_px(boxes.astype(np.float32), filled.shape).tolist():
        inside[top:bottom, left:right] = True
        part = filled[top:bottom, left:right]
        shares.append(float(part.mean()) if part.size else 1.0)
    return np.array(shares), int((filled & ~inside).sum()), int((~inside).sum())


def measured(stills: Sequence[Still]) -> dict[str, float]:
    """Coverage and cost over some photos."""
    covered = np.concatenate([np.zeros(0), *(one.covered for one in stills)])
    free, elsewhere = sum(one.free_px for one in stills), sum(one.elsewhere_px for one in stills)
    shares = [one.elsewhere_px / one.free_px for one in stills if one.free_px]
    return {
        "pictures": float(len(stills)),
        "persons": float(len(covered)),
        "persons_covered_95": float((covered >= COVERED).mean()) if len(covered) else 1.0,
        "covered_mean": float(covered.mean()) if len(covered) else 1.0,
        "masked_elsewhere": elsewhere / max(1, free),
        "masked_elsewhere_mean": float(np.mean(shares)) if shares else 0.0,
    }


def by_size(stills: Sequence[Still], sides: Sequence[float]) -> dict[str, dict[str, float]]:
    """Persons covered, by the square root of the area of their boxes."""
    covered = np.concatenate([np.zeros(0), *(one.covered for one in stills)])
    size = np.concatenate([np.zeros(0), *(_size(one.people) for one in stills)])
    return {
        name: {"persons": float(chosen.sum()), "covered_95": float((covered[chosen] >= COVERED).mean())}
        for name, chosen in binned(size, sides).items()
        if chosen.any()
    }


def binned(values: Floats, edges: Sequence[float]) -> dict[str, NDArray[np.bool_]]:
    """Which values lie between which edges, by name.

    >>> {name: chosen.tolist() for name, chosen in binned(np.array([5.0, 50.0]), (24.0,)).items()}
    {'below 24': [True, False], '24 and more': [False, True]}
    """
    found = {f"below {edges[0]:g}": values < edges[0]}
    for low, high in pairwise(edges):
        found[f"{low:g} to {high:g}"] = (values >= low) & (values < high)
    return {**found, f"{edges[-1]:g} and more": values >= edges[-1]}


def _size(boxes: Floats) -> Floats:
    return np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def worst(stills: Sequence[Still], count: int) -> list[dict[str, object]]:
    """The people covered least, with where they are."""
    rows = [(float(share), one.name, box) for one in stills for share, box in zip(one.covered, one.people, strict=True)]
    rows.sort(key=lambda row: row[0])
    return [
        {"picture": name, "covered": round(share, 3), "box": np.round(box).astype(int).tolist()}
        for share, name, box in rows[:count]
        if share < COVERED
    ]


def through(photos: Sequence[Labelled], chain: Chain, person: int, say: Callable[[str], None]) -> list[Still]:
    """All photos, one by one."""
    stills = []
    for number, photo in enumerate(photos, start=1):
        stills.append(chain.still(photo, person, number))
        if number % 32 == 0:
            say(f"{number} of {len(photos)} photos")
    return stills


@dataclass(frozen=True, slots=True)
class Judged:
    """What one judge saw: faces of `side_px` and more, and smaller, before and after; `on_fill` lie on fill alone.

    Such a face is the judge's own: there is one colour with a few lines where it sees it.
    """

    before: tuple[float, float]
    after: tuple[float, float]
    on_fill: float
    rows: Sequence[Mapping[str, object]]


def judged_by(name: str, stills: Sequence[Still], side_px: float) -> Judged:
    """The verdict of one judge over all photos; every face that it still sees, the largest first."""
    after = [
        (one, box, filled) for one in stills for box, filled in zip(one.after[name], one.filled[name], strict=True)
    ]
    found = sorted(((float(sides(box[None])[0]), float(filled), one.name) for one, box, filled in after), reverse=True)
    return Judged(
        before=counted([sides(one.before[name]) for one in stills], side_px),
        after=counted([sides(one.after[name]) for one in stills], side_px),
        on_fill=float(sum(side >= side_px and filled >= ON_FILL for side, filled, _ in found)),
        rows=[{"picture": one, "side_px": round(side, 1), "filled": round(part, 2)} for side, part, one in found],
    )
