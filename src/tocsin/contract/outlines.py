"""Areas and lines of a picture as detectors measure them: in picture heights, so that a step is as long either way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from typing import Generic, TypeVar

from tocsin.city.cameras import Area, Hours, Line
from tocsin.contract.camera_views import CameraView, within
from tocsin.contract.pictures import Point

HOLD_SHARE = 0.5
"""No margin reaches deeper into an area than this share of its thickness: a narrow strip can be entered too."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed ring."""

    corners: tuple[Point, ...]
    thickness: float

    @classmethod
    def of(cls, ring: Sequence[Point], aspect: float) -> "Outline":
        """The ring of an area (shares of width and height) in a picture of that aspect."""
        corners = tuple((x * aspect, y) for x, y in ring)
        closed = pairwise((*corners, corners[0]))
        area = around = 0.0
        for (x1, y1), (x2, y2) in closed:
            area += (x1 * y2 - x2 * y1) / 2
            around += hypot(x2 - x1, y2 - y1)
        return cls(corners, 2 * abs(area) / around if around else 0.0)

    def depth(self, x: float, y: float) -> float:
        """How far inside a point is; negative outside.

        >>> square = Outline.of(((0, 0), (1, 0), (1, 1), (0, 1)), 1.0)
        >>> square.depth(0.5, 0.9), square.depth(0.5, 1.25)
        (0.09999999999999998, -0.25)
        """
        nearest = min(_from_edge(x, y, a, b) for a, b in pairwise((*self.corners, self.corners[0])))
        return nearest if within((x, y), self.corners) else -nearest

    def margin(self, wished: float) -> float:
        """The margin that a point must pass, as far as this area is wide enough for it."""
        return min(wished, HOLD_SHARE * self.thickness)


def _from_edge(x: float, y: float, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    along = ((x - a[0]) * dx + (y - a[1]) * dy) / length2 if length2 else 0.0
    along = min(1.0, max(0.0, along))
    return hypot(x - a[0] - along * dx, y - a[1] - along * dy)


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line from a to b, and on which side of it a point is."""

    a: Point
    b: Point

    @classmethod
    def of(cls, line: Line, aspect: float) -> "Stroke":
        """A line of a camera's set-up."""
        return cls((line.a[0] * aspect, line.a[1]), (line.b[0] * aspect, line.b[1]))

    def left(self, x: float, y: float) -> float:
        """How far a point is to the left of who walks from a to b; negative to the right.

        >>> Stroke((0.0, 0.5), (1.0, 0.5)).left(0.5, 0.25)
        0.25
        """
        dx, dy = self.b[0] - self.a[0], self.b[1] - self.a[1]
        return ((x - self.a[0]) * dy - (y - self.a[1]) * dx) / (hypot(dx, dy) or 1.0)

    def passed(self, was: Point, now: Point) -> int:
        """Whether a step went through the line: 1 from left to right (forward), -1 backward, 0 not at all.

        >>> Stroke((0.0, 0.5), (1.0, 0.5)).passed((0.5, 0.4), (0.5, 0.6))
        1
        """
        before, after = self.left(*was), self.left(*now)
        if (before > 0) == (after > 0):
            return 0
        (from_, left), (to, right) = sorted(((was, before), (now, after)))  # the way back meets the very same point
        share = left / (left - right)
        x, y = from_[0] + share * (to[0] - from_[0]), from_[1] + share * (to[1] - from_[1])
        dx, dy = self.b[0] - self.a[0], self.b[1] - self.a[1]
        along = (x - self.a[0]) * dx + (y - self.a[1]) * dy
        return (1 if before > 0 else -1) if 0 <= along <= dx * dx + dy * dy else 0


T = TypeVar("T")


@dataclass(frozen=True)
class Drawn(Generic[T]):
    """What one kind of detector watches in each camera's picture, measured once per camera."""

    draw: Callable[[CameraView, float], tuple[T, ...]]
    _known: dict[str, tuple[T, ...]]

    def of(self, view: CameraView) -> tuple[T, ...]:
        """What is drawn for this camera."""
        known = self._known.get(view.source)
        if known is None:
            width, height = view.camera.picture
            known = self._known[view.source] = self.draw(view, width / height)
        return known


def areas_drawn(kind: str, wanted: Callable[[Area], bool]) -> Drawn[tuple[Area, Outline]]:
    """The areas of a kind that are wanted, each with its outline."""

    def draw(view: CameraView, aspect: float) -> tuple[tuple[Area, Outline], ...]:
        return tuple((area, Outline.of(area.ring, aspect)) for area in view.areas(kind) if wanted(area))

    return Drawn(draw, {})


def lines_drawn() -> Drawn[tuple[Line, Stroke]]:
    """The lines that may not be crossed both ways."""

    def draw(view: CameraView, aspect: float) -> tuple[tuple[Line, Stroke], ...]:
        return tuple((line, Stroke.of(line, aspect)) for line in view.lines if line.allowed != "both")

    return Drawn(draw, {})


def called(of: Area | Line) -> str:
    """What people call an area or a line."""
    return of.name or of.id


def spoken(hours: Hours) -> str:
    """Hours in words; empty for the whole day.

    >>> spoken(Hours(since=22, until=6.5)), spoken(Hours())
    (' between 22:00 and 06:30', '')
    """
    if hours == Hours():
        return ""
    return f" between {_clock(hours.since)} and {_clock(hours.until)}"


def _clock(hour: float) -> str:
    minutes = round(hour * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
