"""What is set up for one camera: how its picture lies on the ground, its areas and lines, what may run on it."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tocsin.model import ConfigError

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
"""A coordinate in the picture: 0 is left or top, 1 is right or bottom, whatever the resolution."""

Spot = tuple[Share, Share]
Ring = Annotated[tuple[Spot, ...], Meta(min_length=3, max_length=64)]

Standard = Literal["EN/IEC 62676-4:2025", "EN 62676-4:2015"]

PIXELS_PER_M: dict[Standard, dict[str, float]] = {
    "EN/IEC 62676-4:2025": {
        "overview": 20,
        "outline": 40,
        "discern": 80,
        "perceive": 125,
        "characterise": 250,
        "validate": 500,
        "scrutinise": 1500,
    },
    "EN 62676-4:2015": {"detect": 25, "observe": 62.5, "recognise": 125, "identify": 250},
}
"""Fewest pixels per metre of each operational task, by the standard that names it."""


class Pair(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One point seen in the picture and found on the map: shares of width and height, degrees (WGS 84)."""

    x: Share
    y: Share
    lon: Annotated[float, Meta(ge=-180, le=180)]
    lat: Annotated[float, Meta(ge=-90, le=90)]


class Pose(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the camera hangs, where nobody placed points: height above ground, tilt below the horizon, field of view."""

    height_m: Annotated[float, Meta(gt=0, le=300)]
    tilt_deg: Annotated[float, Meta(gt=0, le=90)]
    field_deg: Annotated[float, Meta(gt=1, lt=179)]
    bearing_deg: float = 0.0
    height_sd_m: Annotated[float, Meta(ge=0)] = 0.3


class Hours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Local hours of the day in which something holds, `since` inclusive, `until` exclusive; may span midnight."""

    since: Annotated[float, Meta(ge=0, le=24)] = 0.0
    until: Annotated[float, Meta(ge=0, le=24)] = 24.0

    def hold(self, hour: float) -> bool:
        """Whether they hold at that local hour.

        >>> Hours(since=22, until=6).hold(23.5), Hours(since=22, until=6).hold(12)
        (True, False)
        """
        if self.since <= self.until:
            return self.since <= hour < self.until
        return hour >= self.since or hour < self.until


class Area(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An area of the picture and what is watched in it: `kinds` of analytics (all that are on, where empty).

    `forbidden` are classes that may not be here (person, car, …). `loiter_s` is how long somebody may
    stay before it is loitering, `toward_deg` the one direction in which people may walk (bearing on the
    map where the camera is calibrated, else clockwise from up in the picture), `level_max_m2` and the
    rest belong to the detectors that read them.
    """

    id: str
    ring: Ring
    name: str = ""
    kinds: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    hours: Hours = Hours()
    loiter_s: float | None = None
    toward_deg: float | None = None


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line across the picture from `a` to `b`; crossing from its left to its right (walking a to b) is forward.

    `allowed` says which direction is: a crossing in the other raises a finding; `both` only counts.
    `counts_into` names a place that can be counted out (a hall, a stand): forward over this line leads into it,
    over all lines of that name together no more than `permitted` people may be in it.
    """

    id: str
    a: Spot
    b: Spot
    name: str = ""
    allowed: Literal["both", "forward", "backward", "none"] = "both"
    hours: Hours = Hours()
    labels: tuple[str, ...] = ("person",)
    counts_into: str = ""
    permitted: Annotated[int, Meta(ge=1)] | None = None


class Camera(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The set-up of one camera, part of its entry in the city's register.

    `processing` names the record under which it may run (a place's purpose, legal basis, controller,
    retention and notice): without one it does not start. `analytics` are the kinds switched on here;
    `private` rings are filled solid in every picture. `picture` is the size the points were set in.
    """

    processing: str = ""
    picture: tuple[int, int] = (1280, 720)
    pairs: tuple[Pair, ...] = ()
    pose: Pose | None = None
    standard: Standard = "EN/IEC 62676-4:2025"
    private: tuple[Ring, ...] = ()
    areas: tuple[Area, ...] = ()
    lines: tuple[Line, ...] = ()
    analytics: tuple[str, ...] = ()
    risk: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.5
    vehicles_expected: bool = True
    people_expected: bool = True

    @property
    def calibrated(self) -> bool:
        """Whether points of the picture can be placed on the ground."""
        return self.pose is not None or len(self.pairs) >= 4

    def tasks(self, pixels_per_m: float) -> tuple[str, ...]:
        """The operational tasks for which so many pixels per metre are enough, the easiest first.

        >>> Camera().tasks(90.0)
        ('overview', 'outline', 'discern')
        """
        return tuple(name for name, least in PIXELS_PER_M[self.standard].items() if pixels_per_m >= least)


def check_camera(camera: Camera, name: str) -> None:
    """Raise ConfigError for a set-up that is well-formed and cannot work: doubled ids, a line without length."""
    ids = [*(area.id for area in camera.areas), *(line.id for line in camera.lines)]
    doubled = sorted({one for one in ids if ids.count(one) > 1})
    if doubled:
        raise ConfigError(f"{name}: two areas or lines are called {doubled[0]!r}: rename one.")
    if short := [line.id for line in camera.lines if line.a == line.b]:
        raise ConfigError(f"{name}: line {short[0]!r} begins where it ends: move one of its points.")
    if 0 < len(camera.pairs) < 4:
        raise ConfigError(f"{name}: {len(camera.pairs)} points do not place a picture on the ground: give 4 or more.")
