"""What is seen of the usual view: hidden, blurred or moved; and the learning of it while all is well."""

from dataclasses import dataclass, field

import numpy as np

from tocsin.inference.sessions import needed
from tocsin.perceivers.tamper.moving import Moved, moved
from tocsin.perceivers.tamper.scenery import Judged, Scenery
from tocsin.perceivers.tamper.small import CELLS, Floats, View, view_of
from tocsin.perceivers.tamper.usual import Beyond, Rest

UNCLEAR_FOCUS, UNCLEAR_AGREEMENT = 0.95, 0.98
"""Below one of these the whole picture may have moved, and that is looked into."""

PARTS_MIN = 0.4
"""Least share of the picture that must have moved alike."""

HIDDEN_S = 2.0
"""How long a part of the view must be hidden to count: people pass."""

VIEW_MIN = 0.75
"""Least part of the picture by which a hidden part is measured: what shows something in few places is soon hidden."""

STEADY_S, STEADY_MIN = 2.0, 0.25
"""A view that agrees so much with that of two seconds ago stands still."""

STIR_SHARE = 0.997
"""All but so much of the picture may move without counting: a clock that is written into it."""

OTHER_AGREEMENT, OTHER_EDGES, OTHER_CONTRAST = 0.35, 0.4, 0.5
"""With less agreement and at least so many edges, or so much contrast, a view that stands still is another view."""

WELL_AGREEMENT, WELL_HIDDEN, WELL_FOCUS, WELL_SHIFT, WELL_TURN_DEG = 0.6, 0.08, 0.7, 0.015, 1.5
"""What is learned from: nothing that is less like the usual."""

YOUNG_AGREEMENT = 0.4
"""What a young reference is learned from."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One view against the usual one; `hidden` is the share of it that has been behind something smooth for a while."""

    view: View
    judged: Judged
    motion: Moved
    beyond: Beyond
    hidden: float
    steady: float
    stir: float
    edges: float

    @property
    def other(self) -> bool:
        """Whether this is another view that stands still."""
        shows = self.edges >= OTHER_EDGES or self.judged.contrast >= OTHER_CONTRAST
        return shows and self.steady >= STEADY_MIN and self.judged.agreement < OTHER_AGREEMENT

    def well(self, *, young: bool) -> bool:
        """Whether it may be learned from."""
        return (
            self.judged.agreement >= (YOUNG_AGREEMENT if young else WELL_AGREEMENT)
            and self.judged.focus >= WELL_FOCUS
            and self.hidden <= WELL_HIDDEN
            and self.beyond.shift <= WELL_SHIFT
            and self.beyond.turn_deg <= WELL_TURN_DEG
        )


@dataclass(slots=True)
class Sight:
    """The usual view of one camera, and for how long each part of it has been hidden."""

    scenery: Scenery
    rest: Rest = field(default_factory=Rest)
    hidden_s: Floats = field(default_factory=lambda: np.zeros(CELLS[::-1], np.float32))
    earlier: list[tuple[float, Floats, Floats]] = field(default_factory=list)

    def seen(self, at: float, now: View, every_s: float) -> Seen:
        """Judge one view; where the whole picture moved, as it would be had it not."""
        judged, motion, beyond = self.scenery.judged(now), Moved(), Beyond()
        steady = self._steady(at, now)
        unclear = judged.raw_focus < UNCLEAR_FOCUS or judged.agreement < UNCLEAR_AGREEMENT
        if unclear:
            motion = moved(now.middle, self.scenery.middle.mean)
        if motion.parts >= PARTS_MIN:
            now = aligned(now, motion)
            judged = self.scenery.judged(now)
        if motion.parts >= PARTS_MIN or not unclear:
            beyond = self.rest.beyond(motion, every_s)
        return Seen(now, judged, motion, beyond, self._hidden(judged, every_s), *steady, judged.edges)

    def learn(self, seen: Seen, part: float, rest_part: float) -> None:
        """Take a part of it into what is usual."""
        self.scenery.learn(seen.view, seen.judged, part)
        self.rest.learn(rest_part)

    def _hidden(self, judged: Judged, every_s: float) -> float:
        self.hidden_s = np.where(judged.smooth, self.hidden_s + np.float32(every_s), np.float32(0.0))
        shows = float(np.mean(judged.weights > 0))
        whole = float(judged.weights.sum()) * max(1.0, VIEW_MIN / shows) if shows > 0 else 0.0
        return float(judged.weights[self.hidden_s >= HIDDEN_S].sum()) / whole if whole > 0 else 0.0

    def _steady(self, at: float, now: View) -> tuple[float, float]:
        """How well the picture agrees with that of two seconds ago, and how much of it moved since (grey levels)."""
        self.earlier = [one for one in self.earlier if at - one[0] <= 2 * STEADY_S]
        old = [one for one in self.earlier if at - one[0] >= STEADY_S]
        self.earlier.append((at, now.outline, now.small))
        if not old:
            return 0.0, np.inf
        return alike(now.outline, old[-1][1]), float(np.quantile(np.abs(now.small - old[-1][2]), STIR_SHARE))


def alike(one: Floats, other: Floats) -> float:
    """How well two fields of edges agree (1: equal)."""
    strength = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / strength if strength > 0 else 0.0


def aligned(now: View, motion: Moved) -> View:
    """The view as it would be had the picture not moved."""
    cv2 = needed("cv2")
    height, width = now.grey.shape
    turn, size = np.radians(motion.turn_deg), motion.size
    turning = size * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array([width / 2, height / 2])
    there = middle - turning @ middle + width * np.array([motion.right, motion.down])
    matrix = np.column_stack((turning, there))
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return view_of(cv2.warpAffine(now.grey, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE))
