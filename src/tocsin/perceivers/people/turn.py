"""One frame of one camera: where the detector looks, and what follows from what it finds there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tocsin.contract.camera_views import CameraView
from tocsin.contract.pictures import Frame, Scene, Tracks
from tocsin.inference.detected import Detected, Picture
from tocsin.inference.suppression import without_cut_doubles
from tocsin.inference.tiling import Tile
from tocsin.model import Reading
from tocsin.perceivers.people.cells import covered, motions
from tocsin.perceivers.people.crews import PERSON, Crew, Seen, of_group
from tocsin.perceivers.people.glimpse import Glimpse
from tocsin.perceivers.people.memory import Watch
from tocsin.perceivers.people.parameters import Settings
from tocsin.perceivers.people.shaking import motion_of_camera
from tocsin.perceivers.people.sights import AGAIN, Sight
from tocsin.perceivers.people.telling import Known, scene, tracks
from tocsin.perceivers.people.windows import chosen, looked_at, sweep
from tocsin.perceivers.people.wishes import Pace, of_motions, of_tracks, overdue, together
from tocsin.physics.tracking import Tracked

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CUT_SHARE = 0.7
"""A box cut off at a window's edge yields to a whole one that holds this share of it."""

WHOLE = 0.6
"""So does one of a lower score: mostly it is the upper half of whoever the surer box is about."""

SAME = 0.6
"""Boxes of one class that overlap more are one thing, seen in two windows."""

COARSE, FINE = 2.05, 1.25
"""A window that is shrunk more than so many times shows big things only; one that is shrunk less, small ones too."""

UNDER = 0.15
"""Motion so near to a track (a share of its box around it) is its own: shadow, swinging arm."""

STIRRED = 0.02
"""A track in whose box less has changed since the detector saw it stands still."""

EXTRA_S = 1.0
"""So long the boxes of persons that make no track are held where nobody looked since, for masking."""

HELD_S = 1.0
"""So long a track is told that neither the detector nor its looks found."""

FILLED = 0.12
"""Least share of a track's box in which something stands out from the usual, or nobody is there any more."""

GONE = 0.3
"""A track of whose box less is in the picture has left it."""

PERSON_SHARE = 0.14
"""Height of a person, in picture heights, where none was seen yet."""


@dataclass(slots=True)
class Turn:
    """One frame on its way: `plan` says where to look, `take` what was seen."""

    of: Settings
    watch: Watch
    reading: Reading[Frame]
    picture: Picture
    glimpse: Glimpse
    side_px: int
    tiles: list[Tile] = field(default_factory=list)
    motions: Floats = field(default_factory=lambda: np.zeros((0, 4)))
    complete: bool = False
    examined: list[Bools] = field(default_factory=list)
    step_s: float = 0.0
    seen: Seen = field(init=False)

    def plan(self, pace: Pace) -> None:
        """Find the tracks again, notice motion, and choose the windows."""
        watch, at = self.watch, self.reading.at
        self.step_s = max(0.0, at - watch.at)
        before = np.concatenate([crew.located for crew in watch.crews])
        self.seen = Seen(at, self.glimpse, motion_of_camera(watch.glimpse, self.glimpse, before))
        if self.seen.motion is not None:
            watch.backdrop.forget(self.glimpse.grey, at)
        watch.glimpse = self.glimpse
        for crew in watch.crews:
            crew.locate(self.seen)
        sights = [crew.sights[own] for crew in watch.crews for own in crew.owns]
        boxes = np.concatenate([crew.located for crew in watch.crews])
        self._notice(boxes, sights)
        for crew in watch.crews:
            crew.hold(at)
        swept = sweep(watch.size, self.side_px, self.of.tile_overlap)
        if self.of.always:
            self.tiles = swept
        else:
            self._choose(boxes, sights, swept, pace)
        self.examined = [self._examined(crew.located) for crew in watch.crews]
        everything = np.concatenate([boxes, self.motions])
        self.complete = bool(self.tiles) and bool(self._examined(everything).all())

    def crops(self) -> Iterator[Picture]:
        """The pictures that the detector shall look at."""
        return (tile.of(self.picture) for tile in self.tiles)

    def take(self, found: Sequence[Detected], names: tuple[str, ...], view: CameraView) -> tuple[Scene, Tracks]:
        """Follow what was found, and tell it."""
        watch, at, frame = self.watch, self.reading.at, self.reading.body
        joined, cut = self._joined(found, names)
        sure = joined.where((joined.scores >= self.of.score_min) & ~cut)
        known = tuple(
            self._known(crew, crew.take(self.seen, of_group(sure, self.of.labels, crew.group), examined))
            for crew, examined in zip(watch.crews, self.examined, strict=True)
        )
        self._looked(joined.boxes[joined.scores >= self.of.score_sure].astype(np.float64))
        self._hold_extra(joined.where((joined.scores < self.of.score_min) | cut).only(PERSON).boxes)
        told, watch.told = tracks(frame, known, view, told=watch.told, every_s=self.step_s)
        watch.at = at
        made = scene(
            frame,
            known,
            extra_px=watch.extra,
            detected=self.complete,
            moving=watch.backdrop.moving,
            motion=self.seen.motion,
        )
        return made, told

    def _notice(self, boxes: Floats, sights: Sequence[Sight]) -> None:
        """What moves, and what of it no track explains, where it is or where it just was."""
        watch, glimpse = self.watch, self.glimpse
        shape = glimpse.grey.shape
        sure = np.array([one.match >= AGAIN for one in sights], np.bool_)
        under = covered(boxes[sure], (shape[0], shape[1]), glimpse.of, UNDER)
        watch.backdrop.take(glimpse.grey, self.reading.at, under)
        for box, sight in zip(boxes, sights, strict=True):
            sight.stirred = sight.stirred or self._share(watch.backdrop.changed, box) > STIRRED
            sight.filled = self._share(watch.backdrop.moving, box) >= FILLED
            if sight.stirred and not sight.filled:
                sight.match = 0.0  # what was there has gone: the ground looks like itself
        left = watch.under if watch.under.shape == under.shape else under
        self.motions = motions(watch.backdrop.moving & ~under & ~left, glimpse.of)
        watch.under = under

    def _choose(self, boxes: Floats, sights: Sequence[Sight], swept: Sequence[Tile], pace: Pace) -> None:
        """One window for what was not looked at for long, the others for what is most urgent."""
        watch, at = self.watch, self.reading.at
        persons = [one.size[1] for one in sights if one.confirmed]
        person_px = float(np.median(persons)) if persons else PERSON_SHARE * watch.size[0]
        tall = bool((self.motions[:, 3] - self.motions[:, 1] > self.side_px).any())
        late = overdue(at, swept, watch.cells, pace, tall=tall)
        places = together(
            of_tracks(at, boxes, sights, watch.cells, pace=pace, person_px=person_px),
            of_motions(at, self.motions, watch.cells, pace=pace, person_px=person_px),
        )
        busy = bool((places.urgency >= 1.0).any())
        most = self.of.runs_per_frame_max if np.isfinite(watch.cells.whole_at) else len(swept)
        first = late[: 1 if busy else most]
        self.tiles = [*first, *chosen(places, watch.size, self.side_px, most - len(first))]

    def _examined(self, boxes: Floats) -> Bools:
        return looked_at(self.tiles, boxes, self.side_px)

    def _looked(self, found: Floats) -> None:
        """Remember where and how closely was looked, and what came of it."""
        cells, at = self.watch.cells, self.reading.at
        for tile in self.tiles:
            shrunk = max(tile.width, tile.height) / self.side_px
            if (tile.height, tile.width) == self.watch.size:
                cells.whole_at = at
            if shrunk <= COARSE:
                cells.look(tile, at, found, self.motions, fine=shrunk <= FINE)

    def _joined(self, found: Sequence[Detected], names: tuple[str, ...]) -> tuple[Detected, Bools]:
        """What all windows show, in the frame's pixels, and which boxes are cut off at a window's edge."""
        moved = [one.moved(tile.left, tile.top) for one, tile in zip(found, self.tiles, strict=True)]
        cuts = [tile.cuts(one.boxes) for one, tile in zip(found, self.tiles, strict=True)]
        every = Detected.of(moved, names)
        cut = np.concatenate([*cuts, np.zeros(0, np.bool_)])
        wanted = np.isin(every.classes, [n for n, name in enumerate(names) if name in self.of.labels])
        every, cut = every.where(wanted), cut[wanted]
        kept = without_cut_doubles(every, cut | (every.scores < WHOLE), CUT_SHARE, SAME)
        return kept, _cut_again(kept.boxes, every.boxes[cut])

    def _known(self, crew: Crew, tracked: Tracked) -> Known:
        """The tracks of a crew as they are told: those that left, or were no more than a flicker, are not."""
        at, sights = self.reading.at, [crew.sights[own] for own in tracked.ids.tolist()]
        boxes = np.array([_shown(box, one, at) for box, one in zip(tracked.boxes, sights, strict=True)]).reshape(-1, 4)
        inside = np.clip(boxes, 0.0, np.array([self.watch.size[1], self.watch.size[0]] * 2, np.float64))
        share = _areas(inside) / np.maximum(_areas(boxes), 1e-9)
        there = (share >= GONE) & np.array([one.confirmed or not one.misses for one in sights], np.bool_)
        told = np.array(
            [
                one.confirmed and (one.verified == at or (not one.given_up and self._lasts(box, one)))
                for box, one in zip(boxes, sights, strict=True)
            ],
            np.bool_,
        )
        rows = np.flatnonzero(there)
        chosen_sights = [sights[row] for row in rows.tolist()]
        return Known(
            ids=tuple(crew.id(own) for own in tracked.ids[rows].tolist()),
            sights=tuple(chosen_sights),
            boxes=boxes[rows],
            velocities_px_s=tracked.velocities_px_s[rows],
            since=tracked.since[rows],
            seen=np.array([one.seen == at for one in chosen_sights], np.bool_),
            told=told[rows],
        )

    def _lasts(self, box: Floats, sight: Sight) -> bool:
        """Whether a track that the detector did not see now is told: not long, and only where something is."""
        if self.reading.at - sight.seen > HELD_S:
            return False
        return not sight.stirred or self._share(self.watch.backdrop.moving, box) >= FILLED

    def _share(self, mask: Bools, box: Floats) -> float:
        """The share of a box in which a small picture is set."""
        of = self.glimpse.of
        x1, y1 = max(0, int(box[0] / of)), max(0, int(box[1] / of))
        part = mask[y1 : max(y1 + 1, int(np.ceil(box[3] / of))), x1 : max(x1 + 1, int(np.ceil(box[2] / of)))]
        return float(part.mean()) if part.size else 0.0

    def _hold_extra(self, boxes: NDArray[np.float32]) -> None:
        """Boxes for masking alone: those of now, and earlier ones where nobody looked since."""
        watch, at = self.watch, self.reading.at
        held = ~self._examined(watch.extra) & (at - watch.extra_at <= EXTRA_S)
        watch.extra = np.concatenate([watch.extra[held], boxes.astype(np.float64)])
        watch.extra_at = np.concatenate([watch.extra_at[held], np.full(len(boxes), at)])


def _shown(box: Floats, sight: Sight, at: float) -> Floats:
    """A box that was only predicted keeps the size that it was last seen with."""
    if sight.seen == at:
        return box
    middle, half = (box[:2] + box[2:]) / 2, np.array(sight.size) / 2
    return np.concatenate([middle - half, middle + half])


def _areas(boxes: Floats) -> Floats:
    return np.asarray(np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None).prod(axis=1))


def _cut_again(boxes: NDArray[np.float32], cut: NDArray[np.float32]) -> Bools:
    """Which of the boxes are among the cut ones."""
    return np.array([bool((one == cut).all(axis=1).any()) for one in boxes], np.bool_).reshape(-1)
